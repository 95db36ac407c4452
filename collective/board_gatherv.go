package collective

// byMessage is the longest piece in bytes that Gatherv and Scatterv take to the board. Longer ones, of which only the two ranks know,
// go by message: as fast, and nobody else has to take rounds for them.
const byMessage = 16 << 10

// gatherv: everybody publishes its piece and says how long it is, root copies them. The others may be some rounds ahead.
//
// Cost: one round, and a message for each long piece.
func (b *board) gatherv(x *call, j *job, sign signature) {
	most := min(byMessage, b.cell)
	if b.me == j.root {
		b.round++
		dst := cutUp(j.dst, j.in, b.n)
		dst.piece(b.me).copyFrom(j.src)
		for i := 1; i < b.n; i++ {
			r := (b.me + i) % b.n
			b.takeFrom(x, r, dst.piece(r), most, sign)
		}
	} else {
		if !b.begin(x) {
			return
		}
		n := j.src.bytes
		if n <= most {
			move(b.data(b.me, b.round, n), j.src.p, n)
		}
		*b.about(b.me, b.round) = uint64(n)
		b.publish(sign)
		if n > most {
			x.send(j.root, j.src)
		}
	}
	b.leaveRounds()
	b.endOrGiveUp(x)
}

// takeFrom copies the piece of rank r to its place, or receives it.
func (b *board) takeFrom(x *call, r int, to block, most int, sign signature) {
	if !b.see(x, r, b.round, sign) {
		return
	}
	n := *b.about(r, b.round)
	long := n > uint64(most)
	switch {
	case n != uint64(to.bytes):
		x.wrongLength(r, n, to.bytes)
		if long {
			x.recv(r, nothing()) // so that r doesn't wait for ever
		}
	case long:
		x.recv(r, to)
	default:
		move(to.p, b.data(r, b.round, to.bytes), to.bytes)
		b.used(r, b.round, to.bytes)
	}
}
