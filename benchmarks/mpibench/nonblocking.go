package main

import "github.com/golaunch/golaunch/collective"

// A starter makes what begins a nonblocking operation.
type starter func(b *bench, send, recv []byte) func() (*collective.Request, error)

// starts are the nonblocking operations by the name of the blocking one.
var starts = map[string]starter{
	"bcast":                ibcast,
	"gather":               igather,
	"gatherv":              igatherv,
	"scatter":              iscatter,
	"scatterv":             iscatterv,
	"allgather":            iallgather,
	"allgatherv":           iallgatherv,
	"alltoall":             ialltoall,
	"alltoallv":            ialltoallv,
	"alltoallw":            ialltoallw,
	"reduce":               ireduce,
	"allreduce":            iallreduce,
	"reduce_scatter":       ireduceScatter,
	"reduce_scatter_block": ireduceScatterBlock,
	"scan":                 iscan,
	"exscan":               iexscan,
}

func ibcast(b *bench, send, recv []byte) func() (*collective.Request, error) {
	buf := recv
	if b.rank == 0 {
		buf = send
	}
	return func() (*collective.Request, error) { return collective.Ibcast(b.world, buf, 0) }
}

func igather(b *bench, send, recv []byte) func() (*collective.Request, error) {
	return func() (*collective.Request, error) { return collective.Igather(b.world, recv, send, 0) }
}

func igatherv(b *bench, send, recv []byte) func() (*collective.Request, error) {
	counts, displs := sideBySide(b.size, len(send))
	return func() (*collective.Request, error) {
		return collective.Igatherv(b.world, recv, counts, displs, send, 0)
	}
}

func iscatter(b *bench, send, recv []byte) func() (*collective.Request, error) {
	return func() (*collective.Request, error) { return collective.Iscatter(b.world, recv, send, 0) }
}

func iscatterv(b *bench, send, recv []byte) func() (*collective.Request, error) {
	counts, displs := sideBySide(b.size, len(recv))
	return func() (*collective.Request, error) {
		return collective.Iscatterv(b.world, recv, send, counts, displs, 0)
	}
}

func iallgather(b *bench, send, recv []byte) func() (*collective.Request, error) {
	return func() (*collective.Request, error) { return collective.Iallgather(b.world, recv, send) }
}

func iallgatherv(b *bench, send, recv []byte) func() (*collective.Request, error) {
	counts, displs := sideBySide(b.size, len(send))
	return func() (*collective.Request, error) {
		return collective.Iallgatherv(b.world, recv, counts, displs, send)
	}
}

func ialltoall(b *bench, send, recv []byte) func() (*collective.Request, error) {
	return func() (*collective.Request, error) { return collective.Ialltoall(b.world, recv, send) }
}

func ialltoallv(b *bench, send, recv []byte) func() (*collective.Request, error) {
	counts, displs := sideBySide(b.size, len(send)/b.size)
	return func() (*collective.Request, error) {
		return collective.Ialltoallv(b.world, recv, counts, displs, send, counts, displs)
	}
}

func ialltoallw(b *bench, send, recv []byte) func() (*collective.Request, error) {
	blocks := layouts(b.size, len(send)/b.size)
	return func() (*collective.Request, error) { return collective.Ialltoallw(b.world, recv, blocks, send, blocks) }
}

func ireduce(b *bench, send, recv []byte) func() (*collective.Request, error) {
	src, dst := floats(send), floats(recv)
	return func() (*collective.Request, error) { return collective.Ireduce(b.world, dst, src, collective.Sum, 0) }
}

func iallreduce(b *bench, send, recv []byte) func() (*collective.Request, error) {
	src, dst := floats(send), floats(recv)
	return func() (*collective.Request, error) { return collective.Iallreduce(b.world, dst, src, collective.Sum) }
}

func ireduceScatter(b *bench, send, recv []byte) func() (*collective.Request, error) {
	dst, src, counts := parts(b, send, recv)
	return func() (*collective.Request, error) {
		return collective.IreduceScatter(b.world, dst, src, counts, collective.Sum)
	}
}

func ireduceScatterBlock(b *bench, send, recv []byte) func() (*collective.Request, error) {
	dst, src := equalParts(b, send, recv)
	return func() (*collective.Request, error) {
		return collective.IreduceScatterBlock(b.world, dst, src, collective.Sum)
	}
}

func iscan(b *bench, send, recv []byte) func() (*collective.Request, error) {
	src, dst := floats(send), floats(recv)
	return func() (*collective.Request, error) { return collective.Iscan(b.world, dst, src, collective.Sum) }
}

func iexscan(b *bench, send, recv []byte) func() (*collective.Request, error) {
	src, dst := floats(send), floats(recv)
	return func() (*collective.Request, error) { return collective.Iexscan(b.world, dst, src, collective.Sum) }
}
