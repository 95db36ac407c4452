package launcher

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"
)

// lineBuffer is the longest line that stays in one piece, in bytes.
const lineBuffer = 256 << 10

// A sink is where the output of several ranks goes. What is written by one call stays
// together.
type sink struct {
	mu   sync.Mutex
	w    io.Writer
	err  error           // the first; nothing is written after it
	lost func(err error) // called once, with the first error
}

func (s *sink) write(b []byte) {
	if len(b) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	if _, s.err = s.w.Write(b); s.err != nil && s.lost != nil {
		s.lost(s.err)
	}
}

// lines takes the bytes of one stream of one rank and hands them to a sink as whole
// lines, so that lines of different ranks never mix.
//
// A line longer than lineBuffer is handed on in pieces. With a prefix each piece
// becomes a line of its own; without, bytes are never changed. An unfinished last line
// comes at the end, finished with a newline only if there is a prefix.
//
// It is a pure value: time comes from now.
type lines struct {
	to     *sink
	tag    string           // "[3] ", or ""
	now    func() time.Time // nil without time stamps
	direct bool             // don't wait for the end of a line (prompts of an interactive rank)

	out []byte // reused
}

// take hands on what is complete in b and returns how many bytes that was; the rest
// must come again, in front of what follows.
func (l *lines) take(b []byte) int {
	n := bytes.LastIndexByte(b, '\n') + 1
	if l.direct || n == 0 && len(b) >= lineBuffer {
		n = len(b)
	}
	l.emit(b[:n])
	return n
}

// end hands on the rest of the stream.
func (l *lines) end(b []byte) { l.emit(b) }

func (l *lines) emit(b []byte) {
	if len(b) == 0 {
		return
	}
	if l.tag == "" && l.now == nil {
		l.to.write(b)
		return
	}
	l.out = l.out[:0]
	var stamp []byte
	if l.now != nil {
		stamp = l.now().AppendFormat(make([]byte, 0, 32), "15:04:05.000000 ")
	}
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line = b[:i]
			b = b[i+1:]
		} else {
			b = nil
		}
		l.out = append(l.out, stamp...)
		l.out = append(l.out, l.tag...)
		l.out = append(l.out, line...)
		l.out = append(l.out, '\n')
	}
	l.to.write(l.out)
}

// tagOf is the tag of a rank.
func tagOf(rank int) string { return "[" + strconv.Itoa(rank) + "] " }

// copyLines reads a stream to its end, or until read says that there is no more.
func copyLines(read func([]byte) (int, error), l *lines) {
	buf := make([]byte, 4<<10) // most ranks print little
	have := 0
	for {
		n, err := read(buf[have:])
		have += n
		if n > 0 {
			full := have == len(buf)
			used := l.take(buf[:have])
			have = copy(buf, buf[used:have])
			if full && len(buf) < lineBuffer {
				buf = append(buf, make([]byte, 3*len(buf))...) // whoever prints much, gets more
			}
		}
		if err != nil {
			l.end(buf[:have])
			return
		}
	}
}
