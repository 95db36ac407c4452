//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rounds is how often each way to kill is tried: GOLAUNCH_LONG asks for the long loop.
func rounds() int {
	if os.Getenv("GOLAUNCH_LONG") != "" {
		return 200
	}
	return 10
}

// What the ranks are when something is killed.
var killPrograms = []struct {
	name   string
	args   []string
	victim string // how the command line of the process that counts as the rank begins
}{
	{"plain", []string{"rank", "hello", "block"}, "rank hello"},
	{"wrapper that forks", []string{"sh", "-c", `(setsid sh -c "sleep 1000 & sleep 1000" &); rank hello block; exit $?`}, "rank hello"},
	{"busy output", []string{"sh", "-c", "while :; do echo yes; done"}, "sh -c while"},
	{"restless forks", []string{"sh", "-c", "while :; do (setsid sleep 0.02 &); rank out=x; done"}, "sh -c while"},
}

// Whatever is killed, at whatever moment: golaunch ends with the right exit code, and
// neither a process nor a file is left.
func TestKill(t *testing.T) {
	for _, p := range killPrograms {
		t.Run(p.name, func(t *testing.T) {
			t.Run("a rank", func(t *testing.T) {
				killLoop(t, p.args, []int{137}, func(j *killJob) {
					ranks := j.ranks(p.victim)
					j.kill(ranks[rand.IntN(len(ranks))])
				})
			})
			t.Run("all ranks", func(t *testing.T) {
				killLoop(t, p.args, []int{137}, func(j *killJob) { j.kill(j.ranks(p.victim)...) })
			})
			t.Run("golaunch", func(t *testing.T) {
				killLoop(t, p.args, []int{-9}, func(j *killJob) { j.moment(); j.kill(j.cmd.Process.Pid) })
			})
			t.Run("golaunch at its start", func(t *testing.T) {
				killLoop(t, p.args, []int{-9}, func(j *killJob) {
					time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
					j.kill(j.cmd.Process.Pid)
				})
			})
			t.Run("the keeper", func(t *testing.T) {
				killLoop(t, p.args, []int{137}, func(j *killJob) { j.kill(j.await(1, "golaunch-keeper")...) })
			})
			t.Run("golaunch and a rank", func(t *testing.T) {
				killLoop(t, p.args, []int{-9}, func(j *killJob) {
					j.kill(j.cmd.Process.Pid, j.ranks(p.victim)[0])
				})
			})
			t.Run("golaunch, gently", func(t *testing.T) {
				// Before golaunch listens to signals it just dies; after that it has a say.
				killLoop(t, p.args, []int{143, -15}, func(j *killJob) { j.moment(); j.cmd.Process.Signal(syscall.SIGTERM) })
			})
		})
	}
}

// The same for ranks that are in collective calls all the time: those who wait in shared memory for a dead rank, asleep or not, end
// with the job.
func TestKillCollectives(t *testing.T) {
	program := filepath.Join(t.TempDir(), "collect")
	build := exec.Command("go", "build", "-o", program, "./testdata/collect")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("a rank", func(t *testing.T) {
		killLoop(t, []string{program}, []int{137}, func(j *killJob) {
			ranks := j.ranks(program)
			j.kill(ranks[rand.IntN(len(ranks))])
		})
	})
	t.Run("a rank that others wait for", func(t *testing.T) {
		killLoop(t, []string{program}, []int{137}, func(j *killJob) {
			victim := j.ranks(program)[0]
			syscall.Kill(victim, syscall.SIGSTOP)
			j.moment()
			j.kill(victim)
		})
	})
	t.Run("all ranks", func(t *testing.T) {
		killLoop(t, []string{program}, []int{137}, func(j *killJob) { j.kill(j.ranks(program)...) })
	})
	t.Run("golaunch", func(t *testing.T) {
		killLoop(t, []string{program}, []int{-9}, func(j *killJob) { j.moment(); j.kill(j.cmd.Process.Pid) })
	})
}

const killRanks = 3

// killJob is a golaunch that runs while something is killed.
type killJob struct {
	t    *testing.T
	cmd  *exec.Cmd
	mark mark
	err  bytes.Buffer
}

// killLoop starts golaunch with the program again and again, lets kill do its work and
// checks what is left.
func killLoop(t *testing.T, program []string, codes []int, kill func(*killJob)) {
	tmp := t.TempDir()
	for round := range rounds() {
		j := &killJob{t: t, mark: newMark()}
		j.cmd = exec.Command(golaunchPath, append([]string{"-n", fmt.Sprint(killRanks), "-grace", "0.3"}, program...)...)
		j.cmd.Env = append(os.Environ(), j.mark.String(), "TMPDIR="+tmp)
		j.cmd.Stderr = &j.err
		// After golaunch was killed, nobody who is left may hold its standard error for long.
		j.cmd.WaitDelay = 30 * time.Second
		if err := j.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		watchdog := time.AfterFunc(60*time.Second, func() {
			t.Errorf("round %d: golaunch hangs", round)
			j.cmd.Process.Kill()
		})
		begin := time.Now()
		kill(j)
		killed := time.Now()
		err := j.cmd.Wait()
		watchdog.Stop()
		if d := time.Since(killed); d > 3*time.Second {
			t.Logf("round %d: golaunch ended %v after the kill, which came after %v", round, d, killed.Sub(begin))
		}
		code := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
			if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
				code = -int(ws.Signal())
			}
		} else if err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if !slices.Contains(codes, code) {
			t.Errorf("round %d: exit code %d, want %v; said %q", round, code, codes, j.err.String())
		}
		if code > 0 && !strings.Contains(j.err.String(), "golaunch: ") {
			t.Errorf("round %d: exit code %d without a word: %q", round, code, j.err.String())
		}
		if code > 0 {
			// golaunch had its say: everybody must be gone when it is.
			if _, what := j.mark.find(); len(what) > 0 {
				t.Errorf("round %d: golaunch has ended before %v", round, what)
			}
		}
		j.mark.expectNone(t)
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("round %d: files left: %v, %v", round, left, err)
		}
		if t.Failed() {
			return
		}
	}
}

// kill sends SIGKILL, as fast as it can.
func (j *killJob) kill(pids ...int) {
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// moment waits for no particular moment after the ranks have begun to start.
func (j *killJob) moment() {
	time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
}

// ranks waits for all ranks and returns their processes, after a while.
func (j *killJob) ranks(command string) []int {
	pids := j.await(killRanks, command)
	j.moment()
	return pids
}

// await waits for n processes of the job whose command line begins with command.
func (j *killJob) await(n int, command string) []int {
	deadline := time.Now().Add(60 * time.Second)
	for {
		var found []int
		pids, what := j.mark.find()
		for i, w := range what {
			if _, cmd, _ := strings.Cut(w, ` "`); !strings.HasPrefix(cmd, command) {
				continue
			}
			// A subshell has the shell's command line until it becomes something else, setsid for instance, and
			// leads a group then.
			if strings.HasPrefix(command, "sh ") {
				group, err := syscall.Getpgid(pids[i])
				now, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pids[i]))
				if err != nil || group != pids[i] || !bytes.HasPrefix(now, []byte("sh\x00")) {
					continue
				}
			}
			found = append(found, pids[i])
		}
		if len(found) >= n {
			return found
		}
		if time.Now().After(deadline) {
			j.t.Fatalf("no %d processes %q among %v; golaunch said %q", n, command, what, j.err.String())
		}
		time.Sleep(time.Millisecond)
	}
}
