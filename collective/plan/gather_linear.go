package plan

// gatherLinear: everybody sends its block to root, which takes them all in one group.
//
//	messages  n - 1
//	units     (n - 1) m, the least that is possible
//	rounds    n - 1, all of them root's
//
// Any n and counts. For large blocks or few ranks. Ranks other than root use no count but their own.
func gatherLinear(b *builder) {
	own := b.own(Src)
	if b.Rank != b.Root {
		b.send(b.Root, own)
		return
	}
	b.copy(b.blocks(Dst, b.Rank, b.Rank+1), own)
	for d := 1; d < b.Size; d++ {
		i := (b.Rank + d) % b.Size
		b.recv(i, b.blocks(Dst, i, i+1))
	}
}
