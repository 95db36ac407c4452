package mpitest_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// pingPong sends a message there and back between ranks 0 and 1; others watch.
func pingPong(bytes int) func(world *mpi.Comm, iters int) error {
	return func(world *mpi.Comm, iters int) error {
		if world.Rank() > 1 {
			return nil
		}
		buf := make([]byte, bytes)
		other := 1 - world.Rank()
		for range iters {
			if world.Rank() == 0 {
				if err := mpi.Send(world, buf, other, 0); err != nil {
					return err
				}
			}
			if _, err := mpi.Recv(world, buf, other, 0); err != nil {
				return err
			}
			if world.Rank() == 1 {
				if err := mpi.Send(world, buf, other, 0); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func BenchmarkPingPong(b *testing.B) { mpitest.Bench(b, 2, pingPong(8)) }

func BenchmarkPingPongProcesses(b *testing.B) {
	for _, k := range []int{8, 1 << 20} {
		b.Run(fmt.Sprintf("bytes=%d (%c)", k, "sl"[k>>20]), func(b *testing.B) {
			b.SetBytes(int64(k))
			mpitest.BenchProcesses(b, 2, pingPong(k))
		})
	}
}

var word = flag.String("word", "", "for BenchmarkRank")

// BenchmarkRank is what a rank finds, and does wrong when the environment says so. It is for the tests below.
func BenchmarkRank(b *testing.B) {
	mode := os.Getenv("MPITEST_MODE")
	if mode == "" {
		b.Skip("for tests")
	}
	if mode == "lost" && os.Getenv("GOLAUNCH_RANK") != "" {
		return
	}
	mpitest.BenchProcesses(b, 3, func(world *mpi.Comm, iters int) error {
		last := world.Rank() == world.Size()-1
		switch {
		case mode == "hello":
			fmt.Printf("rank %d of %d, iters %d, word %q, args %q\n", world.Rank(), world.Size(), iters, *word, flag.Args())
			return nil
		case !last:
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
		case mode == "pid":
			fmt.Printf("pid %d\n", os.Getpid())
			_, err := mpi.Recv(world, make([]byte, 1), 0, 0)
			return err
		}
		return nil
	})
}

// benchmark is this test binary, told to run a benchmark.
func benchmark(t *testing.T, mode, name string, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("ranks as processes need Linux")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, append([]string{"-test.run=^$", "-test.bench=" + name, "-test.benchtime=20x"}, args...)...)
	cmd.Env = append(os.Environ(), "MPITEST_MODE="+mode, "MPITEST_MARK="+t.Name())
	return cmd
}

// leftovers are the processes that were started by a test's benchmark and still run.
func leftovers(t *testing.T) []string {
	var found []string
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes in /proc: %v", err)
	}
	for _, f := range files {
		if env, err := os.ReadFile(f); err == nil && strings.Contains(string(env), "MPITEST_MARK="+t.Name()+"\x00") {
			found = append(found, f)
		}
	}
	return found
}

func TestBenchProcesses(t *testing.T) {
	out, err := benchmark(t, "", "PingPong", "-test.benchmem").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`BenchmarkPingPong(-\d+)?\s+20\s+\d+(\.\d+)? ns/op\s+\d+ B/op\s+\d+ allocs/op`,
		`BenchmarkPingPongProcesses/bytes=8_\(s\)(-\d+)?\s+20\s+\d+(\.\d+)? ns/op\s+\d+\.\d+ MB/s\s+\d+ B/op\s+\d+ allocs/op`,
		`BenchmarkPingPongProcesses/bytes=1048576_\(l\)(-\d+)?\s+20\s`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if left := leftovers(t); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
}

// TestRank looks at what the ranks see: every one runs fn once a number of iterations.
func TestRank(t *testing.T) {
	out, err := benchmark(t, "hello", "Rank", "-test.benchtime=7x", "-word=a b", "x", "-y").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, iters := range []int{1, 7} {
		for r := range 3 {
			want := fmt.Sprintf("rank %d of 3, iters %d, word \"a b\", args [\"x\" \"-y\"]\n", r, iters)
			if n := strings.Count(string(out), want); n != 1 {
				t.Errorf("%d times, want once: %s in\n%s", n, want, out)
			}
		}
	}
}

// TestRankFails: whatever goes wrong in a rank, the benchmark fails, says why, and nothing is left.
func TestRankFails(t *testing.T) {
	for mode, want := range map[string]string{
		"error": "3 ranks: rank 2: out of luck",
		"panic": "3 ranks: rank 2: panic: out of cheese",
		"kill":  "3 ranks: rank 2: signal: killed",
		"exit":  "3 ranks: rank 2: ended in the middle of the benchmark, with exit status 0",
		"lost":  "ended without having come to BenchProcesses",
	} {
		t.Run(mode, func(t *testing.T) {
			out, err := benchmark(t, mode, "Rank").CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("%v, want exit status 1", err)
			}
			if !strings.Contains(string(out), want) || !strings.Contains(string(out), "--- FAIL: BenchmarkRank") {
				t.Errorf("no %q in\n%s", want, out)
			}
			if left := leftovers(t); len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
		})
	}
}

// TestKilled kills the test binary while its ranks wait: they end as well.
func TestKilled(t *testing.T) {
	cmd := benchmark(t, "pid", "Rank")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var pid int
	if _, err := fmt.Fscanf(stderr, "pid %d\n", &pid); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	for deadline := time.Now().Add(20 * time.Second); len(leftovers(t)) > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v, one is %d", leftovers(t), pid)
		}
	}
}

func TestBenchFails(t *testing.T) {
	r := testing.Benchmark(func(b *testing.B) {
		mpitest.Bench(b, 2, func(world *mpi.Comm, iters int) error {
			if world.Rank() == 1 {
				return errors.New("out of luck")
			}
			_, err := mpi.Recv(world, make([]byte, 1), 1, 0)
			return err
		})
	})
	if r.N != 0 {
		t.Errorf("a benchmark that has failed reports %v", r)
	}
}

// TestBenchIters: fn runs once on every rank for each number of iterations, and only its time counts.
func TestBenchIters(t *testing.T) {
	const n = 3
	calls := map[int]*[n]int{}
	r := testing.Benchmark(func(b *testing.B) {
		calls[b.N] = new([n]int)
		mine := calls[b.N]
		mpitest.Bench(b, n, func(world *mpi.Comm, iters int) error {
			if iters != b.N {
				return fmt.Errorf("%d iterations, want %d", iters, b.N)
			}
			mine[world.Rank()]++
			return pingPong(8)(world, iters)
		})
	})
	if r.N == 0 {
		t.Fatal("the benchmark has failed")
	}
	for iters, c := range calls {
		if *c != [n]int{1, 1, 1} {
			t.Errorf("%s iterations: calls by rank %v, want one each", strconv.Itoa(iters), *c)
		}
	}
}
