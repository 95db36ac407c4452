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
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/segment"
)

// grace is how long ranks may take to end by themselves once one has failed.
const grace = 3 * time.Second

// job is the ranks of one RunProcesses or BenchProcesses and what they share. It is
// what golaunch is to a real job, without signals.
type job struct {
	order
	seg    *segment.Segment
	ranks  []*rank
	report *os.File // from rank 0, if it reports
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

// What happens in a job, besides what rank 0 reports. One goroutine, the caller's, takes it in.
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
)

// run starts the processes and sees them to their end.
func (o order) run() error {
	// The ranks die with the thread that has started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f, err := segment.Create(o.ranks, 0)
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
	j := &job{order: o, seg: seg, events: make(chan any)}
	env := os.Environ()
	if _, chosen := os.LookupEnv("GOMAXPROCS"); !chosen {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(max(2, cpus/o.ranks))) // as golaunch does
	}
	env = append(env, o.env...)
	id := strconv.FormatUint(rand.Uint64(), 16)
	for i := range o.ranks {
		info := bootstrap.Info{Rank: i, Size: o.ranks, LocalRank: i, LocalSize: o.ranks, SegmentFD: bootstrap.SegmentFD, ControlFD: bootstrap.ControlFD, Job: id}
		if err = j.start(i, info.AppendEnviron(env[:len(env):len(env)]), f); err != nil {
			j.kill()
			j.supervise()
			return fmt.Errorf("rank %d cannot be started: %w", i, err)
		}
	}
	return j.supervise()
}

// start starts one rank. Segment and control socket are descriptors 3 and 4, rank 0's report is 5.
func (j *job) start(i int, env []string, seg *os.File) error {
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
	r := &rank{number: i, control: ours, cmd: exec.Command(exe, j.args...)}
	r.cmd.Env = env
	r.cmd.Stdout, r.cmd.Stderr = j.stdout, j.stderr
	r.cmd.ExtraFiles = []*os.File{seg, theirs}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	reports := i == 0 && j.watch != nil
	if reports {
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
		if reports {
			j.report.Close()
		}
		return err
	}
	j.ranks = append(j.ranks, r)
	j.work.Go(func() { j.follow(r) })
	if reports {
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

// supervise sees the job to its end: until every process was waited for.
func (j *job) supervise() error {
	go func() {
		j.work.Wait()
		close(j.events)
	}()
	var first *rank // that failed
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
		case started, ended:
			j.watch(e)
		default:
			r := j.take(event)
			if r.failure != nil && first == nil {
				first = r
				j.seg.Abort(r.number, 1)
				patience.Reset(grace)
			}
		}
	}
	if first == nil {
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
			r.failure = fmt.Errorf("ended without having come to %s", j.call)
		case !r.final:
			r.failure = fmt.Errorf("ended in the middle of %s, with exit status 0", j.what)
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
