package mpitest

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/segment"
)

// grace is how long ranks may take to end by themselves once one has failed.
const grace = 3 * time.Second

// job is the ranks of one BenchProcesses and what they share. It is what golaunch
// is to a real job, without output and signals.
type job struct {
	b      *testing.B
	seg    *segment.Segment
	ranks  []*rank
	report *os.File // from rank 0
	events chan any
	work   sync.WaitGroup // of goroutines that post events
}

type rank struct {
	number  int
	cmd     *exec.Cmd
	control *os.File
	joined  bool
	final   bool
	failure error
}

// What happens in a job. One goroutine, the benchmark's, takes it in.
type (
	// said: a rank sent a control message.
	said struct {
		rank *rank
		m    bootstrap.Message
	}
	// exited: a rank's process is gone and was waited for. err is what Wait returned.
	exited struct {
		rank *rank
		err  error
	}
	// started and ended: rank 0 reports.
	started struct{}
	ended   struct{ ns, mallocs, bytes uint64 }
)

// processes runs this benchmark in n processes and gives b their time.
func processes(b *testing.B, n int) error {
	// The ranks die with the thread that has started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f, err := segment.Create(n, 0)
	if err != nil {
		return err
	}
	seg, err := segment.Attach(f)
	if err != nil {
		f.Close()
		return err
	}
	defer seg.Close()
	cpus := runtime.NumCPU()
	seg.SetUsable(cpus)
	j := &job{b: b, seg: seg, events: make(chan any)}
	env := os.Environ()
	if _, chosen := os.LookupEnv("GOMAXPROCS"); !chosen {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(max(2, cpus/n))) // as golaunch does
	}
	env = append(env, envBench+"="+b.Name(), envIters+"="+strconv.Itoa(b.N))
	id := strconv.FormatUint(rand.Uint64(), 16)
	args := rankArgs(b.Name(), b.N)
	for i := range n {
		info := bootstrap.Info{Rank: i, Size: n, LocalRank: i, LocalSize: n, SegmentFD: bootstrap.SegmentFD, ControlFD: bootstrap.ControlFD, Job: id}
		if err = j.start(i, args, info.AppendEnviron(env[:len(env):len(env)]), f); err != nil {
			j.kill()
			j.run()
			return fmt.Errorf("rank %d cannot be started: %w", i, err)
		}
	}
	return j.run()
}

// start starts one rank. Segment and control socket are descriptors 3 and 4, rank 0's report is 5.
func (j *job) start(i int, args, env []string, seg *os.File) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "control"), os.NewFile(uintptr(pair[1]), "control")
	defer theirs.Close()
	r := &rank{number: i, control: ours, cmd: exec.Command(exe, args...)}
	r.cmd.Env = env
	r.cmd.Stderr = os.Stderr
	r.cmd.ExtraFiles = []*os.File{seg, theirs}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if i == 0 {
		read, write, err := os.Pipe()
		if err != nil {
			ours.Close()
			return err
		}
		defer write.Close()
		j.report = read
		r.cmd.ExtraFiles = append(r.cmd.ExtraFiles, write)
	}
	if err := r.cmd.Start(); err != nil {
		ours.Close()
		if i == 0 {
			j.report.Close()
		}
		return err
	}
	j.ranks = append(j.ranks, r)
	j.work.Go(func() { j.follow(r) })
	if i == 0 {
		j.work.Go(j.listen)
	}
	return nil
}

// follow posts what a rank says, and its end. The socket ends with the process, so
// its last words are posted before its exit.
func (j *job) follow(r *rank) {
	defer r.control.Close()
	in := bootstrap.NewReader(r.control)
	for {
		m, err := in.Next()
		if err == nil {
			j.events <- said{r, m}
		} else if !errors.As(err, new(*bootstrap.BadLineError)) {
			break
		}
	}
	j.events <- exited{r, r.cmd.Wait()}
}

// listen posts rank 0's report.
func (j *job) listen() {
	defer j.report.Close()
	in := bufio.NewReader(j.report)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		var e ended
		if line == reportStart {
			j.events <- started{}
		} else if _, err := fmt.Sscanf(line, reportEnd, &e.ns, &e.mallocs, &e.bytes); err == nil {
			j.events <- e
		}
	}
}

// run sees the job to its end: until every process was waited for.
func (j *job) run() error {
	go func() {
		j.work.Wait()
		close(j.events)
	}()
	var first *rank // that failed
	measured := false
	patience := time.NewTimer(time.Hour)
	patience.Stop()
	defer patience.Stop()
	for {
		var event any
		var more bool
		select {
		case event, more = <-j.events:
		case <-patience.C:
			j.kill()
			continue
		}
		if !more {
			break
		}
		switch e := event.(type) {
		case started:
			j.b.ResetTimer()
			j.b.StartTimer()
		case ended:
			j.b.StopTimer()
			measured = true
			// Our own watch, which tells go test how many iterations come next, includes the way
			// through the pipe.
			iters := float64(j.b.N)
			j.b.ReportMetric(float64(e.ns)/iters, "ns/op")
			j.b.ReportMetric(float64(e.mallocs/uint64(j.b.N)), "allocs/op")
			j.b.ReportMetric(float64(e.bytes/uint64(j.b.N)), "B/op")
		default:
			r := j.take(event)
			if r.failure != nil && first == nil {
				first = r
				j.seg.Abort(r.number, 1)
				patience.Reset(grace)
			}
		}
	}
	j.b.StopTimer()
	if first == nil {
		if !measured {
			return errors.New("rank 0 has not reported a time")
		}
		return nil
	}
	// The first that we heard of may have failed because of another.
	if culprit, _, yes := j.seg.Aborted(); yes && culprit >= 0 && culprit < len(j.ranks) && j.ranks[culprit].failure != nil {
		first = j.ranks[culprit]
	}
	return fmt.Errorf("rank %d: %w", first.number, first.failure)
}

// take notes what a rank said, or how it ended.
func (j *job) take(event any) *rank {
	switch e := event.(type) {
	case said:
		switch e.m.Op {
		case bootstrap.OpHello:
			e.rank.joined = true
		case bootstrap.OpFinalize:
			e.rank.final = true
		case bootstrap.OpAbort:
			e.rank.failure = errors.New(strings.TrimPrefix(e.m.Why, fmt.Sprintf("Abort(%d): ", e.m.Code)))
		}
		return e.rank
	case exited:
		r := e.rank
		switch {
		case r.failure != nil:
		case e.err != nil:
			r.failure = e.err
		case !r.joined:
			r.failure = errors.New("ended without having come to BenchProcesses")
		case !r.final:
			r.failure = errors.New("ended in the middle of the benchmark, with exit status 0")
		}
		return r
	}
	panic("unreachable")
}

func (j *job) kill() {
	for _, r := range j.ranks {
		r.cmd.Process.Kill()
	}
}
