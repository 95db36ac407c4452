package ring

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/wire"
	"pgregory.net/rapid"
)

func pair(t testing.TB, s Shape) (*Tx, *Rx, []byte) {
	t.Helper()
	b := make([]byte, s.Bytes()+pageSize)
	off := int(-uintptr(unsafe.Pointer(&b[0])) & (pageSize - 1))
	b = b[off : off+s.Bytes()]
	tx, err := NewTx(b, s)
	if err != nil {
		t.Fatal(err)
	}
	rx, err := NewRx(b, s)
	if err != nil {
		t.Fatal(err)
	}
	return tx, rx, b
}

// msg is what the oracle keeps: a message as it was sent.
type msg struct {
	kind wire.Kind
	ctx  uint32
	tag  int32
	aux  uint64
	body []byte
}

func send(tx *Tx, m msg, bulk bool) bool {
	w1 := wire.Word1(m.ctx, m.tag)
	if !bulk {
		p := tx.Inline(len(m.body))
		if p == nil {
			return false
		}
		copy(unsafe.Slice((*byte)(p), len(m.body)), m.body)
		tx.Commit(m.kind, len(m.body), w1)
		return true
	}
	p := tx.BulkRoom(len(m.body))
	if p == nil {
		return false
	}
	copy(unsafe.Slice((*byte)(p), len(m.body)), m.body)
	tx.CommitBulk(m.kind, len(m.body), w1, m.aux, ^m.aux)
	return true
}

func check(t interface{ Fatalf(string, ...any) }, got *Record, want msg, bulk bool) {
	if got.Kind != want.kind || got.Ctx != want.ctx || got.Tag != want.tag || !bytes.Equal(got.Bytes(), want.body) {
		t.Fatalf("got %v ctx %d tag %d, %d bytes; want %v ctx %d tag %d, %d bytes (or other content)",
			got.Kind, got.Ctx, got.Tag, got.Len, want.kind, want.ctx, want.tag, len(want.body))
	}
	if bulk && (got.Aux0 != want.aux || got.Aux1 != ^want.aux) {
		t.Fatalf("aux words %x %x, want %x and its complement", got.Aux0, got.Aux1, want.aux)
	}
}

// The ring against a queue: random sends and receives, no concurrency.
func TestRingIsAQueue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := Shape{Lines: 16 << rapid.IntRange(0, 3).Draw(rt, "lines"), Bulk: 4096 << rapid.IntRange(0, 2).Draw(rt, "bulk")}
		tx, rx, _ := pair(t, s)
		type entry struct {
			msg
			bulk bool
		}
		var queue []entry
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		for i := range rapid.IntRange(1, 800).Draw(rt, "steps") {
			if rng.IntN(2) == 0 {
				bulk := rng.IntN(3) == 0
				limit := s.MaxInline()
				if bulk {
					limit = s.MaxBulk()
				}
				n := rng.IntN(limit + 1)
				if rng.IntN(4) == 0 {
					n = limit
				}
				if bulk && n == 0 {
					n = 1
				}
				m := msg{wire.Eager, rng.Uint32(), int32(rng.Uint32()), rng.Uint64(), make([]byte, n)}
				for j := range m.body {
					m.body[j] = byte(rng.Uint32()) | 1
				}
				if send(tx, m, bulk) {
					queue = append(queue, entry{m, bulk})
				} else if len(queue) == 0 {
					rx.Publish()
					if !send(tx, m, bulk) {
						// A pad may have used the rest of the ring: it is consumed first.
						var rec Record
						if rx.Next(&rec) {
							rt.Fatalf("step %d: a record that was never sent", i)
						}
						rx.Publish()
						if !send(tx, m, bulk) {
							rt.Fatalf("step %d: an empty ring has no room for %d bytes (bulk %v)", i, n, bulk)
						}
					}
					queue = append(queue, entry{m, bulk})
				}
				continue
			}
			var rec Record
			ok := rx.Next(&rec)
			if ok != (len(queue) > 0) || rx.Err() != nil || rx.Stray() != nil {
				rt.Fatalf("step %d: Next says %v with %d queued, %v, %v", i, ok, len(queue), rx.Err(), rx.Stray())
			}
			if !ok {
				rx.Publish()
				continue
			}
			check(rt, &rec, queue[0].msg, queue[0].bulk)
			rx.Advance(&rec)
			queue = queue[1:]
		}
		if tx.Err() != nil || rx.Err() != nil {
			rt.Fatalf("errors: %v, %v", tx.Err(), rx.Err())
		}
	})
}

// A consumer that keeps up is fed from the first lines again and again; one that doesn't gets more of it.
func TestRewind(t *testing.T) {
	s := Shape{Lines: 512, Bulk: 512 << 10}
	for _, c := range []struct {
		n    int
		bulk bool
		most uintptr // bytes of the ring that may be touched
	}{{8, false, 8 << 10}, {1024, false, 9 << 10}, {4096, false, 17 << 10}, {2048, true, 32 << 10}, {8192, true, 64 << 10}} {
		tx, rx, b := pair(t, s)
		start := uintptr(unsafe.Pointer(&b[linesOff]))
		if c.bulk {
			start = uintptr(unsafe.Pointer(&b[s.bulkOff()]))
		}
		far := uintptr(0)
		for i := range 5000 {
			m := msg{wire.Eager, 1, int32(i), uint64(i), bytes.Repeat([]byte{byte(i)}, c.n)}
			if !send(tx, m, c.bulk) {
				t.Fatalf("message %d of %d bytes finds no room", i, c.n)
			}
			var rec Record
			if !rx.Next(&rec) {
				t.Fatalf("message %d is not there: %v", i, rx.Err())
			}
			check(t, &rec, m, c.bulk)
			far = max(far, uintptr(rec.Data)+uintptr(rec.Len)-start)
			rx.Advance(&rec)
			rx.Relax()
		}
		if far > c.most {
			t.Errorf("%d bytes (bulk %v): %d bytes of the ring are touched, want at most %d", c.n, c.bulk, far, c.most)
		}
		sent := 0
		for m := (msg{wire.Eager, 1, 1, 0, make([]byte, c.n)}); send(tx, m, c.bulk); sent++ {
		}
		room := s.Lines * lineBytes / 8
		if c.bulk {
			room = s.Bulk / 4
		}
		if sent*(c.n+lineBytes) < room {
			t.Errorf("%d bytes (bulk %v): the ring is full after %d messages that nobody takes", c.n, c.bulk, sent)
		}
	}
}

// Two goroutines; under -race this is the proof that every access is ordered.
func TestRingConcurrent(t *testing.T) {
	s := Shape{Lines: 32, Bulk: 4096}
	tx, rx, _ := pair(t, s)
	const n = 20000
	body := func(i int) (msg, bool) {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		bulk := i%3 == 0
		k := rng.IntN(s.MaxInline())
		if bulk {
			k = 1 + rng.IntN(s.MaxBulk())
		}
		m := msg{wire.Eager, uint32(i), int32(-i), uint64(i), make([]byte, k)}
		for j := range m.body {
			m.body[j] = byte(i + j)
		}
		return m, bulk
	}
	done := make(chan error, 1)
	go func() {
		defer close(done)
		for i := range n {
			m, bulk := body(i)
			for !send(tx, m, bulk) {
				runtime.Gosched()
			}
		}
	}()
	for i := range n {
		var rec Record
		for !rx.Next(&rec) {
			if rx.Err() != nil || rx.Stray() != nil {
				t.Fatal(rx.Err(), rx.Stray())
			}
			rx.Publish()
			runtime.Gosched()
		}
		m, bulk := body(i)
		check(t, &rec, m, bulk)
		rx.Advance(&rec)
	}
	<-done
	rx.Publish()
	if !tx.Idle() {
		t.Error("all was consumed, but the producer does not see it")
	}
}

// A record whose first word was overwritten is noticed, unless with zero or what looks like another record.
func TestStray(t *testing.T) {
	tx, rx, _ := pair(t, Shape{Lines: 16, Bulk: 4096})
	for i := range 100 {
		if rx.Stray() != nil {
			t.Fatalf("message %d: %v in an empty ring", i, rx.Stray())
		}
		send(tx, msg{wire.Eager, 1, 2, 3, make([]byte, i)}, false)
		word := (*uint64)(rx.slot)
		was := *word
		for _, wrong := range []uint64{was + 1, was - 1, ^uint64(0), was &^ 0xffff, 1 << 63} {
			*word = wrong
			if rx.Ready() || rx.Stray() == nil {
				t.Fatalf("message %d: %#x for %#x is not noticed", i, wrong, was)
			}
		}
		*word = was
		var rec Record
		if rx.Stray() != nil || !rx.Next(&rec) {
			t.Fatalf("message %d: %v, %v", i, rx.Stray(), rx.Err())
		}
		rx.Advance(&rec)
		rx.Publish()
	}
}

// Payload that looks like headers must never be taken for one.
func TestPayloadIsNoHeader(t *testing.T) {
	s := Shape{Lines: 16, Bulk: 4096}
	tx, rx, _ := pair(t, s)
	for i := range 4000 {
		n := (i * 7) % (s.MaxInline() + 1)
		body := make([]byte, n)
		for lap := uint16(0); int(lap)*8+8 <= n; lap++ {
			w := wire.Word0(uint16(i/3)+lap, wire.Eager, 0, 3)
			*(*uint64)(unsafe.Pointer(&body[int(lap)*8])) = w
		}
		m := msg{wire.Eager, 1, 2, 0, body}
		for !send(tx, m, false) {
			var rec Record
			if rx.Next(&rec) {
				t.Fatalf("message %d: a record out of nothing: %+v", i, rec)
			}
			if !rx.Publish() {
				t.Fatalf("message %d: no room in an empty ring", i)
			}
		}
		var rec Record
		if !rx.Next(&rec) {
			t.Fatalf("message %d is not there: %v", i, rx.Err())
		}
		check(t, &rec, m, false)
		rx.Advance(&rec)
		if rx.Next(&rec) {
			t.Fatalf("after message %d: a record out of nothing", i)
		}
	}
}

func TestBadShapes(t *testing.T) {
	for _, s := range []Shape{{0, 4096}, {17, 4096}, {16, 100}, {16, 5000}, {1 << 21, 4096}} {
		if _, err := NewTx(make([]byte, 1<<20), s); err == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	if _, err := NewRx(make([]byte, 100), Shape{16, 4096}); err == nil {
		t.Error("too little memory was accepted")
	}
}

// Any bytes whatever in the channel: errors or records inside the memory, no panic, no endless loop.
func FuzzCorrupted(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint64(5))
	f.Fuzz(func(t *testing.T, junk []byte, seed uint64) {
		s := Shape{Lines: 16, Bulk: 4096}
		tx, rx, b := pair(t, s)
		rng := rand.New(rand.NewPCG(seed, 3))
		body := make([]byte, s.MaxInline())
		for i := range 300 {
			if len(junk) > 0 && rng.IntN(3) == 0 {
				at := rng.IntN(len(b) - len(junk)%len(b))
				if rng.IntN(2) == 0 {
					at = rng.IntN(linesOff + s.Lines*lineBytes)
				}
				copy(b[at:], junk[:min(len(junk), 16)])
			}
			send(tx, msg{wire.Eager, 1, 1, 1, body[:rng.IntN(len(body)+1)]}, false)
			if i%4 == 0 {
				send(tx, msg{wire.Data, 1, 1, 1, body[:1+rng.IntN(len(body))]}, true)
			}
			var rec Record
			if rx.Next(&rec) {
				if rec.Len > 0 {
					lo, hi := uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&b[len(b)-1]))
					if p := uintptr(rec.Data); p < lo || p+uintptr(rec.Len)-1 > hi {
						t.Fatalf("record of %d bytes reaches outside the channel", rec.Len)
					}
				}
				rx.Advance(&rec)
			}
			rx.Publish()
			if rx.Err() != nil || tx.Err() != nil {
				return
			}
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, n := range []int{8, 64, 1024, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := Shape{Lines: 512, Bulk: 256 << 10}
			atx, arx, _ := pair(b, s)
			btx, brx, _ := pair(b, s)
			body := make([]byte, n)
			put := func(tx *Tx) {
				p := tx.Inline(n)
				copy(unsafe.Slice((*byte)(p), n), body)
				tx.Commit(wire.Eager, n, 1)
			}
			take := func(rx *Rx, into []byte) {
				var rec Record
				for !rx.Next(&rec) {
				}
				copy(into, rec.Bytes())
				rx.Advance(&rec)
			}
			b.ResetTimer()
			done := make(chan bool)
			go func() {
				into := make([]byte, n)
				for range b.N {
					take(arx, into)
					put(btx)
				}
				close(done)
			}()
			into := make([]byte, n)
			for range b.N {
				put(atx)
				take(brx, into)
			}
			<-done
		})
	}
}

// Every descriptor is a word of its own, and none lies in what holds records.
func TestDescriptorsStandApart(t *testing.T) {
	s := Shape{Lines: 16, Bulk: 4096}
	tx, rx, _ := pair(t, s)
	for i := range Descs {
		if *tx.Desc(i) != 0 {
			t.Fatalf("descriptor %d was written as %x", i, *tx.Desc(i))
		}
		*tx.Desc(i) = uint64(i) + 1
	}
	base := uintptr(tx.base)
	for i := range Descs {
		at := uintptr(unsafe.Pointer(rx.Desc(i))) - base
		if *rx.Desc(i) != uint64(i)+1 || at < descOff || at >= linesOff && at < uintptr(s.bulkOff()+s.Bulk) || at+8 > uintptr(s.Bytes()) {
			t.Fatalf("descriptor %d at %d of %d bytes reads %d", i, at, s.Bytes(), *rx.Desc(i))
		}
	}
}
