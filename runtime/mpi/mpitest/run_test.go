package mpitest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// TestOfRanks is what a rank finds, and does wrong when the environment says so. It is for the tests below.
func TestOfRanks(t *testing.T) {
	mode := os.Getenv("MPITEST_MODE")
	if mode == "" {
		t.Skip("for tests")
	}
	if mode == "lost" && os.Getenv("GOLAUNCH_RANK") != "" {
		return
	}
	for _, sub := range []string{"another", "this one"} {
		t.Run(sub, func(t *testing.T) {
			mpitest.RunProcesses(t, 3, func(world *mpi.Comm) error {
				last := world.Rank() == world.Size()-1
				switch {
				case mode == "hello":
					fmt.Printf("rank %d of %d, %s, word %q, pid %d\n", world.Rank(), world.Size(), sub, *word, os.Getpid())
					return nil
				case !last || sub == "another":
					// Wait for a rank that will never send.
					_, err := mpi.Recv(world, make([]byte, 1), world.Size()-1, 0)
					return err
				case mode == "error":
					return errors.New("out of luck")
				case mode == "panic":
					panic("out of cheese")
				case mode == "kill":
					self, _ := os.FindProcess(os.Getpid())
					self.Kill()
				case mode == "exit":
					os.Exit(0)
				case mode == "fail":
					t.Error("out of time")
				case mode == "fatal":
					t.Fatal("out of time")
				}
				return nil
			})
		})
	}
}

// inTest is this test binary, told to run a test.
func inTest(t *testing.T, mode, name string, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("ranks as processes need Linux")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, append([]string{"-test.run=" + name}, args...)...)
	cmd.Env = append(os.Environ(), "MPITEST_MODE="+mode, "MPITEST_MARK="+t.Name())
	return cmd
}

// TestRunProcesses: each sub-test has ranks of its own, which are processes.
func TestRunProcesses(t *testing.T) {
	out, err := inTest(t, "hello", "^TestOfRanks$", "-test.v", "-word=a b").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pids := map[string]bool{}
	for _, sub := range []string{"another", "this one"} {
		for r := range 3 {
			want := fmt.Sprintf("rank %d of 3, %s, word \"a b\", pid ", r, sub)
			if n := strings.Count(string(out), want); n != 1 {
				t.Fatalf("%d times, want once: %s in\n%s", n, want, out)
			}
			_, rest, _ := strings.Cut(string(out), want)
			pid, _, _ := strings.Cut(rest, "\n")
			pids[pid] = true
		}
	}
	if len(pids) != 6 {
		t.Errorf("not 6 different processes: %v", pids)
	}
	if left := leftovers(t); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
}

// TestRunProcessesFails: whatever goes wrong in a rank, the test fails, says why, and nothing is left.
func TestRunProcessesFails(t *testing.T) {
	for mode, wants := range map[string][]string{
		"error": {"3 ranks: rank 2: out of luck"},
		"panic": {"3 ranks: rank 2: panic: out of cheese", "run_test.go"},
		"kill":  {"3 ranks: rank 2: signal: killed"},
		"exit":  {"3 ranks: rank 2: ended in the middle of the test, with exit status 0"},
		"fail":  {"3 ranks: rank 2: exit status 1", "out of time"},
		"fatal": {"3 ranks: rank 2: exit status 1", "out of time"},
		"lost":  {"ended without having come to RunProcesses"},
	} {
		t.Run(mode, func(t *testing.T) {
			out, err := inTest(t, mode, "^TestOfRanks$/^this_one$").CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("%v, want exit status 1", err)
			}
			for _, want := range append(wants, "--- FAIL: TestOfRanks/this_one") {
				if !strings.Contains(string(out), want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if left := leftovers(t); len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
		})
	}
}
