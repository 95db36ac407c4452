package tcp

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// socket is a byte stream that never blocks. One goroutine at a time uses it.
type socket interface {
	// read reads into a, then b, what is there. 0 and no error: nothing now. io.EOF: the other side has ended the stream.
	read(a, b []byte) (int, error)
	// write writes what there is room for. 0 and no error: no room now.
	write(v [][]byte) (int, error)
	// silent is for how long a peer that was asked has not answered; 0 when it wasn't asked, has answered or can't be watched.
	silent() time.Duration
	// want says whether room to write is awaited.
	want(room bool)
	// end says that no more will be written; it is called when all was written.
	end() error
	// close gives everything up at once.
	close()
}

// netSocket is a socket for any system: a goroutine on either side of a net.Conn, and copies between.
type netSocket struct {
	conn  *net.TCPConn
	bell  func()
	in    chan []byte // filled by the reader
	free  chan []byte // read, for the reader
	cur   []byte      // what of the last filled one is left
	whole []byte      // all of it
	out   chan []byte // for the writer; closed by end
	idle  chan []byte // for the user of write
	once  sync.Once
	fault atomic.Pointer[error] // of the writer
	eof   error                 // of the reader: set before in is closed
	quit  chan struct{}         // closed by close
	gone  chan struct{}         // closed when the writer has ended
	shut  sync.Once
}

const netBuffer = 64 << 10

func newNetSocket(c *net.TCPConn, bell func()) *netSocket {
	s := &netSocket{conn: c, bell: bell, in: make(chan []byte, 2), free: make(chan []byte, 2),
		out: make(chan []byte, 2), idle: make(chan []byte, 2),
		quit: make(chan struct{}), gone: make(chan struct{})}
	for range 2 {
		s.free <- make([]byte, netBuffer)
		s.idle <- make([]byte, 0, netBuffer)
	}
	go s.reader()
	go s.writer()
	return s
}

func (s *netSocket) reader() {
	defer s.bell()
	defer close(s.in)
	for {
		var b []byte
		select {
		case b = <-s.free:
		case <-s.quit:
			s.eof = net.ErrClosed
			return
		}
		n, err := s.conn.Read(b[:netBuffer])
		if n > 0 {
			s.in <- b[:n]
			s.bell()
		}
		if err != nil {
			s.eof = err
			return
		}
	}
}

func (s *netSocket) writer() {
	defer close(s.gone)
	for b := range s.out {
		if _, err := s.conn.Write(b); err != nil {
			s.fault.CompareAndSwap(nil, &err)
		}
		s.idle <- b[:0]
		s.bell()
	}
	_ = s.conn.CloseWrite()
}

func (s *netSocket) read(a, b []byte) (n int, err error) {
	for n < len(a)+len(b) {
		if len(s.cur) == 0 {
			if s.whole != nil {
				s.free <- s.whole
				s.whole = nil
			}
			select {
			case full, ok := <-s.in:
				if !ok {
					if n > 0 {
						return n, nil
					}
					return 0, s.eof
				}
				s.cur, s.whole = full, full
			default:
				return n, nil
			}
		}
		to := b
		if n < len(a) {
			to = a[n:]
		} else {
			to = b[n-len(a):]
		}
		m := copy(to, s.cur)
		s.cur = s.cur[m:]
		n += m
	}
	return n, nil
}

func (s *netSocket) write(v [][]byte) (n int, err error) {
	if f := s.fault.Load(); f != nil {
		return 0, *f
	}
	var b []byte
	select {
	case b = <-s.idle:
	default:
		return 0, nil
	}
	for _, p := range v {
		m := min(len(p), netBuffer-len(b))
		b = append(b, p[:m]...)
		n += m
	}
	s.out <- b // never blocks: as much room as there are buffers
	return n, nil
}

func (s *netSocket) silent() time.Duration { return 0 }
func (s *netSocket) want(bool)             {}

func (s *netSocket) end() error {
	s.once.Do(func() { close(s.out) })
	_ = s.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	<-s.gone
	return nil
}

func (s *netSocket) close() {
	s.shut.Do(func() { close(s.quit) })
	_ = s.conn.Close()
	_ = s.end()
}

// closed says whether err is how a stream ends in order.
func closed(err error) bool { return err == io.EOF }
