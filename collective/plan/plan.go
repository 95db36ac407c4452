package plan

import (
	"strconv"
	"strings"
)

// Kind is what a step does.
type Kind uint8

const (
	Send           Kind = iota + 1 // Buf to Peer
	Recv                           // message of Peer to Buf
	RecvFold                       // Buf = From op message of Peer
	RecvFoldBefore                 // Buf = message of Peer op From
	Fold                           // Buf = Buf op From
	FoldBefore                     // Buf = From op Buf
	Copy                           // Buf = From
	kinds
)

var kindNames = [kinds]string{"none", "send", "recv", "recvfold", "recvfoldbefore", "fold", "foldbefore", "copy"}

func (k Kind) String() string { return name(kindNames[:], uint8(k), "kind ") }

// Buffer is a memory area that steps refer to.
type Buffer uint8

const (
	Src Buffer = iota // the caller's input, never written
	Dst               // the caller's output
	Tmp               // scratch of Plan.Scratch units
	buffers
)

var bufferNames = [buffers]string{"src", "dst", "tmp"}

func (b Buffer) String() string { return name(bufferNames[:], uint8(b), "buffer ") }

func name(names []string, i uint8, what string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return what + strconv.Itoa(int(i))
}

// A Step is one act of one rank on Len units. It is a value of 32 bytes: plans of many steps are cached.
//
// In RecvFold and RecvFoldBefore, From may be the same place as Buf (accumulate), or another (the first
// fold reads Src and writes elsewhere, which saves a copy). Otherwise the two don't overlap.
type Step struct {
	Kind Kind
	Buf  Buffer // what is sent or written
	From Buffer // what is read: folds, Copy
	End  bool   // last step of its group
	Peer int32  // the other rank: Send, Recv, RecvFold, RecvFoldBefore; else 0
	Off  int    // in Buf, units
	Fro  int    // in From, units
	Len  int    // units; 0 in Barrier only
}

// Receives reports whether the step takes a message.
func (s Step) Receives() bool { return s.Kind >= Recv && s.Kind <= RecvFoldBefore }

// ReadsFrom reports whether the step reads From.
func (s Step) ReadsFrom() bool { return s.Kind >= RecvFold }

// String is as in "send 3 src[0:8]", "recvfold 2 dst[0:8] = src[0:8] op message", "copy dst[0:8] = src[8:16]".
func (s Step) String() string {
	span := func(b Buffer, off int) string {
		return b.String() + "[" + strconv.Itoa(off) + ":" + strconv.Itoa(off+s.Len) + "]"
	}
	out := s.Kind.String() + " "
	if s.Kind == Send || s.Receives() {
		out += strconv.Itoa(int(s.Peer)) + " "
	}
	out += span(s.Buf, s.Off)
	switch s.Kind {
	case RecvFold:
		out += " = " + span(s.From, s.Fro) + " op message"
	case RecvFoldBefore:
		out += " = message op " + span(s.From, s.Fro)
	case Fold:
		out += " = itself op " + span(s.From, s.Fro)
	case FoldBefore:
		out += " = " + span(s.From, s.Fro) + " op itself"
	case Copy:
		out += " = " + span(s.From, s.Fro)
	}
	return out
}

// A Plan is what one rank does in one operation. It is read-only and may be shared.
type Plan struct {
	Steps   []Step
	Scratch int // units of Tmp
}

// Group returns the group that begins at step i: steps that may be under way at once.
func (p Plan) Group(i int) []Step {
	for j := i; j < len(p.Steps); j++ {
		if p.Steps[j].End {
			return p.Steps[i : j+1]
		}
	}
	return p.Steps[i:]
}

// String has a line per group.
func (p Plan) String() string {
	var b strings.Builder
	for i, s := range p.Steps {
		switch {
		case i == 0:
		case p.Steps[i-1].End:
			b.WriteByte('\n')
		default:
			b.WriteString("; ")
		}
		b.WriteString(s.String())
	}
	return b.String()
}
