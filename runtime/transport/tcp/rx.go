package tcp

import (
	"errors"
	"io"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/wire"
)

// Rec is what Next has found.
type Rec struct {
	frame.Header
	Event  Event
	Data   []byte // of Whole: the payload, valid until the next call of Next. Of Ended: what was given to Into.
	Stream int    // on which it came
}

// Event says how much of a frame has come.
type Event uint8

const (
	Whole Event = 1 + iota // all of it; the payload is in Data
	Begun                  // the header: call Into before the next Next, or the payload is thrown away
	Ended                  // the payload that Begun has announced is where Into has said
)

const (
	staging   = 64 << 10
	directMin = 8 << 10 // a payload of this size is read straight to its place, a smaller one waits in staging until it is whole
	aside     = 4 << 10 // how much is read behind a payload that goes to its place: headers, but little payload, which would be copied
)

// receiver is the half of a stream that reads.
type receiver struct {
	sock    socket
	cfg     *Config
	dec     frame.Decoder
	in      []byte // staged plain bytes are in[r:w]
	r, w    int
	waiting bool   // a header has come, and its payload is small and not whole yet
	body    bool   // a payload goes to dst
	packed  bool   // dst is ours and holds a compressed payload
	dst     []byte // may be shorter than the payload: the rest is thrown away
	got     int
	bye     bool
	drained bool          // the last read got all there was
	opener  *frame.Opener // nil: plain
	sealed  []byte        // cin[sr:sw] are sealed bytes
	sr, sw  int
	pack    []byte // for a compressed payload
	plain   []byte // for what comes out of it
}

func newReceiver(cfg *Config, s socket, key []byte) (t receiver, err error) {
	t = receiver{sock: s, cfg: cfg, dec: frame.NewDecoder(cfg.limits(), cfg.Checksum), in: make([]byte, staging)}
	if cfg.Encrypt {
		t.in = make([]byte, staging+frame.MaxPlain)
		t.sealed = make([]byte, 4*frame.MaxRecord)
		t.opener, err = frame.NewOpener(key)
	}
	return t, err
}

var errPeerClosed = errors.New("the other side closed the connection without a goodbye: it has ended or died")

// next finds the next event. It reads from the socket when nothing is staged; false: nothing now.
func (t *receiver) next(r *Rec) (bool, error) {
	for {
		found, err := t.staged(r)
		if found || err != nil {
			return found, err
		}
		if t.drained && t.opener == nil {
			t.drained = false
			return false, nil
		}
		n, err := t.fill()
		switch {
		case err != nil && closed(err):
			if t.bye && t.dec.Idle() && t.r == t.w {
				return false, io.EOF
			}
			return false, errPeerClosed
		case err != nil:
			return false, err
		case n == 0:
			t.drained = false
			return false, nil
		}
	}
}

// staged looks for an event in what was read.
func (t *receiver) staged(r *Rec) (bool, error) {
	for {
		if t.body {
			if n := min(t.w-t.r, t.dec.Left()); n > 0 {
				t.got += copy(t.dst[t.got:], t.in[t.r:t.r+n])
				t.dec.Took(t.in[t.r : t.r+n])
				t.r += n
			}
		}
		if t.waiting {
			return t.small(r)
		}
		n, ev, err := t.dec.Step(t.in[t.r:t.w])
		t.r += n
		switch {
		case err != nil:
			return false, err
		case ev == frame.More:
			return false, nil
		case ev == frame.End:
			return true, t.ended(r)
		case t.bye:
			return false, errors.New("a frame after the goodbye")
		case t.dec.Left() < directMin || t.dec.Left()+frame.SumBytes <= t.w-t.r && t.dec.H.Flags&frame.Packed == 0:
			t.waiting = true
		case t.dec.H.Flags&frame.Packed != 0:
			if cap(t.pack) < t.dec.Left() {
				t.pack = make([]byte, max(t.cfg.Part, t.cfg.Eager))
			}
			t.body, t.packed, t.got = true, true, 0
			t.dst = t.pack[:t.dec.Left()]
		default:
			t.body, t.packed, t.got, t.dst = true, false, 0, nil
			*r = Rec{Header: t.dec.H, Event: Begun}
			return true, nil
		}
	}
}

// small delivers a small payload as soon as it is staged with what follows it.
func (t *receiver) small(r *Rec) (bool, error) {
	n := t.dec.Left()
	after := 0
	if t.cfg.Checksum {
		after = frame.SumBytes
	}
	if t.w-t.r < n+after {
		return false, nil
	}
	t.waiting = false
	data := t.in[t.r : t.r+n]
	t.dec.Took(data)
	t.r += n
	m, ev, err := t.dec.Step(t.in[t.r:t.w])
	t.r += m
	if err != nil || ev != frame.End {
		return false, err
	}
	t.dst = data
	*r = Rec{Header: t.dec.H, Event: Whole, Data: data}
	if t.dec.H.Flags&frame.Packed != 0 {
		return true, t.unpack(r, data)
	}
	return true, nil
}

// ended delivers the end of a payload that went to its place.
func (t *receiver) ended(r *Rec) error {
	t.body = false
	*r = Rec{Header: t.dec.H, Event: Ended, Data: t.dst}
	dst := t.dst
	t.dst = nil
	if t.packed {
		t.packed = false
		return t.unpack(r, dst[:t.dec.H.Len])
	}
	return nil
}

// unpack makes r the Whole of a compressed payload.
func (t *receiver) unpack(r *Rec, b []byte) error {
	most := t.cfg.Eager
	if r.Kind == wire.Data {
		most = t.cfg.Part
	}
	n, err := frame.UnpackedLen(b, most)
	if err != nil {
		return err
	}
	if cap(t.plain) < n {
		t.plain = make([]byte, max(t.cfg.Part, t.cfg.Eager))
	}
	if err := frame.Unpack(t.plain[:n], b); err != nil {
		return err
	}
	r.Event, r.Data, r.Len = Whole, t.plain[:n], n
	r.Flags &^= frame.Packed
	return nil
}

// into says where the payload just announced belongs.
func (t *receiver) into(p []byte) {
	if t.body && !t.packed && t.got == 0 {
		t.dst = p[:min(len(p), t.dec.H.Len)]
	}
}

// room makes room behind the staged bytes.
func (t *receiver) room() []byte {
	if t.r == t.w {
		t.r, t.w = 0, 0
	} else if t.r > 0 {
		t.w = copy(t.in, t.in[t.r:t.w])
		t.r = 0
	}
	return t.in[t.w:]
}

// fill reads once and says how many bytes came.
func (t *receiver) fill() (int, error) {
	if t.opener != nil {
		return t.open()
	}
	free := t.room()
	var a []byte
	if t.body && t.got < len(t.dst) { // nothing is staged, or it would have been taken
		a = t.dst[t.got:]
		if len(a) >= aside {
			free = free[:aside]
		}
	}
	n, err := t.sock.read(a, free)
	if n > 0 {
		m := min(n, len(a))
		if m > 0 {
			t.dec.Took(a[:m])
			t.got += m
		}
		t.w += n - m
		t.drained = n < len(a)+len(free)
	}
	return n, err
}

// open is fill for a sealed stream: it opens one record, reading when there is none.
func (t *receiver) open() (int, error) {
	for {
		n, err := frame.RecordSize(t.sealed[t.sr:t.sw])
		if err != nil {
			return 0, err
		}
		if n > 0 && n <= t.sw-t.sr {
			rec := t.sealed[t.sr : t.sr+n]
			t.sr += n
			plain := n - frame.SealBytes
			if t.body && t.r == t.w && plain <= min(t.dec.Left(), len(t.dst)-t.got) {
				to := t.dst[t.got : t.got+plain]
				if _, err := t.opener.Open(to[:0:plain], rec); err != nil {
					return 0, err
				}
				t.dec.Took(to)
				t.got += plain
				return n, nil
			}
			free := t.room() // a small payload that waits and a record fit
			if _, err := t.opener.Open(free[:0], rec); err != nil {
				return 0, err
			}
			t.w += plain
			return n, nil
		}
		if t.drained {
			return 0, nil
		}
		if t.sr > 0 {
			t.sw = copy(t.sealed, t.sealed[t.sr:t.sw])
			t.sr = 0
		}
		free := t.sealed[t.sw:]
		m, err := t.sock.read(free, nil)
		if m == 0 || err != nil {
			return 0, err
		}
		t.sw += m
		t.drained = m < len(free)
	}
}
