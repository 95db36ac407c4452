package mpi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/topo"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/inproc"
	"github.com/golaunch/golaunch/runtime/transport/shm"
)

// process is the runtime of one rank, be it a process or a goroutine.
type process struct {
	eng    *engine.Engine
	job    *segment.Job
	client *bootstrap.Client // nil without golaunch
	local  *localJob         // of RunLocal
	world  *Comm
	opts   options

	shipments shipments

	mu      sync.Mutex
	comms   map[uint32]*Comm
	early   map[uint32]bool // revoked before this rank has made them
	left    []leftOver
	nextID  uint32
	freeIDs []uint32

	nextBlock  int32
	freeBlocks []usedBlock

	ctx    context.Context
	cancel context.CancelCauseFunc
	catch  sync.Once
	final  bool
}

func newProcess(ep transport.Endpoint, opts options) (*process, error) {
	p := &process{job: ep.Job(), opts: opts, comms: map[uint32]*Comm{}, early: map[uint32]bool{}}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	var err error
	if opts.nodes != "" {
		nodes, err := topo.ParseNodes(opts.nodes)
		if err != nil {
			return nil, err
		}
		if ep, err = transport.Apart(ep, nodes); err != nil {
			return nil, err
		}
	}
	p.eng, err = engine.New(engine.Config{Endpoint: ep, OnRevoke: p.revokedByPeer, OnEpoch: p.newEpoch, OnStall: p.stalled,
		Member: p.member, Acked: p.acked, Trace: opts.trace})
	if err != nil {
		return nil, err
	}
	members := make([]int32, ep.Size())
	for i := range members {
		members[i] = int32(i)
	}
	if ep.Rank() == 0 {
		p.nextID, p.nextBlock = 1, 1 // 0 is the world's
	}
	p.world = newComm(p, 0, members, ep.Rank(), "world")
	p.world.shared.block = 0
	if opts.faults == Return {
		p.job.ReturnFaults()
	}
	p.job.MarkInit(ep.Rank())
	return p, nil
}

// newEpoch runs with the engine's token.
func (p *process) newEpoch() { p.endContext() }

// endContext ends the job's context if the job was aborted.
func (p *process) endContext() {
	if rank, code, yes := p.job.Aborted(); yes {
		who := "golaunch"
		switch {
		case rank >= 0:
			who = fmt.Sprintf("rank %d", rank)
		case rank == segment.Nobody:
			who = "nobody, the shared memory holds nonsense,"
		}
		p.cancel(fmt.Errorf("%w by %s with code %d", ErrAborted, who, code))
	}
}

// stalled runs with the engine's token.
func (p *process) stalled() {
	if p.client != nil {
		go p.client.Stalled()
	}
}

// context is the job's context; asking for it makes SIGTERM end it instead of the process.
func (p *process) context() context.Context {
	p.catch.Do(func() {
		if p.local != nil {
			return
		}
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, syscall.SIGTERM)
		go func() {
			s := <-ch
			p.cancel(fmt.Errorf("%w: received signal %v", ErrAborted, s))
		}()
	})
	return p.ctx
}

// abort ends the job because of this rank.
func (p *process) abort(code int, why string) error {
	rank := p.eng.Rank()
	if p.local != nil {
		p.local.abort(p, code)
		err := fmt.Errorf("%w by rank %d: %s", ErrAborted, rank, why)
		p.local.blame(rank, errors.New(why))
		return err
	}
	p.job.Abort(rank, code)
	if p.client != nil {
		p.client.Abort(code, why)
	} else {
		fmt.Fprintf(os.Stderr, "mpi: %s\n", why)
	}
	os.Exit(code)
	return nil
}

// finalize ends the runtime of this rank in order.
func (p *process) finalize() error {
	if err := p.unfinished(); err != nil {
		return err
	}
	p.eng.Quiesce()
	p.mu.Lock()
	for _, c := range p.comms {
		c.shared.detach()
	}
	p.mu.Unlock()
	p.landAll()
	leaks := p.leaks()
	p.final = true
	p.job.MarkFinal(p.eng.Rank())
	p.job.Notify()
	var err error
	if p.client != nil {
		err = p.client.Finalize()
	}
	if leaks != "" {
		fmt.Fprintf(os.Stderr, "mpi: rank %d: %s\n", p.eng.Rank(), leaks)
	}
	return err
}

// leaks tells of buffers that were not freed, or "".
func (p *process) leaks() string {
	n, bytes, err := p.eng.HeapInUse()
	if err != nil || n == 0 {
		return ""
	}
	return fmt.Sprintf("%d buffers from Alloc (%d bytes) were not freed before Finalize", n, bytes)
}

var world struct {
	sync.Mutex
	p    *process
	once bool
}

// Init makes this process a rank and returns the world. Most programs call Run
// instead. Without golaunch it is a world of one.
func Init(opts ...Option) (*Comm, error) {
	world.Lock()
	defer world.Unlock()
	if world.once {
		panic(panicInit)
	}
	world.once = true
	var o options
	for _, f := range opts {
		f(&o)
	}
	p, err := initProcess(o)
	if err != nil {
		return nil, err
	}
	world.p = p
	return p.world, nil
}

// joinError is why a rank can't join its job. golaunch, when told, says it for all ranks.
type joinError struct {
	error
	told bool
}

func (e *joinError) Unwrap() error { return e.error }

func initProcess(o options) (*process, error) {
	info, err := bootstrap.FromEnv()
	if err != nil {
		return nil, fmt.Errorf("mpi: %w", err)
	}
	if info == nil {
		if err := foreignLauncher(os.LookupEnv); err != nil {
			return nil, err
		}
		w, err := inproc.New(1)
		if err != nil {
			return nil, fmt.Errorf("mpi: %w", err)
		}
		return newProcess(w.Endpoint(0), o)
	}
	o.trace = info.Trace
	o.check = o.check || info.Check
	client, err := bootstrap.Connect(info)
	if err != nil {
		return nil, fmt.Errorf("mpi: rank %d: %w", info.Rank, err)
	}
	ep, err := shm.Open(os.NewFile(uintptr(info.SegmentFD), "segment"), info.LocalRank)
	if err != nil {
		err = fmt.Errorf("cannot join the job: %w", err)
		told := client.Abort(1, err.Error()) == nil
		return nil, &joinError{fmt.Errorf("mpi: rank %d: %w", info.Rank, err), told}
	}
	p, err := newProcess(ep, o)
	if err != nil {
		return nil, fmt.Errorf("mpi: rank %d: %w", info.Rank, err)
	}
	p.client = client
	client.OnDump = func(id int) { client.Report(id, p.report()) }
	client.OnLost = func() {
		fmt.Fprintf(os.Stderr, "mpi: rank %d: golaunch is gone, ending\n", info.Rank)
		os.Exit(1)
	}
	if err := client.Hello(os.Getpid(), segment.Version); err != nil {
		return nil, fmt.Errorf("mpi: rank %d: %w", info.Rank, err)
	}
	return p, nil
}

// foreignLauncher refuses to be silently alone when another launcher started several processes.
func foreignLauncher(look func(string) (string, bool)) error {
	for _, f := range [...]struct{ env, who string }{
		{"OMPI_COMM_WORLD_SIZE", "Open MPI's mpirun"},
		{"PMIX_RANK", "a PMIx launcher"},
		{"PMI_RANK", "a PMI launcher (MPICH's mpiexec, or srun)"},
		{"PMI_ID", "a PMI launcher"},
	} {
		if v, ok := look(f.env); ok {
			return fmt.Errorf("mpi: this process was started by %s (%s=%s), which golaunch programs cannot join: start it with golaunch -n, or unset %s to run alone",
				f.who, f.env, v, f.env)
		}
	}
	return nil
}

// Finalize ends what Init began: what was sent is delivered, and golaunch knows that this rank leaves in order.
func Finalize() error {
	world.Lock()
	p := world.p
	world.p = nil
	world.Unlock()
	if p == nil {
		panic(panicNoInit)
	}
	return p.finalize()
}

// Run is the normal way in, to be called from main: it makes this process a
// rank, calls fn with the world, and ends in order. An error or a panic of fn aborts the
// whole job with a non-zero exit code, and golaunch names the rank and the cause.
func Run(fn func(world *Comm) error, opts ...Option) {
	c, err := Init(opts...)
	if err != nil {
		if join := (*joinError)(nil); !errors.As(err, &join) || !join.told {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	p := c.shared.proc
	crash, err := guard(fn, c)
	if crash != "" {
		os.Stderr.WriteString(crash)
		p.abort(2, err.Error())
	}
	if err != nil {
		if _, _, yes := p.job.Aborted(); yes || errors.Is(err, ErrAborted) { // somebody else is to blame
			os.Exit(1)
		}
		p.abort(1, err.Error())
	}
	if err := Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// guard calls fn and turns a panic into an error and the text that Go would have printed.
func guard(fn func(*Comm) error, c *Comm) (crash string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
			crash = fmt.Sprintf("panic: %v\n\n%s", r, debug.Stack())
		}
	}()
	return "", fn(c)
}
