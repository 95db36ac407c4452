package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// The nonblocking forms begin an operation and return. The arguments are those of the blocking form. Until Wait or Test
// says that it is done, dst must not be looked at, and neither dst nor src be written. Counts, displacements
// and layouts may. Functions of the user's may be called by another goroutine. See the package documentation.

// Ibarrier begins Barrier.
func Ibarrier(c *mpi.Comm) (*Request, error) {
	j := job{code: opBarrier}
	return j.begin(c)
}

// Ibcast begins Bcast.
func Ibcast[T any](c *mpi.Comm, buf []T, root int) (*Request, error) {
	var j job
	bcastJob(&j, c, buf, root)
	return j.begin(c)
}

// Ireduce begins Reduce.
func Ireduce[T any](c *mpi.Comm, dst, src []T, op Op, root int) (*Request, error) {
	var j job
	reduceJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op), root)
	return j.begin(c)
}

// IreduceFunc begins ReduceFunc.
func IreduceFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, root int, opts ...FuncOption) (*Request, error) {
	var j job
	reduceJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...), root)
	return j.begin(c)
}

// Iallreduce begins Allreduce.
func Iallreduce[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	allreduceJob(&j, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.begin(c)
}

// IallreduceFunc begins AllreduceFunc.
func IallreduceFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	allreduceJob(&j, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.begin(c)
}

// Igather begins Gather.
func Igather[T any](c *mpi.Comm, dst, src []T, root int) (*Request, error) {
	var j job
	gatherJob(&j, c, dst, src, root)
	return j.begin(c)
}

// Igatherv begins Gatherv.
func Igatherv[T any](c *mpi.Comm, dst []T, counts, displs []int, src []T, root int) (*Request, error) {
	var j job
	gathervJob(&j, c, dst, counts, displs, src, root)
	return j.begin(c)
}

// Iscatter begins Scatter.
func Iscatter[T any](c *mpi.Comm, dst, src []T, root int) (*Request, error) {
	var j job
	scatterJob(&j, c, dst, src, root)
	return j.begin(c)
}

// Iscatterv begins Scatterv.
func Iscatterv[T any](c *mpi.Comm, dst []T, src []T, counts, displs []int, root int) (*Request, error) {
	var j job
	scattervJob(&j, c, dst, src, counts, displs, root)
	return j.begin(c)
}

// Iallgather begins Allgather.
func Iallgather[T any](c *mpi.Comm, dst, src []T) (*Request, error) {
	var j job
	allgatherJob(&j, c, dst, src)
	return j.begin(c)
}

// Iallgatherv begins Allgatherv.
func Iallgatherv[T any](c *mpi.Comm, dst []T, counts, displs []int, src []T) (*Request, error) {
	var j job
	allgathervJob(&j, c, dst, counts, displs, src)
	return j.begin(c)
}

// Ialltoall begins Alltoall.
func Ialltoall[T any](c *mpi.Comm, dst, src []T) (*Request, error) {
	var j job
	alltoallJob(&j, c, dst, src)
	return j.begin(c)
}

// Ialltoallv begins Alltoallv.
func Ialltoallv[T any](c *mpi.Comm, dst []T, recvCounts, recvDispls []int, src []T, sendCounts, sendDispls []int) (*Request, error) {
	var j job
	alltoallvJob(&j, c, dst, recvCounts, recvDispls, src, sendCounts, sendDispls)
	return j.begin(c)
}

// Ialltoallw begins Alltoallw.
func Ialltoallw[T any](c *mpi.Comm, dst []T, recv []mpi.Layout, src []T, send []mpi.Layout) (*Request, error) {
	var j job
	alltoallwJob(&j, c, dst, recv, src, send)
	return j.begin(c)
}

// IreduceScatter begins ReduceScatter.
func IreduceScatter[T any](c *mpi.Comm, dst, src []T, counts []int, op Op) (*Request, error) {
	var j job
	reduceScatterJob(&j, c, blockOf(dst), blockOf(src), counts, foldOf[T](op))
	return j.begin(c)
}

// IreduceScatterFunc begins ReduceScatterFunc.
func IreduceScatterFunc[T any](c *mpi.Comm, dst, src []T, counts []int, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	reduceScatterJob(&j, c, blockOf(dst), blockOf(src), counts, foldFunc(fn, opts...))
	return j.begin(c)
}

// IreduceScatterBlock begins ReduceScatterBlock.
func IreduceScatterBlock[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	reduceScatterBlockJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.begin(c)
}

// IreduceScatterBlockFunc begins ReduceScatterBlockFunc.
func IreduceScatterBlockFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	reduceScatterBlockJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.begin(c)
}

// Iscan begins Scan.
func Iscan[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	scanJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.begin(c)
}

// IscanFunc begins ScanFunc.
func IscanFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	scanJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.begin(c)
}

// Iexscan begins Exscan.
func Iexscan[T any](c *mpi.Comm, dst, src []T, op Op) (*Request, error) {
	var j job
	exscanJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.begin(c)
}

// IexscanFunc begins ExscanFunc.
func IexscanFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) (*Request, error) {
	var j job
	exscanJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.begin(c)
}

// IneighborAllgather begins NeighborAllgather.
func IneighborAllgather[T any](c mpi.Topology, dst, src []T) (*Request, error) {
	j := neighborAllgather(c, blockOf(dst), blockOf(src))
	return j.begin(j.near.Comm)
}

// IneighborAllgatherv begins NeighborAllgatherv.
func IneighborAllgatherv[T any](c mpi.Topology, dst []T, counts, displs []int, src []T) (*Request, error) {
	j := neighborAllgatherv(c, blockOf(dst), counts, displs, blockOf(src))
	return j.begin(j.near.Comm)
}

// IneighborAlltoall begins NeighborAlltoall.
func IneighborAlltoall[T any](c mpi.Topology, dst, src []T) (*Request, error) {
	j := neighborAlltoall(c, blockOf(dst), blockOf(src))
	return j.begin(j.near.Comm)
}

// IneighborAlltoallv begins NeighborAlltoallv.
func IneighborAlltoallv[T any](c mpi.Topology, dst []T, recvCounts, recvDispls []int, src []T, sendCounts, sendDispls []int) (*Request, error) {
	j := neighborAlltoallv(c, blockOf(dst), recvCounts, recvDispls, blockOf(src), sendCounts, sendDispls)
	return j.begin(j.near.Comm)
}

// IneighborAlltoallw begins NeighborAlltoallw.
func IneighborAlltoallw[T any](c mpi.Topology, dst []T, recv []mpi.Layout, src []T, send []mpi.Layout) (*Request, error) {
	j := neighborAlltoallw(c, blockOf(dst), recv, blockOf(src), send)
	return j.begin(j.near.Comm)
}
