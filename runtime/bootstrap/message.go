package bootstrap

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Version of the environment and of the control messages.
const Version = 1

// MaxLine bounds one control message, newline included, in bytes.
const MaxLine = 1 << 20

// MaxPending bounds the operations named in one report. A rank that waits for
// more lists the first ones: a report is for people.
const MaxPending = 1000

// maxText bounds a reason or a place in the code, in bytes.
const maxText = 64 << 10

// Op says what a control message is.
type Op string

// The messages of the control socket.
const (
	OpHello    Op = "hello"    // rank -> launcher: Init was called
	OpFinalize Op = "finalize" // rank -> launcher: orderly end
	OpAbort    Op = "abort"    // rank -> launcher: ends by its own decision
	OpReport   Op = "report"   // rank -> launcher: answer to a dump
	OpStalled  Op = "stalled"  // rank -> launcher: every rank waits
	OpDump     Op = "dump"     // launcher -> rank: report what is pending
)

// Message is one control message. Which fields count depends on Op, see the
// package documentation.
type Message struct {
	Op      Op        `json:"op"`
	Rank    int       `json:"rank"`
	ID      int       `json:"id"`      // of a dump and its report
	PID     int       `json:"pid"`     // hello: process that called Init
	Segment int       `json:"segment"` // hello: segment version of the program
	Code    int       `json:"code"`    // abort: exit code
	Why     string    `json:"why"`     // abort: reason, one sentence
	Pending []Pending `json:"pending"` // report
}

// Pending is one operation that a rank has not finished.
type Pending struct {
	Op       string `json:"op"`       // "Recv", "Send", "Barrier" ...
	Peer     int    `json:"peer"`     // world rank; -1 any source, -3 none
	Tag      int    `json:"tag"`      // -2 any tag
	Bytes    int64  `json:"bytes"`    // size of the buffer
	Comm     string `json:"comm"`     // name of the communicator
	Where    string `json:"where"`    // "file.go:line function" of the caller
	Begun    string `json:"begun"`    // likewise where it was begun; "" if that isn't known
	Blocking bool   `json:"blocking"` // a goroutine waits for it (or the other way round: merely posted)
	SinceMS  int64  `json:"since_ms"` // pending for so many milliseconds
}

// Peers that are no ranks; the numbers are those of the standard MPI ABI.
const (
	AnySource = -1
	AnyTag    = -2
	ProcNull  = -3
)

// Append appends m as one line, newline included, to b.
// A report is cut to MaxPending operations, texts to a bounded size.
func Append(b []byte, m Message) []byte {
	b = append(b, `{"op":`...)
	b = appendString(b, string(m.Op))
	if m.Op == OpDump || m.Op == OpReport {
		b = appendInt(b, "id", int64(m.ID))
	}
	if m.Op != OpDump {
		b = appendInt(b, "rank", int64(m.Rank))
	}
	switch m.Op {
	case OpHello:
		b = appendInt(b, "pid", int64(m.PID))
		b = appendInt(b, "segment", int64(m.Segment))
	case OpAbort:
		b = appendInt(b, "code", int64(m.Code))
		b = append(b, `,"why":`...)
		b = appendString(b, m.Why)
	case OpReport:
		b = appendPending(b, m.Pending)
	}
	return append(b, '}', '\n')
}

// appendPending appends the list of a report. The list is cut where the line
// would outgrow MaxLine.
func appendPending(b []byte, list []Pending) []byte {
	const closing = 8 // "]}\n" and some air
	b = append(b, `,"pending":[`...)
	for i, p := range list[:min(len(list), MaxPending)] {
		before := len(b)
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"op":`...)
		b = appendString(b, p.Op)
		b = appendInt(b, "peer", int64(p.Peer))
		b = appendInt(b, "tag", int64(p.Tag))
		b = appendInt(b, "bytes", p.Bytes)
		b = append(b, `,"comm":`...)
		b = appendString(b, p.Comm)
		b = append(b, `,"where":`...)
		b = appendString(b, p.Where)
		if p.Begun != "" {
			b = append(b, `,"begun":`...)
			b = appendString(b, p.Begun)
		}
		b = append(b, `,"blocking":`...)
		b = strconv.AppendBool(b, p.Blocking)
		b = appendInt(b, "since_ms", p.SinceMS)
		b = append(b, '}')
		if len(b) > MaxLine-closing {
			b = b[:before]
			break
		}
	}
	return append(b, ']')
}

func appendInt(b []byte, name string, v int64) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return strconv.AppendInt(b, v, 10)
}

// appendString appends s as a JSON string. It is written out here because a rank
// says hello once: the reflection tables of encoding/json would cost more than the
// message.
func appendString(b []byte, s string) []byte {
	if len(s) > maxText {
		s = s[:maxText]
	}
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c == '\n':
			b = append(b, '\\', 'n')
			i++
		case c < 0x20 || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r) // an invalid byte becomes U+FFFD
			i += n
		}
	}
	return append(b, '"')
}

// Decode reads one line (with or without its newline).
// The message is checked as far as it can be without knowing the job: whether
// Rank exists is the caller's to check.
func Decode(line []byte) (Message, error) {
	if len(line) > MaxLine {
		return Message{}, fmt.Errorf("bootstrap: control message of %d bytes, at most %d are allowed", len(line), MaxLine)
	}
	var m Message
	if err := json.Unmarshal(line, &m); err != nil {
		return Message{}, fmt.Errorf("bootstrap: control message %.60q: %w", line, err)
	}
	switch m.Op {
	case OpHello:
		if m.PID <= 0 {
			return Message{}, fmt.Errorf("bootstrap: hello of rank %d with process id %d", m.Rank, m.PID)
		}
	case OpFinalize, OpAbort, OpReport, OpStalled, OpDump:
	default:
		return Message{}, fmt.Errorf("bootstrap: unknown control message %.60q", string(m.Op))
	}
	if m.Rank < 0 || m.ID < 0 {
		return Message{}, fmt.Errorf("bootstrap: control message %q with rank %d, id %d", m.Op, m.Rank, m.ID)
	}
	if len(m.Pending) > MaxPending {
		m.Pending = m.Pending[:MaxPending]
	}
	return m, nil
}
