package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// The persistent forms prepare an operation, once, that Request.Start then begins as often as one likes. The arguments are
// those of the blocking form. Every rank prepares and starts its operations in the same order. While an operation is not
// under way, its buffers are free. There is nothing to give back after the last Wait.

// BarrierInit prepares Barrier.
func BarrierInit(c *mpi.Comm) (*Request, error) {
	j := job{code: opBarrier}
	return j.prepare(c)
}

// BcastInit prepares Bcast.
func BcastInit[T any](c *mpi.Comm, buf []T, root int) (*Request, error) {
	var j job
	bcastJob(&j, c, buf, root)
	return j.prepare(c)
}

// ReduceInit prepares Reduce.
func ReduceInit[T any](c *mpi.Comm, dst, src []T, op Op, root int) (*Request, error) {
	var j job
	reduceJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op), root)
	return j.prepare(c)
}

// ReduceFuncInit prepares ReduceFunc.
func ReduceFuncInit[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, root int, opts ...FuncOption) (*Request, error) {
	var j job
	reduceJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...), root)
	return j.prepare(c)
}

// AllreduceInit prepares Allreduce.
func AllreduceInit[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	allreduceJob(&j, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.prepare(c)
}

// AllreduceFuncInit prepares AllreduceFunc.
func AllreduceFuncInit[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	allreduceJob(&j, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.prepare(c)
}

// GatherInit prepares Gather.
func GatherInit[T any](c *mpi.Comm, dst, src []T, root int) (*Request, error) {
	var j job
	gatherJob(&j, c, dst, src, root)
	return j.prepare(c)
}

// GathervInit prepares Gatherv.
func GathervInit[T any](c *mpi.Comm, dst []T, counts, displs []int, src []T, root int) (*Request, error) {
	var j job
	gathervJob(&j, c, dst, counts, displs, src, root)
	return j.prepare(c)
}

// ScatterInit prepares Scatter.
func ScatterInit[T any](c *mpi.Comm, dst, src []T, root int) (*Request, error) {
	var j job
	scatterJob(&j, c, dst, src, root)
	return j.prepare(c)
}

// ScattervInit prepares Scatterv.
func ScattervInit[T any](c *mpi.Comm, dst []T, src []T, counts, displs []int, root int) (*Request, error) {
	var j job
	scattervJob(&j, c, dst, src, counts, displs, root)
	return j.prepare(c)
}

// AllgatherInit prepares Allgather.
func AllgatherInit[T any](c *mpi.Comm, dst, src []T) (*Request, error) {
	var j job
	allgatherJob(&j, c, dst, src)
	return j.prepare(c)
}

// AllgathervInit prepares Allgatherv.
func AllgathervInit[T any](c *mpi.Comm, dst []T, counts, displs []int, src []T) (*Request, error) {
	var j job
	allgathervJob(&j, c, dst, counts, displs, src)
	return j.prepare(c)
}

// AlltoallInit prepares Alltoall.
func AlltoallInit[T any](c *mpi.Comm, dst, src []T) (*Request, error) {
	var j job
	alltoallJob(&j, c, dst, src)
	return j.prepare(c)
}

// AlltoallvInit prepares Alltoallv.
func AlltoallvInit[T any](c *mpi.Comm, dst []T, recvCounts, recvDispls []int, src []T, sendCounts, sendDispls []int) (*Request, error) {
	var j job
	alltoallvJob(&j, c, dst, recvCounts, recvDispls, src, sendCounts, sendDispls)
	return j.prepare(c)
}

// AlltoallwInit prepares Alltoallw.
func AlltoallwInit[T any](c *mpi.Comm, dst []T, recv []mpi.Layout, src []T, send []mpi.Layout) (*Request, error) {
	var j job
	alltoallwJob(&j, c, dst, recv, src, send)
	return j.prepare(c)
}

// ReduceScatterInit prepares ReduceScatter.
func ReduceScatterInit[T any](c *mpi.Comm, dst, src []T, counts []int, op Op) (*Request, error) {
	var j job
	reduceScatterJob(&j, c, blockOf(dst), blockOf(src), counts, foldOf[T](op))
	return j.prepare(c)
}

// ReduceScatterFuncInit prepares ReduceScatterFunc.
func ReduceScatterFuncInit[T any](c *mpi.Comm, dst, src []T, counts []int, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	reduceScatterJob(&j, c, blockOf(dst), blockOf(src), counts, foldFunc(fn, opts...))
	return j.prepare(c)
}

// ReduceScatterBlockInit prepares ReduceScatterBlock.
func ReduceScatterBlockInit[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	reduceScatterBlockJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.prepare(c)
}

// ReduceScatterBlockFuncInit prepares ReduceScatterBlockFunc.
func ReduceScatterBlockFuncInit[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	reduceScatterBlockJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.prepare(c)
}

// ScanInit prepares Scan.
func ScanInit[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	scanJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.prepare(c)
}

// ScanFuncInit prepares ScanFunc.
func ScanFuncInit[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	scanJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.prepare(c)
}

// ExscanInit prepares Exscan.
func ExscanInit[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	exscanJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.prepare(c)
}

// ExscanFuncInit prepares ExscanFunc.
func ExscanFuncInit[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	exscanJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.prepare(c)
}

// NeighborAllgatherInit prepares NeighborAllgather.
func NeighborAllgatherInit[T any](c mpi.Topology, dst, src []T) (*Request, error) {
	j := neighborAllgather(c, blockOf(dst), blockOf(src))
	return j.prepare(j.near.Comm)
}

// NeighborAllgathervInit prepares NeighborAllgatherv.
func NeighborAllgathervInit[T any](c mpi.Topology, dst []T, counts, displs []int, src []T) (*Request, error) {
	j := neighborAllgatherv(c, blockOf(dst), counts, displs, blockOf(src))
	return j.prepare(j.near.Comm)
}

// NeighborAlltoallInit prepares NeighborAlltoall.
func NeighborAlltoallInit[T any](c mpi.Topology, dst, src []T) (*Request, error) {
	j := neighborAlltoall(c, blockOf(dst), blockOf(src))
	return j.prepare(j.near.Comm)
}

// NeighborAlltoallvInit prepares NeighborAlltoallv.
func NeighborAlltoallvInit[T any](c mpi.Topology, dst []T, recvCounts, recvDispls []int, src []T, sendCounts, sendDispls []int) (*Request, error) {
	j := neighborAlltoallv(c, blockOf(dst), recvCounts, recvDispls, blockOf(src), sendCounts, sendDispls)
	return j.prepare(j.near.Comm)
}

// NeighborAlltoallwInit prepares NeighborAlltoallw.
func NeighborAlltoallwInit[T any](c mpi.Topology, dst []T, recv []mpi.Layout, src []T, send []mpi.Layout) (*Request, error) {
	j := neighborAlltoallw(c, blockOf(dst), recv, blockOf(src), send)
	return j.prepare(j.near.Comm)
}
