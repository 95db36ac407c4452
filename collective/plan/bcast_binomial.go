package plan

// bcastBinomial: everybody gets the vector from its parent in the binomial tree and hands it to its children, the
// one with the largest subtree first. The sends are one group.
//
//	messages  n - 1, of m units
//	rounds    ceil(log2 n), if a rank sends one message at a time
//
// Any n. Nobody sends more than ceil(log2 n) times m, so it is for short vectors. Johnsson & Ho, "Optimum
// Broadcasting and Personalized Communication in Hypercubes" (1989), call it the spanning binomial tree.
func bcastBinomial(b *builder) {
	v := b.vector(Dst)
	b.down(func(l link) {
		if l.role == parent {
			b.send(l.peer, v)
			return
		}
		b.recv(l.peer, v)
		b.end()
	})
}
