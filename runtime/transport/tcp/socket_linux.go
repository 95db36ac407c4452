package tcp

import (
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawSocket is a socket by system calls that never block, made without telling the Go scheduler: entering and leaving
// through it, and its poller, would cost more than the calls themselves. A call moves oneCall bytes at most, since
// the garbage collector waits for it.
type rawSocket struct {
	fd     int
	w      *waiter
	room   bool
	msg    unix.Msghdr
	iov    [maxVec]unix.Iovec
	closed bool
}

const (
	maxVec  = 32
	oneCall = 512 << 10
)

// newSocket takes over c, which must not be used afterwards, whatever comes back.
func newSocket(c *net.TCPConn, n *Net) (socket, error) {
	if n.cfg.portable {
		if err := c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 2}); err != nil {
			return nil, err
		}
		return newNetSocket(c, n.ring), nil
	}
	defer c.Close()
	rc, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &rawSocket{fd: -1, w: n.waiter}
	err2 := rc.Control(func(fd uintptr) {
		// A descriptor of our own, so that the net package's poller lets go of the socket.
		s.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil {
		err = err2
	}
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	for _, o := range []struct{ level, opt, value int }{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		// A probe a second into silence, see silent. Not TCP_USER_TIMEOUT: it also ends connections to a peer that computes
		// for a while and doesn't read.
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, int(n.cfg.Dead/time.Second) + 1},
	} {
		if err := unix.SetsockoptInt(s.fd, o.level, o.opt, o.value); err != nil {
			_ = unix.Close(s.fd)
			return nil, os.NewSyscallError("setsockopt", err)
		}
	}
	// Probes of a full or dead peer at least once a second; kernels before 6.15 don't know it.
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, tcpRTOMaxMS, 1000)
	if err := s.w.add(s.fd); err != nil {
		_ = unix.Close(s.fd)
		return nil, err
	}
	return s, nil
}

const tcpRTOMaxMS = 44

func (s *rawSocket) vec(i int, p []byte) {
	s.iov[i].Base = unsafe.SliceData(p)
	s.iov[i].SetLen(len(p))
}

func (s *rawSocket) call(trap uintptr, n int, flags uintptr) (int, syscall.Errno) {
	s.msg.Iov = &s.iov[0]
	s.msg.SetIovlen(n)
	for {
		got, _, e := unix.RawSyscall(trap, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msg)), flags|unix.MSG_DONTWAIT)
		if e == unix.EINTR {
			continue
		}
		for i := range n {
			s.iov[i].Base = nil // the collector may have the memory back
		}
		runtime.KeepAlive(s)
		return int(got), e
	}
}

func (s *rawSocket) read(a, b []byte) (int, error) {
	if s.closed {
		return 0, net.ErrClosed
	}
	n := 0
	for _, p := range [2][]byte{a, b} {
		if len(p) > 0 {
			s.vec(n, p)
			n++
		}
	}
	if n == 0 {
		return 0, nil
	}
	got, e := s.call(unix.SYS_RECVMSG, n, 0)
	switch {
	case e == unix.EAGAIN:
		return 0, nil
	case e != 0:
		return 0, os.NewSyscallError("recvmsg", e)
	case got == 0:
		return 0, io.EOF
	}
	return got, nil
}

func (s *rawSocket) write(v [][]byte) (int, error) {
	if s.closed {
		return 0, net.ErrClosed
	}
	n, total := 0, 0
	for _, p := range v {
		if n == maxVec || total == oneCall {
			break
		}
		p = p[:min(len(p), oneCall-total)]
		s.vec(n, p)
		total += len(p)
		n++
	}
	if n == 0 {
		return 0, nil
	}
	got, e := s.call(unix.SYS_SENDMSG, n, unix.MSG_NOSIGNAL)
	switch {
	case e == unix.EAGAIN:
		return 0, nil
	case e != 0:
		return 0, os.NewSyscallError("sendmsg", e)
	}
	return got, nil
}

// silent asks the kernel. It has asked the peer when probes (of an idle connection, or of a full receiver) or data sent again are not
// yet answered.
func (s *rawSocket) silent() time.Duration {
	if s.closed {
		return 0
	}
	info, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil || info.Probes == 0 && info.Retransmits == 0 {
		return 0
	}
	return time.Duration(min(info.Last_ack_recv, info.Last_data_recv)) * time.Millisecond
}

func (s *rawSocket) want(room bool) {
	if room != s.room && !s.closed {
		s.room = room
		s.w.change(s.fd, room)
	}
}

func (s *rawSocket) end() error {
	return os.NewSyscallError("shutdown", unix.Shutdown(s.fd, unix.SHUT_WR))
}

func (s *rawSocket) close() {
	if !s.closed {
		s.closed = true
		s.w.remove(s.fd)
		_ = unix.Close(s.fd)
	}
}
