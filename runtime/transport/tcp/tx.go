package tcp

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
)

// Out counts what a link still has to read from the caller's memory: while Left is above 0 the memory must stay as it is. One
// Out may stand for many parts.
type Out struct{ Left int } // bytes

// segment is a run of bytes to be written: of the stream's buffer, or of the caller's memory when out is set.
type segment struct {
	p   []byte
	out *Out
}

const queueLen = 64

// sender is the half of a stream that writes. Frames are queued in their order: small ones are copied into one buffer, where they
// join, so that one system call takes them all.
type sender struct {
	sock     socket
	enc      frame.Encoder
	small    []byte // its capacity never changes: segments point into it
	q        [queueLen]segment
	head, n  int
	vec      [queueLen][]byte
	sealer   *frame.Sealer // nil: plain
	sealed   []byte
	sealedAt int
	packer   *frame.Packer // nil: no compression
	packed   []byte
	packing  Out
	err      error // of a write: nothing goes any more
}

func newSender(cfg *Config, s socket, key []byte) (t sender, err error) {
	t = sender{sock: s, enc: frame.NewEncoder(cfg.Checksum), small: make([]byte, 0, 2*cfg.Eager+64<<10)}
	if cfg.Encrypt {
		t.sealed = make([]byte, 0, 4*frame.MaxRecord)
		if t.sealer, err = frame.NewSealer(key); err != nil {
			return t, err
		}
	}
	if cfg.Compress {
		t.packer = &frame.Packer{}
	}
	return t, nil
}

// fits says whether a frame with n bytes to copy can be queued.
func (t *sender) fits(n int) bool {
	return cap(t.small)-len(t.small) >= n+frame.Overhead && queueLen-t.n >= 3 && t.err == nil
}

// put queues p, a run that was just appended to small, or the caller's memory.
func (t *sender) put(p []byte, out *Out) {
	if len(p) == 0 {
		return
	}
	if t.n > 0 && out == nil {
		if last := &t.q[(t.head+t.n-1)%queueLen]; last.out == nil {
			// The bytes of small lie one after the other.
			last.p = unsafe.Slice(unsafe.SliceData(last.p), len(last.p)+len(p))
			return
		}
	}
	t.q[(t.head+t.n)%queueLen] = segment{p, out}
	t.n++
}

// post queues a frame and copies its payload.
func (t *sender) post(h *frame.Header, payload []byte) bool {
	if !t.fits(len(payload)) {
		return false
	}
	at := len(t.small)
	t.small = t.enc.Append(t.small, h, payload)
	t.put(t.small[at:], nil)
	return true
}

// send queues a frame whose payload stays where it is.
func (t *sender) send(h *frame.Header, payload []byte, out *Out) bool {
	if !t.fits(0) {
		return false
	}
	h.Flags &^= frame.Packed
	if t.packer != nil && t.packing.Left == 0 {
		if t.packed == nil {
			t.packed = make([]byte, 0, frame.PackedBound(len(payload)))
		}
		if n := frame.PackedBound(len(payload)); n > cap(t.packed) {
			t.packed = make([]byte, 0, n)
		}
		if p, ok := t.packer.Pack(t.packed, payload); ok {
			payload, out = p, &t.packing
			h.Flags |= frame.Packed
		}
	}
	at := len(t.small)
	h.Len = len(payload)
	t.small = t.enc.Begin(t.small, h)
	t.put(t.small[at:], nil)
	t.enc.Payload(payload)
	out.Left += len(payload)
	t.put(payload, out)
	at = len(t.small)
	t.small = t.enc.End(t.small)
	t.put(t.small[at:], nil)
	return true
}

// pending says whether something waits to be written.
func (t *sender) pending() bool { return t.n > 0 || t.sealedAt < len(t.sealed) }

// took removes n bytes from the queue.
func (t *sender) took(n int) {
	for n > 0 {
		s := &t.q[t.head]
		m := min(n, len(s.p))
		if s.out != nil {
			s.out.Left -= m
		}
		s.p = s.p[m:]
		n -= m
		if len(s.p) == 0 {
			*s = segment{}
			t.head = (t.head + 1) % queueLen
			t.n--
		}
	}
	if t.n == 0 {
		t.small = t.small[:0]
	}
}

// flush writes what there is room for and says whether anything went.
func (t *sender) flush() (did bool, err error) {
	for t.pending() {
		v := t.vec[:0]
		if t.sealer != nil {
			if err := t.seal(); err != nil {
				return did, err
			}
			v = append(v, t.sealed[t.sealedAt:])
		} else {
			for i := range t.n {
				v = append(v, t.q[(t.head+i)%queueLen].p)
			}
		}
		n, err := t.sock.write(v)
		clear(v)
		if err != nil {
			t.drop()
			t.err = err
			return did, err
		}
		if t.sealer != nil {
			t.sealedAt += n
		} else {
			t.took(n)
		}
		did = did || n > 0
		if n == 0 {
			t.sock.want(true)
			return did, nil
		}
	}
	if did {
		t.sock.want(false)
	}
	return did, nil
}

// seal fills the buffer of sealed records when it is empty.
func (t *sender) seal() (err error) {
	if t.sealedAt < len(t.sealed) {
		return nil
	}
	t.sealed, t.sealedAt = t.sealed[:0], 0
	for t.n > 0 && cap(t.sealed)-len(t.sealed) >= frame.MaxRecord {
		p := t.q[t.head].p
		p = p[:min(len(p), frame.MaxPlain)]
		if t.sealed, err = t.sealer.Append(t.sealed, p); err != nil {
			return err
		}
		t.took(len(p))
	}
	return nil
}

// drop forgets everything; nobody's memory is touched any more. What was not written stays counted in its Out.
func (t *sender) drop() {
	clear(t.q[:])
	t.head, t.n, t.small = 0, 0, t.small[:0]
	t.sealed, t.sealedAt = t.sealed[:0], 0
}
