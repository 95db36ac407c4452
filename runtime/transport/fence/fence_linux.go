// Package fence makes other threads pass a full memory barrier (membarrier(2)).
//
// Two sides that each store one word and then look at the other's need a barrier
// between store and look, on both sides. When one side does it millions of
// times and the other seldom, the seldom one can pay for both: it stores, makes
// the others pass a barrier, and looks.
package fence

import (
	"sync"

	"golang.org/x/sys/unix"
)

// Scope says whose threads.
type Scope int

const (
	Process Scope = iota // those of this process
	Global               // those of every process that has registered
)

// Commands of membarrier(2), by Scope.
var (
	register = [...]uintptr{Process: 1 << 4, Global: 1 << 2}
	pass     = [...]uintptr{Process: 1 << 3, Global: 1 << 1}
)

var state [2]struct {
	once sync.Once
	ok   bool
}

// Register lets the others' Pass reach this process, once for its lifetime, and says
// whether the kernel can do it.
func Register(s Scope) bool {
	st := &state[s]
	st.once.Do(func() {
		_, _, e := unix.RawSyscall(unix.SYS_MEMBARRIER, register[s], 0, 0)
		st.ok = e == 0
	})
	return st.ok
}

// Pass returns when every thread in scope that runs has passed a full memory
// barrier since the call began, this one included. It says false when it could not. It takes
// a microsecond or a few.
func Pass(s Scope) bool {
	_, _, e := unix.RawSyscall(unix.SYS_MEMBARRIER, pass[s], 0, 0)
	return e == 0
}

// Yield lets another thread have the processor. The scheduler knows of this system call, which matters where two
// threads of one process yield to each other on one processor: a garbage collector
// that wants to stop the goroutine finds it here, and would find it running otherwise, again and again.
func Yield() { unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
