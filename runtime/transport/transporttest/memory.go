package transporttest

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/wire"
)

// channel is the memory of one channel as ep sees it.
func channel(t testing.TB, ep transport.Endpoint, dst, src int) []byte {
	b, err := ep.Channel(dst, src)
	if err != nil {
		t.Fatalf("rank %d: channel from %d to %d: %v", ep.Rank(), src, dst, err)
	}
	return b
}

// channels checks that both ends of each channel see the same memory, zeroed,
// aligned, as long as its shape says and apart from every other channel.
func (s suite) channels(t *testing.T) {
	s.each(t, func(t *testing.T, eps []transport.Endpoint) {
		n := len(eps)
		want := eps[0].Shape().Bytes()
		mark := func(dst, src int) byte { return byte(1 + dst*n + src) }
		for dst := range n {
			for src := range n {
				for _, ep := range []transport.Endpoint{eps[dst], eps[src]} {
					b := channel(t, ep, dst, src)
					if len(b) < want {
						t.Fatalf("channel from %d to %d has %d bytes, want %d", src, dst, len(b), want)
					}
					if a := uintptr(unsafe.Pointer(unsafe.SliceData(b))); a%64 != 0 {
						t.Fatalf("channel from %d to %d lies at %#x: not aligned to 64", src, dst, a)
					}
					if !bytes.Equal(b[:want], make([]byte, want)) {
						t.Fatalf("channel from %d to %d is not zeroed", src, dst)
					}
				}
			}
		}
		for dst := range n {
			for src := range n {
				b := channel(t, eps[src], dst, src)[:want]
				for i := range b {
					b[i] = mark(dst, src)
				}
			}
		}
		for dst := range n {
			for src := range n {
				b := channel(t, eps[dst], dst, src)[:want]
				if !bytes.Equal(b, bytes.Repeat([]byte{mark(dst, src)}, want)) {
					t.Fatalf("rank %d does not see, or not alone, what rank %d wrote into their channel", dst, src)
				}
			}
		}
	})
}

// rings sends random records through the channels of every pair, both ways at
// once, each end through its own endpoint.
func (s suite) rings(t *testing.T) {
	const records = 400
	s.each(t, func(t *testing.T, eps []transport.Endpoint) {
		var wg sync.WaitGroup
		for dst := range eps {
			for src := range eps {
				if dst == src {
					continue
				}
				shape := eps[0].Shape()
				tx, err := ring.NewTx(channel(t, eps[src], dst, src), shape)
				if err != nil {
					t.Fatal(err)
				}
				rx, err := ring.NewRx(channel(t, eps[dst], dst, src), shape)
				if err != nil {
					t.Fatal(err)
				}
				seed := uint64(dst*len(eps) + src)
				wg.Go(func() { produce(t, eps[src], tx, seed, records) })
				wg.Go(func() { consume(t, eps[dst], rx, seed, records) })
			}
		}
		wg.Wait()
	})
}

// record is the i-th one of a stream: its length, its content and whether it goes through the bulk ring.
func record(rng *rand.Rand, shape ring.Shape, i int) (body []byte, bulk bool) {
	limit := shape.MaxInline()
	if bulk = rng.IntN(4) == 0; bulk {
		limit = shape.MaxBulk()
	}
	n := rng.IntN(200)
	if rng.IntN(4) == 0 {
		n = rng.IntN(limit)
	}
	body = make([]byte, n+1)
	for j := range body {
		body[j] = byte(i*7 + j*3)
	}
	return body, bulk
}

// pause lets others run: ranks of other processes, and those of this one.
func pause(ep transport.Endpoint) {
	ep.Yield()
	runtime.Gosched()
}

func produce(t *testing.T, ep transport.Endpoint, tx *ring.Tx, seed uint64, records int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	late := time.Now().Add(patience)
	for i := range records {
		body, bulk := record(rng, tx.Shape, i)
		for {
			var p unsafe.Pointer
			if bulk {
				p = tx.BulkRoom(len(body))
			} else {
				p = tx.Inline(len(body))
			}
			if p != nil {
				copy(unsafe.Slice((*byte)(p), len(body)), body)
				break
			}
			if tx.Err() != nil || time.Now().After(late) {
				t.Errorf("rank %d: no room for record %d: %v", ep.Rank(), i, tx.Err())
				return
			}
			pause(ep)
		}
		if w1 := wire.Word1(uint32(i), int32(i)); bulk {
			tx.CommitBulk(wire.Data, len(body), w1, uint64(i), ^uint64(i))
		} else {
			tx.Commit(wire.Eager, len(body), w1)
		}
	}
}

func consume(t *testing.T, ep transport.Endpoint, rx *ring.Rx, seed uint64, records int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	late := time.Now().Add(patience)
	var rec ring.Record
	for i := range records {
		body, bulk := record(rng, rx.Shape, i)
		for !rx.Next(&rec) {
			if rx.Err() != nil || time.Now().After(late) {
				t.Errorf("rank %d: record %d has not come: %v", ep.Rank(), i, rx.Err())
				return
			}
			rx.Publish()
			pause(ep)
		}
		if rec.Ctx != uint32(i) || rec.Tag != int32(i) || (rec.Kind == wire.Data) != bulk || !bytes.Equal(rec.Bytes(), body) {
			t.Errorf("rank %d: record %d is %v of %d bytes, ctx %d, tag %d; want %d bytes, bulk %v (or its content is wrong)",
				ep.Rank(), i, rec.Kind, rec.Len, rec.Ctx, rec.Tag, len(body), bulk)
			return
		}
		rx.Advance(&rec)
	}
	rx.Publish()
}

// words checks that every word of the job is one memory for all ranks and that no two of them overlap.
func (s suite) words(t *testing.T) {
	s.each(t, func(t *testing.T, eps []transport.Endpoint) {
		n := len(eps)
		visit := func(by func(rank int) transport.Endpoint, f func(name string, rank int, load func() uint64, store func(uint64))) {
			for r := range n {
				j := by(r).Job()
				u32 := func(name string, p *uint32) {
					f(name, r, func() uint64 { return uint64(atomic.LoadUint32(p)) }, func(v uint64) { atomic.StoreUint32(p, uint32(v)) })
				}
				u64 := func(name string, p *atomic.Uint64) { f(name, r, p.Load, p.Store) }
				u32("park", j.Park(r))
				u64("waits", j.Waits(r))
				u64("progress", j.Progress(r))
				for w := range j.DoorWords() {
					u64("door", j.Door(r, w))
				}
				for _, i := range []int{0, 1, segment.Blocks - 1} {
					u32("block", (*uint32)(j.Block(r, i)))
					u32("second line of block", (*uint32)(unsafe.Add(j.Block(r, i), 64)))
				}
			}
			u64 := func(name string, p *atomic.Uint64) { f(name, 0, p.Load, p.Store) }
			u64("epoch", by(0).Job().Epoch())
			u64("warned", by(0).Job().Warned())
		}
		k := uint64(0)
		visit(func(r int) transport.Endpoint { return eps[r] }, func(name string, r int, load func() uint64, store func(uint64)) {
			if v := load(); v != 0 {
				t.Errorf("%s of rank %d is %d when the job begins", name, r, v)
			}
			k++
			store(1000 + k)
		})
		for other := range eps {
			k = 0
			visit(func(int) transport.Endpoint { return eps[other] }, func(name string, r int, load func() uint64, _ func(uint64)) {
				k++
				if v := load(); v != 1000+k {
					t.Errorf("rank %d reads %d as %s of rank %d, want %d", other, v, name, r, 1000+k)
				}
			})
		}
	})
}

// doors checks that a knock sets its one bit, also beyond the first word.
func (s suite) doors(t *testing.T) {
	const n = 67
	eps := s.node(t, n)
	for _, k := range [][2]int{{0, 1}, {0, 63}, {0, 64}, {66, 65}, {65, 0}} {
		dst, src := k[0], k[1]
		eps[src].Job().Knock(dst, src)
	}
	for r := range n {
		var got []int
		for src := range n {
			if eps[r].Job().Door(r, src/64).Load()&(1<<(src%64)) != 0 {
				got = append(got, src)
			}
		}
		want := map[int][]int{0: {1, 63, 64}, 66: {65}, 65: {0}}[r]
		if len(got) != len(want) {
			t.Errorf("at rank %d these have knocked: %v, want %v", r, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("at rank %d these have knocked: %v, want %v", r, got, want)
			}
		}
	}
}

// failure checks that all learn of deaths, of the choice for faults and of the first abort.
func (s suite) failure(t *testing.T) {
	eps := s.node(t, 3)
	before := eps[2].Job().Epoch().Load()
	eps[0].Job().MarkInit(0)
	eps[0].Job().MarkDead(1)
	eps[1].Job().MarkFinal(2)
	eps[2].Job().ReturnFaults()
	for i, ep := range eps {
		j := ep.Job()
		for r := range eps {
			if j.Inited(r) != (r == 0) || j.Dead(r) != (r == 1) || j.Finalized(r) != (r == 2) {
				t.Errorf("rank %d sees of rank %d: init %v, dead %v, final %v", i, r, j.Inited(r), j.Dead(r), j.Finalized(r))
			}
		}
		if !j.FaultsReturn() {
			t.Errorf("rank %d has not heard of the choice for faults", i)
		}
		if j.Epoch().Load() == before {
			t.Errorf("rank %d: a death did not raise the epoch", i)
		}
		if _, _, yes := j.Aborted(); yes {
			t.Errorf("rank %d sees an abort", i)
		}
	}
	if !eps[1].Job().Abort(1, 300) || eps[0].Job().Abort(0, 7) {
		t.Error("the first abort must win, and only it")
	}
	for i, ep := range eps {
		if who, code, yes := ep.Job().Aborted(); who != 1 || code != 300 || !yes {
			t.Errorf("rank %d sees: abort %v by rank %d with code %d, want rank 1 and 300", i, yes, who, code)
		}
	}
}
