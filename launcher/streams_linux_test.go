package launcher

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

func nonblockPair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

// What a rank wrote before it ended comes before the news of its end, however the two
// race, and what a process that lives on writes later still comes.
func TestControlAfter(t *testing.T) {
	for round := range 200 {
		ours, theirs := nonblockPair(t)
		events := make(chan any, 1000)
		c := &control{rank: 3, f: ours, post: func(ev any) { events <- ev }}
		go c.serve()
		n := round % 50
		for id := range n {
			if _, err := theirs.Write(bootstrap.Append(nil, bootstrap.Message{Op: bootstrap.OpReport, Rank: 3, ID: id})); err != nil {
				t.Fatal(err)
			}
		}
		c.after(evExited{rank: 3})
		c.after(evProgramGone{3})
		theirs.Write(bootstrap.Append(nil, bootstrap.Message{Op: bootstrap.OpReport, Rank: 3, ID: n}))
		theirs.Close()
		seen, exited, gone := 0, false, false
		for seen <= n || !exited || !gone {
			switch ev := (<-events).(type) {
			case evMessage:
				if ev.m.ID != seen {
					t.Fatalf("message %d, want %d", ev.m.ID, seen)
				}
				seen++
			case evExited:
				exited = true
				if seen < n {
					t.Fatalf("round %d: exit after %d of %d messages", round, seen, n)
				}
			case evProgramGone:
				gone = true
				if seen < n || !exited {
					t.Fatalf("round %d: gone after %d of %d messages, exited %v", round, seen, n, exited)
				}
			}
		}
		// The socket has ended: events come at once.
		c.after(evExited{rank: 3})
		if ev := <-events; ev != (evExited{rank: 3}) {
			t.Fatalf("got %v", ev)
		}
	}
}

// An event that comes while the reader drains for an earlier one neither ends the
// reading nor is lost.
func TestControlAfterWhileDraining(t *testing.T) {
	ours, theirs := nonblockPair(t)
	report := func(id int) []byte {
		return bootstrap.Append(nil, bootstrap.Message{Op: bootstrap.OpReport, Rank: 3, ID: id})
	}
	events := make(chan any, 10)
	c := &control{rank: 3, f: ours}
	c.post = func(ev any) {
		if m, ok := ev.(evMessage); ok && m.m.ID == 0 {
			c.after(evProgramGone{3}) // serve is draining now
		}
		events <- ev
	}
	theirs.Write(report(0))
	c.after(evExited{rank: 3})
	go c.serve()
	for i, want := range []string{"evMessage", "evExited", "evProgramGone"} {
		if got := fmt.Sprintf("%T", <-events); got != "launcher."+want {
			t.Fatalf("event %d is a %s, want %s", i, got, want)
		}
	}
	theirs.Write(report(1))
	theirs.Close()
	if ev, ok := (<-events).(evMessage); !ok || ev.m.ID != 1 {
		t.Fatalf("got %v, want message 1", ev)
	}
}

func TestControlBadLine(t *testing.T) {
	ours, theirs := nonblockPair(t)
	events := make(chan any, 10)
	c := &control{f: ours, post: func(ev any) { events <- ev }}
	go c.serve()
	fmt.Fprintf(theirs, "hello?\n")
	theirs.Write(bootstrap.Append(nil, bootstrap.Message{Op: bootstrap.OpFinalize}))
	if ev, ok := (<-events).(evBadLine); !ok {
		t.Errorf("got %v", ev)
	}
	if ev, ok := (<-events).(evMessage); !ok || ev.m.Op != bootstrap.OpFinalize {
		t.Errorf("got %v", ev)
	}
}

// A rank that reads nothing doesn't block the supervisor.
func TestControlDumpDoesNotBlock(t *testing.T) {
	ours, _ := nonblockPair(t)
	c := &control{f: ours}
	for id := range 100000 {
		c.dump(id)
	}
}

// stop ends a reader though somebody holds the pipe open, and loses nothing.
func TestStreamStop(t *testing.T) {
	for round := range 100 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		s := &stream{f: r}
		var out chunks
		var reader sync.WaitGroup
		reader.Go(func() { copyLines(s.Read, &lines{to: &sink{w: &out}}) })
		want := strings.Repeat("a line\n", round*100) + "and a rest"
		for part := range len(want)/5000 + 1 {
			w.WriteString(want[part*5000 : min(len(want), (part+1)*5000)])
		}
		s.stop()
		reader.Wait()
		if out.all() != want {
			t.Fatalf("round %d: %d bytes, want %d", round, len(out.all()), len(want))
		}
		r.Close()
		w.Close()
	}
}
