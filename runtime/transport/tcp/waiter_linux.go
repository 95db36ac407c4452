package tcp

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// waiter sleeps until one of many sockets has something to read, or room that is awaited, or the bell rings.
type waiter struct {
	epoll, event int
	mu           sync.Mutex // of ring and close: descriptors are used again
	closed       bool
}

func newWaiter() (*waiter, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create", err)
	}
	ev, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(ep)
		return nil, os.NewSyscallError("eventfd", err)
	}
	w := &waiter{epoll: ep, event: ev}
	if err := w.add(ev); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *waiter) ctl(op, fd int, events uint32) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(w.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}))
}

func (w *waiter) add(fd int) error { return w.ctl(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) }
func (w *waiter) remove(fd int)    { _ = w.ctl(unix.EPOLL_CTL_DEL, fd, 0) }

func (w *waiter) change(fd int, room bool) {
	events := uint32(unix.EPOLLIN)
	if room {
		events |= unix.EPOLLOUT
	}
	_ = w.ctl(unix.EPOLL_CTL_MOD, fd, events)
}

func (w *waiter) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	_, _ = unix.Write(w.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

func (w *waiter) wait(d time.Duration) {
	var ev [8]unix.EpollEvent
	n, err := unix.EpollWait(w.epoll, ev[:], int((d+time.Millisecond-1)/time.Millisecond))
	for i := range n {
		if err == nil && ev[i].Fd == int32(w.event) {
			var b [8]byte
			_, _ = unix.Read(w.event, b[:])
		}
	}
}

func (w *waiter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	_ = unix.Close(w.epoll)
	_ = unix.Close(w.event)
}
