package launcher

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golaunch/golaunch/launcher/spawn"
	"github.com/golaunch/golaunch/runtime/segment"
)

// Run runs a job to its end and returns golaunch's exit code. An error means that
// nothing was started; it is an *Error.
//
// The calling program must call spawn.KeeperMain first thing in main. The process
// becomes a child subreaper, and when its keeper dies all its descendants are killed:
// Run is for a command like golaunch, not for a part of a larger process.
func Run(o *Options) (int, error) {
	o.setDefaults()
	p, err := makePlan(o)
	if err != nil {
		return 0, err
	}
	if o.DryRun {
		if o.Verbose {
			for _, line := range describeDefaults(o.files, o.settings) {
				fmt.Fprintf(o.Stderr, "golaunch: %s\n", line)
			}
		}
		p.show(o.Stdout)
		if p.elsewhere != nil {
			return 0, &Error{codeUsage, p.elsewhere}
		}
		return 0, nil
	}
	p.tell(o.Stderr)
	if err := buildAll(p); err != nil {
		return 0, err
	}
	defer freeAll(p)
	r := &run{plan: p, events: make(chan any, 64), quit: make(chan bool)}
	defer r.close()
	if err := r.prepare(); err != nil {
		return 0, err
	}
	if err := r.start(); err != nil {
		return 0, err
	}
	return r.loop(), nil
}

// run is the shell around a job: processes, sockets, pipes, timers, signals. It turns
// what happens into events for the job, and the job's actions into system calls.
type run struct {
	*plan
	job    *job
	seg    *segment.Segment
	keeper *spawn.Keeper
	req    spawn.Request

	controls []*control
	streams  []*stream
	readers  sync.WaitGroup // of streams
	feeder   *feeder
	out, err *sink
	print    chan string // golaunch's own messages, written by a goroutine: the loop never waits for a slow terminal
	printed  chan bool   // closed when all are written
	toClose  []*os.File  // closed at the end
	given    []*os.File  // handed to the keeper, closed once it has them

	events chan any
	quit   chan bool // closed when nobody takes events any more
	stop   func()    // of signals
}

// post hands an event to the loop. It may block, so the loop itself never calls it.
func (r *run) post(ev any) {
	select {
	case r.events <- ev:
	case <-r.quit:
	}
}

func (r *run) close() {
	if r.stop != nil {
		r.stop()
	}
	for _, f := range append(r.given, r.toClose...) {
		f.Close()
	}
	for _, c := range r.controls {
		c.f.Close()
	}
	for _, s := range r.streams {
		s.f.Close()
	}
	if r.seg != nil {
		r.seg.Close()
	}
}

// tooMany turns a failure to make a descriptor into a sentence.
func (r *run) tooMany(what string, err error) error {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return &Error{codeError, fmt.Errorf("%s: %w: %s need about %d open files, %d are allowed (ulimit -n)", what, reason(err), count(r.n, "rank"), r.filesNeeded(), openFiles())}
	}
	return &Error{codeError, fmt.Errorf("%s: %w", what, err)}
}

// prepare makes everything that the ranks inherit.
func (r *run) prepare() error {
	if need, have := r.filesNeeded(), openFiles(); need > have {
		return &Error{codeError, fmt.Errorf("too many open files: %s need about %d, %d are allowed (ulimit -n)", count(r.n, "rank"), need, have)}
	}
	f, err := segment.Create(r.n, 0)
	if err != nil {
		return r.tooMany("no memory for the segment that the ranks share", err)
	}
	r.req.Segment = int(f.Fd())
	if r.seg, err = segment.Attach(f); err != nil {
		f.Close()
		return r.tooMany("no memory for the segment that the ranks share", err)
	}
	r.seg.SetUsable(r.usable)

	var id [8]byte
	unix.Getrandom(id[:], 0)
	r.req.Job = hex.EncodeToString(id[:])
	for i, t := range r.targets {
		prog := r.Programs[i]
		r.req.Programs = append(r.req.Programs, spawn.Program{Path: t.path, Args: append([]string{t.argv0}, prog.Args...), Dir: prog.Dir, Env: r.own[i]})
	}
	r.out, r.err = r.sinks()
	if r.OutDir != "" {
		if err := os.MkdirAll(r.OutDir, 0o777); err != nil {
			return &Error{codeUsage, fmt.Errorf("-outdir %s: %w", r.OutDir, reason(err))}
		}
	}
	r.req.Ranks = make([]spawn.Rank, r.n)
	if err := r.inputs(); err != nil {
		return err
	}
	for i := range r.n {
		k := &r.req.Ranks[i]
		k.Program, k.CPUs = r.ranks[i], r.bound(i)
		ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			return r.tooMany("control socket", err)
		}
		r.controls = append(r.controls, &control{rank: i, f: os.NewFile(uintptr(ends[0]), "control socket"), post: r.post})
		k.Control = r.give(os.NewFile(uintptr(ends[1]), "control socket"))
		if err := r.outputs(i, k); err != nil {
			return err
		}
	}
	return nil
}

// give notes a file that the keeper inherits, and returns its descriptor.
func (r *run) give(f *os.File) int {
	r.given = append(r.given, f)
	fd, err := rawFD(f)
	if err != nil {
		return -1
	}
	return fd
}

// rawFD returns the descriptor of f. Unlike f.Fd, it doesn't make it blocking.
func rawFD(f *os.File) (int, error) {
	c, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	n := -1
	err = c.Control(func(fd uintptr) { n = int(fd) })
	return n, err
}

// sinks are golaunch's own standard output and error; they are one if they lead to the
// same file, or lines of the two would mix there.
func (r *run) sinks() (out, errs *sink) {
	out = &sink{w: r.Stdout, lost: func(err error) { r.post(evOutputLost{reason(err)}) }}
	a, err1 := r.Stdout.Stat()
	b, err2 := r.Stderr.Stat()
	if err1 == nil && err2 == nil && os.SameFile(a, b) {
		return out, out
	}
	return out, &sink{w: r.Stderr}
}

// outputs makes the standard output and error of a rank.
func (r *run) outputs(rank int, k *spawn.Rank) error {
	var err error
	for _, s := range []struct {
		fd   *int
		own  *os.File
		sink *sink
		name string
	}{{&k.Stdout, r.Stdout, r.out, "out"}, {&k.Stderr, r.Stderr, r.err, "err"}} {
		to := s.sink
		if r.OutDir != "" {
			path := filepath.Join(r.OutDir, "rank."+strconv.Itoa(rank)+"."+s.name)
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o666)
			if err != nil {
				if errors.Is(err, syscall.EMFILE) {
					return r.tooMany("-outdir "+r.OutDir, err)
				}
				return &Error{codeUsage, fmt.Errorf("-outdir %s: %w", r.OutDir, err)}
			}
			if !r.prefixed() {
				*s.fd = r.give(f)
				continue
			}
			r.toClose = append(r.toClose, f)
			to = &sink{w: f, lost: func(err error) { r.post(evOutputLost{err}) }}
		} else if r.n == 1 && !r.prefixed() {
			// A single rank writes to our own output: nobody to keep apart.
			if *s.fd, err = rawFD(s.own); err != nil {
				return &Error{codeError, err}
			}
			continue
		}
		if *s.fd, err = r.pipe(rank, to); err != nil {
			return err
		}
	}
	return nil
}

// pipe makes a stream from a rank to a sink and returns the rank's end.
func (r *run) pipe(rank int, to *sink) (int, error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return -1, r.tooMany("pipe for output", err)
	}
	// Our end only: a rank doesn't expect its output to be non-blocking.
	syscall.SetNonblock(fds[0], true)
	s := &stream{f: os.NewFile(uintptr(fds[0]), "output of a rank")}
	r.streams = append(r.streams, s)
	l := &lines{to: to}
	if r.Tag {
		l.tag = tagOf(rank)
	}
	if r.Timestamp {
		l.now = time.Now
	}
	// Whoever types answers wants to see the questions.
	l.direct = !r.prefixed() && r.OutDir == "" && int(r.Stdin) == rank && r.feeder != nil && r.feeder.terminal
	r.readers.Add(1)
	go func() {
		defer r.readers.Done()
		copyLines(s.Read, l)
	}()
	return r.give(os.NewFile(uintptr(fds[1]), "output of a rank")), nil
}

// inputs decides who reads what.
func (r *run) inputs() error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return r.tooMany("input of the ranks", err)
	}
	nullFD := r.give(null)
	for i := range r.req.Ranks {
		r.req.Ranks[i].Stdin = nullFD
	}
	if r.Stdin == StdinNone {
		return nil
	}
	in, err := rawFD(r.In)
	if err != nil {
		return nil // golaunch has no standard input, so the ranks have none
	}
	terminal := isTerminal(in)
	if r.Stdin != StdinAll && !terminal {
		r.req.Ranks[r.Stdin].Stdin = in
		return nil
	}
	r.feeder = &feeder{in: r.In, terminal: terminal}
	for i := range r.req.Ranks {
		if r.Stdin != StdinAll && int(r.Stdin) != i {
			continue
		}
		var fds [2]int
		if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
			return r.tooMany("pipe for input", err)
		}
		syscall.SetNonblock(fds[1], true) // our end: a rank that doesn't read must not hold a thread
		r.feeder.to = append(r.feeder.to, os.NewFile(uintptr(fds[1]), "input of a rank"))
		r.req.Ranks[i].Stdin = r.give(os.NewFile(uintptr(fds[0]), "input of a rank"))
	}
	return nil
}

// start starts the keeper and everything that listens.
func (r *run) start() error {
	names := make([]string, r.n)
	for i, prog := range r.ranks {
		names[i] = r.Programs[prog].Name
	}
	r.job = newJob(jobConfig{
		programs: names, host: r.host, segment: segment.Version, grace: r.Grace, timeout: r.Timeout, verbose: r.Verbose,
		faults: r.seg.FaultsReturn, aborted: r.seg.Aborted, shorten: shorten, now: time.Now,
	})
	r.print, r.printed = make(chan string, 256), make(chan bool)
	go func() {
		for text := range r.print {
			r.err.write([]byte(text))
		}
		close(r.printed)
	}()
	r.stop = catchSignals(r.post)
	var err error
	if r.keeper, err = spawn.Start(&r.req, r.env); err != nil {
		return &Error{codeError, err}
	}
	for _, f := range r.given {
		f.Close()
	}
	r.given = nil
	for _, c := range r.controls {
		go c.serve()
	}
	go r.listen()
	r.feeder.begin()
	return nil
}

// shorten makes the file in "file.go:line function" relative to the working directory
// if it lies below.
func shorten(where string) string {
	if dir, err := os.Getwd(); err == nil {
		if rest, ok := strings.CutPrefix(where, dir+string(filepath.Separator)); ok {
			return rest
		}
	}
	return where
}

// listen reads what the keeper tells.
func (r *run) listen() {
	for {
		rec, err := r.keeper.Next()
		if err != nil {
			r.keeperLost()
			return
		}
		switch rec.Kind {
		case spawn.Started:
			r.post(evStarted{rec.Rank, rec.PID})
		case spawn.NotStarted:
			code, why := notStarted(r.targets[r.ranks[rec.Rank]].path, syscall.Errno(rec.Value))
			r.post(evNotStarted{rec.Rank, code, why})
		case spawn.Exited:
			r.controls[rec.Rank].after(evExited{rec.Rank, statusOf(syscall.WaitStatus(rec.Value))})
		case spawn.AllGone:
			r.post(evAllGone{int(rec.Value)})
			return
		}
	}
}

func statusOf(ws syscall.WaitStatus) exitStatus {
	if ws.Signaled() {
		return exitStatus{128 + int(ws.Signal()), signalName(ws.Signal())}
	}
	return exitStatus{code: ws.ExitStatus()}
}

// keeperLost: the keeper ended before its ranks. The system kills the ranks, and what
// they had started is ours now.
func (r *run) keeperLost() {
	st := statusOf(r.keeper.Wait())
	ev := evKeeperLost{code: codeError, how: fmt.Sprintf("ended with exit code %d before its time", st.code)}
	if st.signal != "" {
		ev.code, ev.how = st.code, "was killed by "+st.signal
	}
	ev.clean = spawn.KillDescendants(stuckWait)
	r.post(ev)
}

// loop runs the job.
func (r *run) loop() int {
	actions := r.job.begin()
	started := 0
	for {
		for _, a := range actions {
			if f, ok := a.(actFinish); ok {
				return r.finish(f)
			}
			r.act(a)
		}
		ev := <-r.events
		switch ev.(type) {
		case evStarted, evNotStarted:
			if started++; started == r.n {
				freeAll(r.plan)
			}
		}
		actions = r.job.step(ev)
	}
}

// act carries out one action.
func (r *run) act(a any) {
	switch a := a.(type) {
	case actSignal:
		r.signal(a)
	case actStop:
		r.keeper.SignalAll(syscall.SIGSTOP)
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case actCont:
		r.keeper.SignalAll(syscall.SIGCONT)
		r.feeder.begin()
	case actKill:
		r.keeper.KillTree()
	case actAbort:
		r.seg.Abort(a.rank, a.code)
	case actMarkDead:
		r.seg.MarkDead(a.rank)
	case actDump:
		r.controls[a.rank].dump(a.id)
	case actWatch:
		r.watch(a.rank, a.pid)
	case actTimer:
		time.AfterFunc(a.after, func() { r.post(evTimer{a.kind, a.rank}) })
	case actPrint:
		r.print <- a.text
	}
}

func (r *run) signal(a actSignal) {
	switch {
	case a.rank != allRanks:
		r.keeper.Signal(a.rank, a.sig)
	case a.except == noRank:
		r.keeper.SignalAll(a.sig)
	default:
		for i := range r.n {
			if i != a.except {
				r.keeper.Signal(i, a.sig)
			}
		}
	}
}

// watch looks after the process that called Init where it isn't the one that we
// started. A process id from another PID namespace means nothing here and isn't
// watched: the rank's end then is its wrapper's.
func (r *run) watch(rank, pid int) {
	c := r.controls[rank]
	gone := func() { c.after(evProgramGone{rank}) } // on another goroutine than the loop, which takes the event
	if !spawn.DescendsFrom(pid, r.keeper.PID) {
		if syscall.Kill(pid, 0) == syscall.ESRCH {
			go gone()
		}
		return
	}
	w, err := spawn.Watch(pid)
	if err != nil {
		if errors.Is(err, syscall.ESRCH) {
			go gone()
		}
		return
	}
	r.toClose = append(r.toClose, w)
	go func() {
		if spawn.WaitGone(w) {
			gone()
		}
	}()
}

// finish prints what is left to print and returns the exit code.
func (r *run) finish(f actFinish) int {
	close(r.quit)
	for _, s := range r.streams {
		s.stop()
	}
	r.readers.Wait()
	r.print <- f.text
	close(r.print)
	<-r.printed
	r.keeper.Close()
	if r.job.gone {
		r.keeper.Wait()
	}
	return f.code
}
