package plan

// scatterLinear: root sends everybody its block, all in one group.
//
//	messages  n - 1
//	units     (n - 1) m, the least that is possible
//	rounds    n - 1, all of them root's
//
// Any n and counts. For large blocks or few ranks. Ranks other than root use no count but their own.
func scatterLinear(b *builder) {
	own := b.own(Dst)
	if b.Rank != b.Root {
		b.recv(b.Root, own)
		return
	}
	for d := 1; d < b.Size; d++ {
		i := (b.Rank + d) % b.Size
		b.send(i, b.blocks(Src, i, i+1))
	}
	b.copy(own, b.blocks(Src, b.Rank, b.Rank+1))
}
