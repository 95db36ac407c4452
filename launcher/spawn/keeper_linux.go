package spawn

import (
	"encoding/binary"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

// keeperName is argv[0] of the keeper: what ps shows, and what tells a binary that
// it was started as one.
const keeperName = "golaunch-keeper"

// keeperFD is the keeper's end of its socket; the inherited descriptors of the
// request follow it.
const keeperFD = 3

// KeeperMain turns the process into the keeper if it was started as one, and
// doesn't return then. To be called first thing in main (or TestMain) of every
// program that calls Start.
func KeeperMain() {
	if len(os.Args) != 1 || os.Args[0] != keeperName {
		return
	}
	// Ranks are told to die with the thread that started them: this goroutine keeps
	// its thread, and neither ends before the process does.
	runtime.LockOSThread()
	k := &keeper{gone: make(chan struct{})}
	k.run()
	os.Exit(0)
}

// keeper is the state of the keeper's process.
type keeper struct {
	req *Request

	mu      sync.Mutex
	pids    []int       // process of each rank; 0 when not started or already reaped
	rankOf  map[int]int // process -> rank, while it runs
	killing bool
	killed  map[int]bool // what killing has killed, ranks excluded

	out  sync.Mutex    // one record at a time on the socket
	gone chan struct{} // closed when no descendant is left
}

func (k *keeper) run() {
	if unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != nil {
		return // golaunch sees the end of the socket
	}
	if !k.read() {
		return
	}
	k.start()
	go k.reap()
	go k.obey()
	<-k.gone
}

// read reads the request.
func (k *keeper) read() bool {
	var size [4]byte
	if _, err := io.ReadFull(socket{}, size[:]); err != nil {
		return false
	}
	body := make([]byte, min(binary.LittleEndian.Uint32(size[:]), 1<<30))
	if _, err := io.ReadFull(socket{}, body); err != nil {
		return false
	}
	var err error
	k.req, err = decodeRequest(body)
	return err == nil
}

// start starts the ranks and tells golaunch about all of them at once.
func (k *keeper) start() {
	last := keeperFD
	for _, r := range k.req.Ranks {
		last = max(last, r.Stdin, r.Stdout, r.Stderr, r.Control)
	}
	last = max(last, k.req.Segment)
	closeOnExec(keeperFD, last)

	envs := make([][]string, len(k.req.Programs))
	for i, p := range k.req.Programs {
		envs[i] = overlay(os.Environ(), p.Env)
	}
	size := len(k.req.Ranks)
	k.pids = make([]int, size)
	k.rankOf = make(map[int]int, size)
	var records []byte
	for i, r := range k.req.Ranks {
		p := k.req.Programs[r.Program]
		info := bootstrap.Info{Rank: i, Size: size, LocalRank: i, LocalSize: size, SegmentFD: bootstrap.SegmentFD, ControlFD: bootstrap.ControlFD, Job: k.req.Job}
		files := []uintptr{uintptr(r.Stdin), uintptr(r.Stdout), uintptr(r.Stderr)}
		env := envs[r.Program]
		if k.req.Segment >= 0 && r.Control >= 0 {
			files = append(files, uintptr(k.req.Segment), uintptr(r.Control))
			env = info.AppendEnviron(slices.Clip(env))
		}
		if len(r.CPUs) > 0 {
			bind(r.CPUs) // children inherit it; this thread does nothing else
		}
		pid, err := syscall.ForkExec(p.Path, p.Args, &syscall.ProcAttr{
			Dir:   p.Dir,
			Env:   env,
			Files: files,
			Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
		})
		if err != nil {
			errno, _ := err.(syscall.Errno)
			records = Record{Kind: NotStarted, Rank: i, Value: uint32(errno)}.append(records)
			break
		}
		k.pids[i] = pid
		k.rankOf[pid] = i
		records = Record{Kind: Started, Rank: i, PID: pid}.append(records)
	}
	// golaunch sees the end of a rank's output only when nobody else holds it.
	closeRange(keeperFD+1, last)
	null, err := syscall.Open("/dev/null", syscall.O_RDWR, 0)
	if err == nil {
		syscall.Dup3(null, 0, 0)
		syscall.Dup3(null, 1, 0)
		syscall.Close(null)
	}
	k.send(records)
}

// reap waits for every child, ranks and adopted orphans alike.
func (k *keeper) reap() {
	for {
		// First look, then reap under the lock: so obey never signals a process id
		// that is already free for another process.
		var info unix.Siginfo
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOWAIT|unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			break // ECHILD: nobody is left, and nobody can come any more
		}
		k.mu.Lock()
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG|syscall.WALL, nil)
		rank, isRank := k.rankOf[pid]
		if isRank {
			delete(k.rankOf, pid)
			k.pids[rank] = 0
		}
		k.mu.Unlock()
		if err == nil && isRank {
			k.send(Record{Kind: Exited, Rank: rank, PID: pid, Value: uint32(ws)}.append(nil))
		}
	}
	k.mu.Lock()
	n := len(k.killed)
	k.mu.Unlock()
	k.send(Record{Kind: AllGone, Value: uint32(n)}.append(nil))
	close(k.gone)
}

// obey carries out golaunch's commands. When golaunch is gone, everybody dies.
func (k *keeper) obey() {
	for {
		var b [commandSize]byte
		if _, err := io.ReadFull(socket{}, b[:]); err != nil {
			k.kill()
			return
		}
		sig, rank := decodeCommand(&b)
		if sig == killTree {
			go k.kill()
			continue
		}
		k.mu.Lock()
		for i, pid := range k.pids {
			if pid != 0 && (rank == everyRank || rank == i) {
				syscall.Kill(-pid, syscall.Signal(sig))
			}
		}
		k.mu.Unlock()
	}
}

// kill kills every descendant until none is left.
func (k *keeper) kill() {
	k.mu.Lock()
	if k.killing {
		k.mu.Unlock()
		return
	}
	k.killing = true
	k.killed = make(map[int]bool)
	for _, pid := range k.pids {
		if pid != 0 {
			syscall.Kill(-pid, syscall.SIGKILL)
		}
	}
	k.mu.Unlock()
	for round := 0; ; round++ {
		killOnce(func(pid int) {
			k.mu.Lock()
			if _, isRank := k.rankOf[pid]; !isRank {
				k.killed[pid] = true
			}
			k.mu.Unlock()
		})
		select {
		case <-k.gone:
			return
		case <-time.After(pause(round)):
		}
	}
}

// send writes records to golaunch; when it is gone, obey sees that.
func (k *keeper) send(records []byte) {
	k.out.Lock()
	defer k.out.Unlock()
	for len(records) > 0 {
		n, err := syscall.Write(keeperFD, records)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return
		}
		records = records[n:]
	}
}

// socket is keeperFD as an io.Reader; it blocks.
type socket struct{}

func (socket) Read(b []byte) (int, error) {
	for {
		n, err := syscall.Read(keeperFD, b)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// overlay returns base with the variables of over in place of base's. The first of
// two equal names counts in a C program, so there must be one only.
func overlay(base, over []string) []string {
	if len(over) == 0 {
		return base
	}
	names := make(map[string]int, len(over))
	for i, v := range over {
		name, _, _ := strings.Cut(v, "=")
		names[name] = i // the last one counts
	}
	env := make([]string, 0, len(base)+len(over))
	for _, v := range base {
		name, _, _ := strings.Cut(v, "=")
		if _, ok := names[name]; !ok {
			env = append(env, v)
		}
	}
	for i, v := range over {
		if name, _, _ := strings.Cut(v, "="); names[name] == i {
			env = append(env, v)
		}
	}
	return env
}

func closeOnExec(first, last int) {
	if unix.CloseRange(uint(first), uint(last), unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	for fd := first; fd <= last; fd++ { // before Linux 5.11
		syscall.CloseOnExec(fd)
	}
}

func closeRange(first, last int) {
	if first > last || unix.CloseRange(uint(first), uint(last), 0) == nil {
		return
	}
	for fd := first; fd <= last; fd++ {
		syscall.Close(fd)
	}
}

// bind ties the calling thread, and what it starts from now on, to processors.
func bind(cpus []int) {
	var set unix.CPUSet
	for _, c := range cpus {
		set.Set(c)
	}
	unix.SchedSetaffinity(0, &set)
}
