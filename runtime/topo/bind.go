package topo

// BindCores returns the processors that a rank is bound to when a node's allowed
// processors are shared out to its localSize ranks. Each rank gets the next few of
// the list, none is left over, and no two ranks' shares differ by more than one. With
// more ranks than processors each rank gets one, and neighbours share it.
//
// The order of allowed is kept: put what should stay together (the threads of a
// core, the cores of a socket) side by side. The result is a fresh slice; nil, for
// "don't bind", if allowed is empty.
//
// A whole share and not just one core, because a rank is a Go process: its garbage
// collector and other goroutines want to run beside the one that computes.
func BindCores(localRank, localSize int, allowed []int) []int {
	if localRank < 0 || localRank >= localSize {
		panic(panicLocalRank)
	}
	n := len(allowed)
	if n == 0 {
		return nil
	}
	first, end := localRank*n/localSize, (localRank+1)*n/localSize
	if n < localSize {
		end = first + 1
	}
	return append([]int(nil), allowed[first:end]...)
}
