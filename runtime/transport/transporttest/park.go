package transporttest

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/wire"
)

// asleep runs Sleep in a goroutine; the channel is closed when it returns.
func asleep(ep transport.Endpoint, d time.Duration) <-chan struct{} {
	ch := make(chan struct{})
	go func() {
		ep.Sleep(d)
		close(ch)
	}()
	return ch
}

// linger lets the i-th sleeper come more or less far: the wake comes before,
// while or after it falls asleep, and all must do.
func linger(ep transport.Endpoint, i int) {
	if i%2 == 0 {
		return
	}
	for begin := time.Now(); time.Since(begin) < time.Duration(i%8)*50*time.Microsecond; {
		pause(ep)
	}
}

// sleepReturns checks the three ends of a sleep: at once, after its time, by Wake.
func (s suite) sleepReturns(t *testing.T) {
	s.each(t, func(t *testing.T, eps []transport.Endpoint) {
		ep, waker := eps[0], eps[len(eps)-1]
		park := ep.Job().Park(0)

		done(t, asleep(ep, 10*patience), "a sleep with a park word of 0")

		// A sleep may end early, but not always: that would be no sleep.
		const nap = 5 * time.Millisecond
		longest := time.Duration(0)
		for range 10 {
			atomic.StoreUint32(park, 1)
			begin := time.Now()
			done(t, asleep(ep, nap), "a sleep of 5 ms")
			longest = max(longest, time.Since(begin))
			if v := atomic.LoadUint32(park); v != 1 {
				t.Fatalf("the park word is %d after a sleep that nobody ended", v)
			}
		}
		if longest < nap {
			t.Errorf("none of 10 sleeps of %v lasted longer than %v", nap, longest)
		}

		for i := range 200 {
			atomic.StoreUint32(park, 1)
			ch := asleep(ep, 10*patience)
			linger(ep, i)
			waker.Job().Wake(0)
			done(t, ch, "a sleep that was woken")
			if v := atomic.LoadUint32(park); v != 0 {
				t.Fatalf("the park word is %d after Wake", v)
			}
		}

		// A wake that nobody waited for does not end later sleeps for good: the word decides.
		waker.Job().Wake(0)
		if v := atomic.LoadUint32(park); v != 0 {
			t.Fatalf("the park word is %d after a Wake of a rank that did not sleep", v)
		}

		// Death and abort wake everybody.
		for _, news := range []func(){
			func() { waker.Job().MarkDead(len(eps) - 1) },
			func() { waker.Job().Abort(0, 1) },
		} {
			var all []<-chan struct{}
			for i, e := range eps {
				atomic.StoreUint32(e.Job().Park(i), 1)
				all = append(all, asleep(e, 10*patience))
			}
			linger(ep, 1)
			news()
			for _, ch := range all {
				done(t, ch, "a sleep during a death or an abort")
			}
		}
	})
}

// mailbox is a word that others raise and one rank waits for, as the engine waits for its channels.
type mailbox struct {
	ep   transport.Endpoint
	word *atomic.Uint64
	park *uint32
	seen uint64
	lost bool
}

func newMailbox(ep transport.Endpoint) *mailbox {
	j := ep.Job()
	return &mailbox{ep: ep, word: (*atomic.Uint64)(unsafe.Pointer(j.Block(ep.Rank(), 0))), park: j.Park(ep.Rank())}
}

// post raises the mailbox of another rank and wakes it.
func post(ep transport.Endpoint, to int) {
	(*atomic.Uint64)(unsafe.Pointer(ep.Job().Block(to, 0))).Add(1)
	ep.Job().Wake(to)
}

// wait returns when one more was posted. A lost wake-up shows as a sleep that ran out with mail in the box.
func (m *mailbox) wait() bool {
	m.seen++
	late := time.Now().Add(patience)
	for m.word.Load() < m.seen {
		atomic.StoreUint32(m.park, 1)
		if m.word.Load() >= m.seen {
			atomic.StoreUint32(m.park, 0)
			break
		}
		m.ep.Sleep(patience)
		if atomic.SwapUint32(m.park, 0) != 0 && m.word.Load() >= m.seen && time.Now().After(late) {
			m.lost = true
			return false
		}
		if time.Now().After(late.Add(patience)) {
			return false
		}
	}
	return true
}

// wakeStress sends tokens around while everybody sleeps between them: thousands
// of chances to lose a wake-up, each of which would cost the whole patience.
func (s suite) wakeStress(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 500
	}
	s.each(t, func(t *testing.T, eps []transport.Endpoint) {
		n := len(eps)
		if n == 1 {
			return
		}
		fail := func(rank, round int, m *mailbox) {
			t.Errorf("rank %d, round %d: nothing came (wake-up lost: %v)", rank, round, m.lost)
		}
		t.Run("ring", func(t *testing.T) {
			var wg sync.WaitGroup
			for r, ep := range eps {
				m := newMailbox(ep)
				wg.Go(func() {
					for i := range rounds / n {
						if r != 0 || i > 0 {
							if !m.wait() {
								fail(r, i, m)
								return
							}
						}
						post(ep, (r+1)%n)
					}
				})
			}
			wg.Wait()
		})
		for r, ep := range eps {
			(*atomic.Uint64)(unsafe.Pointer(ep.Job().Block(r, 0))).Store(0)
		}
		// All wake rank 0 at once, which answers each.
		t.Run("star", func(t *testing.T) {
			var wg sync.WaitGroup
			for r, ep := range eps {
				m := newMailbox(ep)
				wg.Go(func() {
					for i := range rounds / n {
						if r == 0 {
							for range n - 1 {
								if !m.wait() {
									fail(r, i, m)
									return
								}
							}
							for to := 1; to < n; to++ {
								post(ep, to)
							}
							continue
						}
						post(ep, 0)
						if !m.wait() {
							fail(r, i, m)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	})
}

// fence checks that a weak store and a look at the park word, on one side, and
// a park word, Fence and a look at the channel, on the other, never miss each other.
func (s suite) fence(t *testing.T) {
	eps := s.node(t, 2)
	if ok := eps[1].Fence(); !ok {
		for i, ep := range eps {
			if ep.Caps().Weak {
				t.Errorf("rank %d publishes with weak stores, but there is no fence", i)
			}
		}
		return
	}
	tx, err := ring.NewTx(channel(t, eps[0], 1, 0), eps[0].Shape())
	if err != nil {
		t.Fatal(err)
	}
	rx, err := ring.NewRx(channel(t, eps[1], 1, 0), eps[1].Shape())
	if err != nil {
		t.Fatal(err)
	}
	tx.Weak(eps[0].Caps().Weak)
	rx.Weak(eps[1].Caps().Weak)
	const rounds = 50000
	end := time.Now().Add(time.Second) // on a busy machine a round may take milliseconds
	seen := make([]bool, rounds)       // the producer saw that the other sleeps
	var turn [2]atomic.Int64
	var looked, last atomic.Int64
	last.Store(rounds)
	together := func(me, i int) bool {
		if me == 0 && i%64 == 0 && time.Now().After(end) {
			last.Store(int64(i))
		}
		turn[me].Store(int64(i) + 1)
		for k := 0; turn[1-me].Load() <= int64(i); k++ {
			if int64(i) >= last.Load() {
				return false
			}
			if k > 1000 {
				runtime.Gosched()
			}
		}
		return int64(i) < last.Load()
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		park := eps[0].Job().Park(1)
		for i := range rounds {
			p := tx.Inline(8)
			if p == nil {
				t.Errorf("round %d: no room in an empty channel", i)
				last.Store(0)
				return
			}
			if !together(0, i) {
				return
			}
			tx.Commit(wire.Eager, 8, wire.Word1(0, 1))
			seen[i] = atomic.LoadUint32(park) != 0
			looked.Store(int64(i) + 1)
		}
	})
	missed, found := 0, 0
	wg.Go(func() {
		park := eps[1].Job().Park(1)
		var rec ring.Record
		for i := range rounds {
			if !together(1, i) {
				return
			}
			atomic.StoreUint32(park, 1)
			eps[1].Fence()
			ready := rx.Ready()
			for looked.Load() <= int64(i) { // until the producer has looked
				runtime.Gosched()
			}
			switch {
			case ready:
				found++
			case !seen[i]:
				missed++
			}
			for !rx.Next(&rec) {
			}
			rx.Advance(&rec)
			rx.Publish()
			atomic.StoreUint32(park, 0)
		}
	})
	wg.Wait()
	if missed != 0 {
		t.Errorf("%d of %d times neither the sleeper saw the record nor the producer the sleeper", missed, last.Load())
	}
	t.Logf("%d rounds, in %d the sleeper found the record", last.Load(), found)
}
