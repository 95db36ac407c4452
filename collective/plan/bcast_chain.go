package plan

// bcastChain: the vector goes from root to the rank above it and so on, in segments, so that all ranks are at
// work once the first segments have gone through. A rank passes a segment on while it gets the next. Root's
// sends are one group, and so are the last rank's receives: how many are under way is up to who runs it.
//
//	messages  (n - 1) s, of at most Segment units, where s = ceil(m / Segment)
//	units     (n - 1) m, and nobody sends more than m
//	rounds    n - 1 + s - 1
//
// Any n. For long vectors and few ranks. Segments of sqrt(m a / ((n - 2) b)) units are best where a message of k
// units takes a + b k. Pjesivac-Grbovic et al., "Performance Analysis of MPI Collective Operations" (2007).
func bcastChain(b *builder) {
	n := b.Size
	next, prev := (b.Rank+1)%n, (b.Rank+n-1)%n
	seg := b.Segment
	if seg == 0 {
		seg = max(b.Count, 1)
	}
	first, last := b.Rank == b.Root, next == b.Root
	var have span // to be passed on
	for off := 0; off < b.Count && n > 1; off += have.n {
		s := span{Dst, off, min(seg, b.Count-off)}
		if !first {
			b.recv(prev, s)
		}
		switch {
		case first:
			b.send(next, s)
		case !last:
			b.send(next, have)
			b.end()
		}
		have = s
	}
	if !first && !last {
		b.send(next, have)
	}
}
