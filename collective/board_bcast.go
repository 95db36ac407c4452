package collective

import "unsafe"

// bcast: root publishes, the others read. Root may be some rounds ahead.
//
// Cost: a round for each cell. The data is copied twice, by root and by each reader, who work at the same time.
func (b *board) bcast(x *call, j *job, sign signature) {
	for at := 0; at == 0 || at < j.dst.bytes; at += b.cell {
		n := min(b.cell, j.dst.bytes-at)
		p := unsafe.Add(j.dst.p, at)
		if b.me == j.root {
			if !b.post(x, p, n, sign) {
				return
			}
		} else {
			b.round++
			if !b.see(x, j.root, b.round, sign) {
				return
			}
			move(p, b.data(j.root, b.round, n), n)
			b.used(j.root, b.round, n)
		}
		b.leaveRounds()
	}
}
