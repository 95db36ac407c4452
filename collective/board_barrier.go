package collective

// barrier: everybody says that it is here, and looks at everybody.
//
// Cost: one round. Each rank writes one line and reads n-1.
func (b *board) barrier(x *call, sign signature) {
	if b.begin(x) {
		b.publishToAll(sign)
		if b.meet(x, b.round, sign) {
			b.used(b.peer(), b.round, 0)
			b.done()
		}
	}
}
