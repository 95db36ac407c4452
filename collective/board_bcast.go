package collective

import "unsafe"

// bcast: root publishes, the others read. Root may be some rounds ahead.
//
// Cost: a round for each cell. The data is copied twice, by root and by each reader, who work at the same time.
// Lent data: one round and the wait until all have left it; copied once.
func (b *board) bcast(x *call, j *job, sign signature) {
	size := j.dst.bytes
	if b.lendable(size) {
		if b.me == j.root {
			b.offer(j.dst.p, size, 0)
		} else {
			b.listen()
		}
	}
	per := b.chunk(size)
	for at := 0; at == 0 || at < size; at += per {
		n := min(per, size-at)
		p := unsafe.Add(j.dst.p, at)
		if b.me == j.root {
			if !b.post(x, p, n, sign) {
				return
			}
			if b.loans.lends {
				b.settle(x)
				return
			}
		} else {
			b.round++
			if !b.see(x, j.root, b.round, sign) {
				return
			}
			if at == 0 && b.lendable(size) {
				if !b.hear(x, j.root, b.round, size) {
					return
				}
				if ref := b.loans.refs[j.root]; ref != nil {
					moveLarge(p, ref, size)
					b.used(j.root, b.round, 0)
					b.settle(x)
					return
				}
			}
			move(p, b.data(j.root, b.round, n), n)
			b.used(j.root, b.round, n)
		}
		b.leaveRounds()
	}
}
