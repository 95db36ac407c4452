package plan

// barrierDissemination: in round k every rank signals the one 2^k above it and waits for the one 2^k below,
// around the end. After the last round it has heard, through others, of everybody.
//
//	messages  n ceil(log2 n), empty
//	rounds    ceil(log2 n)
//
// Any n. Hensgen, Finkel & Manber, "Two Algorithms for Barrier Synchronization" (1988). The signal of one
// barrier can't be taken for that of the next because messages of two ranks match in order.
func barrierDissemination(b *builder) {
	for d := 1; d < b.Size; d <<= 1 {
		b.signal((b.Rank+d)%b.Size, (b.Rank-d+b.Size)%b.Size)
		b.end()
	}
}
