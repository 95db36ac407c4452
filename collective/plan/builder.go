package plan

// A builder collects the steps of one rank's plan.
type builder struct {
	Args
	steps    []Step
	open     int // first step of the open group
	scratch  int
	offs     []int // with Counts: where each rank's block begins, and the end
	recvOffs []int // with RecvCounts
}

// A span is a place: n units of a buffer.
type span struct {
	buf    Buffer
	off, n int
}

// in is the same place of another buffer.
func (s span) in(b Buffer) span { return span{b, s.off, s.n} }

// at is a span of the same length elsewhere.
func (s span) at(b Buffer, off int) span { return span{b, off, s.n} }

// offset returns where rank i's block begins in the vector of all blocks; i may be Size.
func (b *builder) offset(i int) int {
	if b.offs != nil {
		return b.offs[i]
	}
	return i * b.Count
}

// blocks returns the blocks of ranks lo <= i < hi, where they lie in the vector of all.
func (b *builder) blocks(buf Buffer, lo, hi int) span {
	off := b.offset(lo)
	return span{buf, off, b.offset(hi) - off}
}

// own returns this rank's block, alone in buf.
func (b *builder) own(buf Buffer) span {
	return span{buf, 0, b.blocks(buf, b.Rank, b.Rank+1).n}
}

// vector returns Count units.
func (b *builder) vector(buf Buffer) span { return span{buf, 0, b.Count} }

// pieces returns the pieces lo <= i < hi of a vector of Count units cut into k, the first ones longer by
// one unit if it must be.
func (b *builder) pieces(buf Buffer, lo, hi, k int) span {
	cut := func(i int) int { return i*(b.Count/k) + min(i, b.Count%k) }
	return span{buf, cut(lo), cut(hi) - cut(lo)}
}

// tmp returns n fresh units of scratch.
func (b *builder) tmp(n int) span {
	s := span{Tmp, b.scratch, n}
	b.scratch += n
	return s
}

// end closes the group, if there is one.
func (b *builder) end() {
	if b.open < len(b.steps) {
		b.steps[len(b.steps)-1].End = true
		b.open = len(b.steps)
	}
}

func (b *builder) send(peer int, s span) {
	if s.n > 0 {
		b.steps = append(b.steps, Step{Kind: Send, Peer: int32(peer), Buf: s.buf, Off: s.off, Len: s.n})
	}
}

func (b *builder) recv(peer int, s span) {
	if s.n > 0 {
		b.steps = append(b.steps, Step{Kind: Recv, Peer: int32(peer), Buf: s.buf, Off: s.off, Len: s.n})
	}
}

// signal exchanges empty messages, the only ones that are not left out.
func (b *builder) signal(to, from int) {
	b.steps = append(b.steps, Step{Kind: Send, Buf: Src, Peer: int32(to)}, Step{Kind: Recv, Buf: Dst, Peer: int32(from)})
}

// recvFold makes dst from the local operand x and peer's message, in rank order: before says that
// the message is of lower ranks.
func (b *builder) recvFold(peer int, dst, x span, before bool) {
	if dst.n > 0 {
		k := RecvFold
		if before {
			k = RecvFoldBefore
		}
		b.steps = append(b.steps, Step{k, dst.buf, x.buf, false, int32(peer), dst.off, x.off, dst.n})
	}
}

// fold folds x into dst; before says that x is of lower ranks.
func (b *builder) fold(dst, x span, before bool) {
	if dst.n > 0 {
		k := Fold
		if before {
			k = FoldBefore
		}
		b.steps = append(b.steps, Step{k, dst.buf, x.buf, false, 0, dst.off, x.off, dst.n})
	}
}

// copy copies x to dst. A copy that goes on where the one before ended becomes part of it.
func (b *builder) copy(dst, x span) {
	if dst.n == 0 {
		return
	}
	if last := len(b.steps) - 1; last >= b.open {
		s := &b.steps[last]
		if s.Kind == Copy && s.Buf == dst.buf && s.From == x.buf && s.Off+s.Len == dst.off && s.Fro+s.Len == x.off {
			s.Len += dst.n
			return
		}
	}
	b.steps = append(b.steps, Step{Copy, dst.buf, x.buf, false, 0, dst.off, x.off, dst.n})
}
