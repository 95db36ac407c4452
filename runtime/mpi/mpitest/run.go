package mpitest

import (
	"bytes"
	"os"
	"sync"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// Run runs fn on n ranks that are goroutines, so that -race sees everything, and
// fails t if one returns an error or panics.
func Run(t testing.TB, n int, fn func(world *mpi.Comm) error, opts ...mpi.Option) {
	t.Helper()
	if err := mpi.RunLocal(n, fn, opts...); err != nil {
		t.Fatalf("%d ranks: %v", n, err)
	}
}

// RunProcesses runs fn on n ranks that are processes of this machine, and fails t if one
// returns an error, panics, dies or fails t itself. What they print is in t's log.
//
// Each of them is this test binary once more, told to run this test alone: up to this call, which
// runs fn and ends the process. So the code before it runs in every rank as well: it should only choose what
// all ranks must agree on, from the environment if it is random. A test can call it
// once; sub-tests (t.Run) each have their own. Flags that are not go test's reach the ranks. When go test is killed,
// so are they. It skips the test where there is no Linux.
func RunProcesses(t testing.TB, n int, fn func(world *mpi.Comm) error, opts ...mpi.Option) {
	t.Helper()
	if name, ok := os.LookupEnv(envTest); ok {
		if t.Name() != name { // on the way to a sub-test
			return
		}
		beRank(fn, func() bool { return !t.Failed() }, opts)
		if t.Failed() {
			t.FailNow() // and testing prints why
		}
		os.Exit(0)
	}
	if !canRunProcesses {
		t.Skip("ranks as processes need Linux")
	}
	var out output
	err := order{
		ranks: n, args: rankArgs(t.Name(), 0), env: []string{envTest + "=" + t.Name()},
		stdout: &out, stderr: &out,
		what: "the test", call: "RunProcesses",
	}.run()
	if out.b.Len() > 0 {
		t.Logf("the ranks said:\n%s", &out.b)
	}
	if err != nil {
		t.Fatalf("%d ranks: %v", n, err)
	}
}

// output collects what several processes print.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}
