package shm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/shm"
	"github.com/golaunch/golaunch/runtime/wire"
)

// roleEnv makes the test binary a rank: "role rank size"; the segment is descriptor 3.
const roleEnv = "GOLAUNCH_SHM_TEST"

var roles = map[string]func(ep transport.Endpoint) error{
	"circle": circle,
	"sleep":  sleepForEver,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleEnv)
	if role == "" {
		os.Exit(m.Run())
	}
	var name string
	var rank int
	fmt.Sscan(role, &name, &rank)
	ep, err := shm.Open(os.NewFile(3, "segment"), rank)
	if err == nil {
		err = roles[name](ep)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "rank %d: %v\n", rank, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// start runs the test binary as a rank.
func start(t *testing.T, f *os.File, role string, rank int) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleEnv+"="+role+" "+strconv.Itoa(rank))
	cmd.ExtraFiles = []*os.File{f}
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, out
}

// Real processes: a block goes around from rank to rank, named by records in the
// channels; every rank sleeps on its futex while it has nothing to do.
func TestProcesses(t *testing.T) {
	for _, n := range []int{2, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			f := create(t, n)
			var cmds []*exec.Cmd
			var outs []*bytes.Buffer
			for r := 1; r < n; r++ {
				cmd, out := start(t, f, "circle", r)
				cmds, outs = append(cmds, cmd), append(outs, out)
			}
			ep := attach(t, f, 0)
			defer ep.Close()
			if err := circle(ep); err != nil {
				t.Errorf("rank 0: %v", err)
				for _, cmd := range cmds {
					cmd.Process.Kill()
				}
			}
			for i, cmd := range cmds {
				if err := cmd.Wait(); err != nil {
					t.Errorf("rank %d: %v\n%s", i+1, err, outs[i])
				}
			}
		})
	}
}

const laps = 300

// circle passes a block on to the next rank laps times. Each rank adds its mark.
func circle(ep transport.Endpoint) error {
	n, me := ep.Size(), ep.Rank()
	next, prev := (me+1)%n, (me+n-1)%n
	out, err := ep.Channel(next, me)
	if err != nil {
		return err
	}
	in, err := ep.Channel(me, prev)
	if err != nil {
		return err
	}
	tx, err := ring.NewTx(out, ep.Shape())
	if err != nil {
		return err
	}
	rx, err := ring.NewRx(in, ep.Shape())
	if err != nil {
		return err
	}
	mem, err := ep.Heap(0)
	if err != nil {
		return err
	}
	var h arena.Handle
	var view *arena.View
	if me == 0 {
		a, err := arena.New(mem, 0, arena.Config{Punch: ep.Punch})
		if err != nil {
			return err
		}
		view = &a.View
		if h, _, err = a.Alloc(8 * n); err != nil {
			return err
		}
	}
	for lap := range laps {
		if me != 0 || lap > 0 {
			var rec ring.Record
			for !rx.Next(&rec) {
				if rx.Err() != nil {
					return rx.Err()
				}
				rx.Publish()
				if err := park(ep, rx); err != nil {
					return fmt.Errorf("lap %d: %w", lap, err)
				}
			}
			if view == nil {
				if view, err = arena.Open(mem, 0); err != nil {
					return err
				}
			}
			t, err := arena.Decode(rec.Bytes())
			if err != nil {
				return err
			}
			rx.Advance(&rec)
			if h, err = view.Accept(t, me); err != nil {
				return err
			}
		}
		b, err := view.Bytes(h)
		if err != nil {
			return err
		}
		for r := range n {
			want := uint64(lap)
			if r < me {
				want++
			}
			if got := binary.LittleEndian.Uint64(b[8*r:]); got != want {
				return fmt.Errorf("lap %d: the mark of rank %d is %d, want %d", lap, r, got, want)
			}
		}
		binary.LittleEndian.PutUint64(b[8*me:], uint64(lap)+1)
		t, err := view.Release(h, next)
		if err != nil {
			return err
		}
		p := tx.Inline(arena.HandleSize)
		if p == nil {
			return fmt.Errorf("lap %d: no room in an empty channel", lap)
		}
		t.Encode(unsafe.Slice((*byte)(p), arena.HandleSize))
		tx.Commit(wire.Move, arena.HandleSize, wire.Word1(0, int32(lap)))
		ep.Job().Wake(next)
	}
	return nil
}

// park sleeps until something has come through rx.
func park(ep transport.Endpoint, rx *ring.Rx) error {
	const long = 20 * time.Second
	word := ep.Job().Park(ep.Rank())
	begin := time.Now()
	for !rx.Ready() {
		atomic.StoreUint32(word, 1)
		if !rx.Ready() {
			ep.Sleep(long)
		}
		atomic.StoreUint32(word, 0)
		if time.Since(begin) >= long {
			return fmt.Errorf("nothing came for %v (in the channel now: %v)", long, rx.Ready())
		}
	}
	return nil
}

// A rank asleep in another process hears of a death, whoever says so.
func TestDeathWakesAnotherProcess(t *testing.T) {
	f := create(t, 3)
	ep := attach(t, f, 0)
	defer ep.Close()
	sleeper, out := start(t, f, "sleep", 1)
	victim, _ := start(t, f, "sleep", 2)
	for r := 1; r < 3; r++ {
		for late := time.Now().Add(20 * time.Second); atomic.LoadUint32(ep.Job().Park(r)) == 0; runtime.Gosched() {
			if time.Now().After(late) {
				t.Fatalf("rank %d does not go to sleep", r)
			}
			ep.Yield()
		}
	}
	victim.Process.Kill()
	victim.Wait()
	ep.Job().MarkDead(2)
	if err := sleeper.Wait(); err != nil {
		t.Errorf("rank 1: %v\n%s", err, out)
	}
}

// sleepForEver ends well only when it is woken by a death.
func sleepForEver(ep transport.Endpoint) error {
	const long = 20 * time.Second
	begin := time.Now()
	atomic.StoreUint32(ep.Job().Park(ep.Rank()), 1)
	for atomic.LoadUint32(ep.Job().Park(ep.Rank())) == 1 {
		ep.Sleep(long)
		if time.Since(begin) >= long {
			return fmt.Errorf("nobody has woken it")
		}
	}
	if !ep.Job().Dead(2) {
		return fmt.Errorf("woken, but rank 2 lives")
	}
	return nil
}
