//go:build unix

package launcher

import (
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

// Whatever happens in whatever order: nothing panics, the job finishes once and not
// before every process is gone, and success means that no rank was seen failing.
func TestJobRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(rt, "ranks")
		w := newWorld(t, n, func(c *jobConfig) { c.timeout = time.Minute })
		w.faults = rapid.Bool().Draw(rt, "faults")
		exited := make([]bool, n)
		failed := 0
		kinds := []timerKind{timerJob, timerGrace, timerDump, timerWrapper}
		for range rapid.IntRange(0, 25).Draw(rt, "events") {
			r := rapid.IntRange(0, n-1).Draw(rt, "rank")
			kind := rapid.IntRange(0, 11).Draw(rt, "event")
			if exited[r] && kind < 4 {
				continue // the dead don't speak
			}
			var ev any
			switch kind {
			case 0:
				ev = hello(r)
			case 1:
				ev = helloAs(r, 500+r)
			case 2:
				ev = finalize(r)
			case 3:
				ev = abort(r, rapid.IntRange(-1, 300).Draw(rt, "code"), "why")
				failed++
			case 4, 5:
				if exited[r] {
					continue
				}
				exited[r] = true
				code := rapid.SampledFrom([]int{0, 0, 0, 1, 77}).Draw(rt, "code")
				if code != 0 {
					failed++
				}
				ev = exits(r, code)
			case 6:
				ev = evTimer{rapid.SampledFrom(kinds).Draw(rt, "timer"), r}
			case 7:
				ev = evSignal{signalClass(rapid.IntRange(1, 4).Draw(rt, "class")), syscall.SIGUSR1, "SIGUSR1"}
			case 8:
				ev = evMessage{r, bootstrap.Message{Op: bootstrap.OpStalled, Rank: r}}
			case 9:
				ev = report(r, rapid.IntRange(0, 3).Draw(rt, "id"), recvFrom(rapid.IntRange(-1, n).Draw(rt, "peer"), 1))
			case 10:
				ev = evProgramGone{r}
			case 11:
				if rapid.IntRange(0, 3).Draw(rt, "rarely") > 0 {
					continue
				}
				ev = interrupt(syscall.SIGINT, "SIGINT")
			}
			w.step(ev)
			for _, a := range w.did {
				if _, ok := a.(actFinish); ok {
					rt.Fatalf("finished while processes run, after %#v", ev)
				}
			}
		}
		for r := range n {
			if !exited[r] {
				w.step(exits(r, 0))
			}
		}
		w.step(evAllGone{})
		finishes := 0
		code := 0
		for _, a := range w.did {
			if f, ok := a.(actFinish); ok {
				finishes++
				code = f.code
			}
		}
		if finishes != 1 {
			rt.Fatalf("finished %d times", finishes)
		}
		if failed == n && n == 1 && code == 0 {
			rt.Fatalf("the only rank failed, exit code 0")
		}
		if failed > 0 && code == 0 && !w.faults {
			rt.Fatalf("%d failures, exit code 0", failed)
		}
		if code < 0 || code > 255 {
			rt.Fatalf("exit code %d", code)
		}
	})
}
