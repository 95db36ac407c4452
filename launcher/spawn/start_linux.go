package spawn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Keeper is golaunch's side of a running keeper.
type Keeper struct {
	PID int

	conn *os.File
	in   []byte // buffer of Next
	have []byte // records in it that were not returned yet

	mu sync.Mutex // one command at a time
}

// Start starts the keeper, which starts the ranks of req. env is the environment
// of all of them, before what the programs add. Start returns as soon as the keeper
// runs; what became of the ranks comes through Next. The caller may close its
// copies of req's descriptors afterwards.
//
// The process becomes a child subreaper: orphans of a killed keeper fall to it.
func Start(req *Request, env []string) (*Keeper, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("spawn: becoming a subreaper: %w", err)
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("spawn: socket to the keeper: %w", err)
	}
	defer syscall.Close(pair[1])

	local, files := renumber(req, pair[1])
	pid, err := syscall.ForkExec("/proc/self/exe", []string{keeperName}, &syscall.ProcAttr{
		Env:   env,
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		syscall.Close(pair[0])
		return nil, fmt.Errorf("spawn: starting the keeper: %w", err)
	}
	// Non-blocking: golaunch waits for it in the network poller.
	syscall.SetNonblock(pair[0], true)
	k := &Keeper{PID: pid, conn: os.NewFile(uintptr(pair[0]), "keeper"), in: make([]byte, 256*recordSize)}
	body := local.encode()
	msg := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	if _, err := k.conn.Write(append(msg, body...)); err != nil {
		k.conn.Close()
		k.Wait()
		return nil, fmt.Errorf("spawn: request to the keeper: %w", err)
	}
	return k, nil
}

// renumber returns the request with the descriptors that the keeper will have, and
// the table that gives it them: 0 to 2 are ours, keeperFD is its socket, then every
// other descriptor of the request, once.
func renumber(req *Request, socket int) (*Request, []uintptr) {
	files := []uintptr{0, 1, 2, uintptr(socket)}
	number := map[int]int{-1: -1, 0: 0, 1: 1, 2: 2}
	give := func(fd int) int {
		n, ok := number[fd]
		if !ok {
			n = len(files)
			files = append(files, uintptr(fd))
			number[fd] = n
		}
		return n
	}
	local := *req
	local.Segment = give(req.Segment)
	local.Ranks = make([]Rank, len(req.Ranks))
	for i, r := range req.Ranks {
		r.Stdin, r.Stdout, r.Stderr, r.Control = give(r.Stdin), give(r.Stdout), give(r.Stderr), give(r.Control)
		local.Ranks[i] = r
	}
	return &local, files
}

// Next waits for the keeper's next record. The error is io.EOF when the keeper is
// gone, after AllGone or before its time. One goroutine may call it.
func (k *Keeper) Next() (Record, error) {
	for len(k.have) < recordSize {
		n := copy(k.in, k.have)
		m, err := k.conn.Read(k.in[n:])
		if m <= 0 && err != nil {
			return Record{}, io.EOF
		}
		k.have = k.in[:n+m]
	}
	r := decodeRecord((*[recordSize]byte)(k.have))
	k.have = k.have[recordSize:]
	return r, nil
}

// Signal sends a signal to the process group of one rank that still runs.
func (k *Keeper) Signal(rank int, sig syscall.Signal) { k.command(int(sig), rank) }

// SignalAll sends a signal to the process groups of all ranks that still run.
func (k *Keeper) SignalAll(sig syscall.Signal) { k.command(int(sig), everyRank) }

// KillTree kills every descendant of the keeper until none is left.
func (k *Keeper) KillTree() { k.command(killTree, everyRank) }

// command has no error: a keeper that doesn't listen is gone, which Next tells.
func (k *Keeper) command(sig, rank int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conn.Write(appendCommand(nil, sig, rank))
}

// Wait waits until the keeper's process has ended and returns how.
func (k *Keeper) Wait() syscall.WaitStatus {
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(k.PID, &ws, 0, nil)
		if err != syscall.EINTR {
			return ws
		}
	}
}

// Close closes golaunch's end of the socket: a keeper that still runs kills
// everything and exits.
func (k *Keeper) Close() { k.conn.Close() }

// DescendsFrom reports whether process pid is root or descends from it.
func DescendsFrom(pid, root int) bool {
	for range 1000 {
		if pid == root {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return false
		}
		p, ok := parseStat(pid, bytes.TrimSpace(stat))
		if !ok || p.parent <= 1 {
			return false
		}
		pid = p.parent
	}
	return false
}
