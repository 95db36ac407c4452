package collective_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// form is an operation in its three forms. What the blocking one gives, the others shall give.
type form struct {
	name  string
	dst   int // pieces of k bytes
	call  func(dst []byte) error
	begin func(dst []byte) (*collective.Request, error)
	init  func(dst []byte) (*collective.Request, error)
	own   bool // in place: dst holds src before
}

// forms of all operations on c with k bytes a rank. Slices of counts are spoilt after each call.
func forms(c *mpi.Comm, root, k int) []form {
	n, me := c.Size(), c.Rank()
	src, srcs := pattern(me, k), all(n, k)
	for i := range srcs {
		srcs[i] ^= byte(me)
	}
	add := func(acc, x byte) byte { return acc + x }
	type request = *collective.Request
	var counts, displs []int
	var layouts []mpi.Layout
	// spoilt runs f with one piece of k bytes for each rank, in reverse order.
	spoilt := func(f func() (request, error)) (request, error) {
		counts, displs, layouts = make([]int, n), make([]int, n), make([]mpi.Layout, n)
		for i := range n {
			counts[i], displs[i], layouts[i] = k, (n-1-i)*k, layout.Contiguous(k).At((n-1-i)*k)
		}
		r, err := f()
		for i := range n {
			counts[i], displs[i], layouts[i] = math.MaxInt/2, -math.MaxInt/2, layout.Contiguous(1<<30)
		}
		return r, err
	}
	sum, reduce := collective.Sum, collective.Max
	all := []form{
		{"barrier", 0,
			func([]byte) error { return collective.Barrier(c) },
			func([]byte) (request, error) { return collective.Ibarrier(c) },
			func([]byte) (request, error) { return collective.BarrierInit(c) }, false},
		{"bcast", 1,
			func(dst []byte) error { return collective.Bcast(c, dst, root) },
			func(dst []byte) (request, error) { return collective.Ibcast(c, dst, root) },
			func(dst []byte) (request, error) { return collective.BcastInit(c, dst, root) }, true},
		{"reduce", 1,
			func(dst []byte) error { return collective.Reduce(c, dst, src, reduce, root) },
			func(dst []byte) (request, error) { return collective.Ireduce(c, dst, src, reduce, root) },
			func(dst []byte) (request, error) { return collective.ReduceInit(c, dst, src, reduce, root) }, false},
		{"reduce by function", 1,
			func(dst []byte) error { return collective.ReduceFunc(c, dst, src, add, root) },
			func(dst []byte) (request, error) { return collective.IreduceFunc(c, dst, src, add, root) },
			func(dst []byte) (request, error) { return collective.ReduceFuncInit(c, dst, src, add, root) }, false},
		{"allreduce", 1,
			func(dst []byte) error { return collective.Allreduce(c, dst, dst, sum) },
			func(dst []byte) (request, error) { return collective.Iallreduce(c, dst, dst, sum) },
			func(dst []byte) (request, error) { return collective.AllreduceInit(c, dst, dst, sum) }, true},
		{"allreduce by function", 1,
			func(dst []byte) error { return collective.AllreduceFunc(c, dst, src, add) },
			func(dst []byte) (request, error) { return collective.IallreduceFunc(c, dst, src, add) },
			func(dst []byte) (request, error) { return collective.AllreduceFuncInit(c, dst, src, add) }, false},
		{"gather", n,
			func(dst []byte) error { return collective.Gather(c, dst, src, root) },
			func(dst []byte) (request, error) { return collective.Igather(c, dst, src, root) },
			func(dst []byte) (request, error) { return collective.GatherInit(c, dst, src, root) }, false},
		{"gatherv", n,
			func(dst []byte) error { return collective.Gatherv(c, dst, counts, displs, src, root) },
			func(dst []byte) (request, error) { return collective.Igatherv(c, dst, counts, displs, src, root) },
			func(dst []byte) (request, error) { return collective.GathervInit(c, dst, counts, displs, src, root) }, false},
		{"scatter", 1,
			func(dst []byte) error { return collective.Scatter(c, dst, srcs, root) },
			func(dst []byte) (request, error) { return collective.Iscatter(c, dst, srcs, root) },
			func(dst []byte) (request, error) { return collective.ScatterInit(c, dst, srcs, root) }, false},
		{"scatterv", 1,
			func(dst []byte) error { return collective.Scatterv(c, dst, srcs, counts, displs, root) },
			func(dst []byte) (request, error) { return collective.Iscatterv(c, dst, srcs, counts, displs, root) },
			func(dst []byte) (request, error) { return collective.ScattervInit(c, dst, srcs, counts, displs, root) }, false},
		{"allgather", n,
			func(dst []byte) error { return collective.Allgather(c, dst, src) },
			func(dst []byte) (request, error) { return collective.Iallgather(c, dst, src) },
			func(dst []byte) (request, error) { return collective.AllgatherInit(c, dst, src) }, false},
		{"allgatherv", n,
			func(dst []byte) error { return collective.Allgatherv(c, dst, counts, displs, src) },
			func(dst []byte) (request, error) { return collective.Iallgatherv(c, dst, counts, displs, src) },
			func(dst []byte) (request, error) { return collective.AllgathervInit(c, dst, counts, displs, src) }, false},
		{"alltoall", n,
			func(dst []byte) error { return collective.Alltoall(c, dst, srcs) },
			func(dst []byte) (request, error) { return collective.Ialltoall(c, dst, srcs) },
			func(dst []byte) (request, error) { return collective.AlltoallInit(c, dst, srcs) }, false},
		{"alltoallv", n,
			func(dst []byte) error { return collective.Alltoallv(c, dst, counts, displs, srcs, counts, displs) },
			func(dst []byte) (request, error) {
				return collective.Ialltoallv(c, dst, counts, displs, srcs, counts, displs)
			},
			func(dst []byte) (request, error) {
				return collective.AlltoallvInit(c, dst, counts, displs, srcs, counts, displs)
			}, false},
		{"alltoallw", n,
			func(dst []byte) error { return collective.Alltoallw(c, dst, layouts, srcs, layouts) },
			func(dst []byte) (request, error) { return collective.Ialltoallw(c, dst, layouts, srcs, layouts) },
			func(dst []byte) (request, error) { return collective.AlltoallwInit(c, dst, layouts, srcs, layouts) }, false},
		{"reduce_scatter", 1,
			func(dst []byte) error { return collective.ReduceScatter(c, dst, srcs, counts, sum) },
			func(dst []byte) (request, error) { return collective.IreduceScatter(c, dst, srcs, counts, sum) },
			func(dst []byte) (request, error) { return collective.ReduceScatterInit(c, dst, srcs, counts, sum) }, false},
		{"reduce_scatter by function", 1,
			func(dst []byte) error { return collective.ReduceScatterFunc(c, dst, srcs, counts, add) },
			func(dst []byte) (request, error) { return collective.IreduceScatterFunc(c, dst, srcs, counts, add) },
			func(dst []byte) (request, error) { return collective.ReduceScatterFuncInit(c, dst, srcs, counts, add) }, false},
		{"reduce_scatter_block", 1,
			func(dst []byte) error { return collective.ReduceScatterBlock(c, dst, srcs, sum) },
			func(dst []byte) (request, error) { return collective.IreduceScatterBlock(c, dst, srcs, sum) },
			func(dst []byte) (request, error) { return collective.ReduceScatterBlockInit(c, dst, srcs, sum) }, false},
		{"reduce_scatter_block by function", 1,
			func(dst []byte) error { return collective.ReduceScatterBlockFunc(c, dst, srcs, add) },
			func(dst []byte) (request, error) { return collective.IreduceScatterBlockFunc(c, dst, srcs, add) },
			func(dst []byte) (request, error) { return collective.ReduceScatterBlockFuncInit(c, dst, srcs, add) }, false},
		{"scan", 1,
			func(dst []byte) error { return collective.Scan(c, dst, src, sum) },
			func(dst []byte) (request, error) { return collective.Iscan(c, dst, src, sum) },
			func(dst []byte) (request, error) { return collective.ScanInit(c, dst, src, sum) }, false},
		{"scan by function", 1,
			func(dst []byte) error { return collective.ScanFunc(c, dst, src, add) },
			func(dst []byte) (request, error) { return collective.IscanFunc(c, dst, src, add) },
			func(dst []byte) (request, error) { return collective.ScanFuncInit(c, dst, src, add) }, false},
		{"exscan", 1,
			func(dst []byte) error { return collective.Exscan(c, dst, src, sum) },
			func(dst []byte) (request, error) { return collective.Iexscan(c, dst, src, sum) },
			func(dst []byte) (request, error) { return collective.ExscanInit(c, dst, src, sum) }, false},
		{"exscan by function", 1,
			func(dst []byte) error { return collective.ExscanFunc(c, dst, src, add) },
			func(dst []byte) (request, error) { return collective.IexscanFunc(c, dst, src, add) },
			func(dst []byte) (request, error) { return collective.ExscanFuncInit(c, dst, src, add) }, false},
	}
	for i := range all {
		f := &all[i]
		call, begin, init := f.call, f.begin, f.init
		f.call = func(dst []byte) error {
			_, err := spoilt(func() (request, error) { return nil, call(dst) })
			return err
		}
		f.begin = func(dst []byte) (request, error) { return spoilt(func() (request, error) { return begin(dst) }) }
		f.init = func(dst []byte) (request, error) { return spoilt(func() (request, error) { return init(dst) }) }
	}
	return all
}

// operations is how many forms there are.
const operations = 23

// started is an operation with what it should give.
type started struct {
	form
	dst, want []byte
	what      string
}

// operation makes operation i on c with k bytes a rank.
func operation(c *mpi.Comm, i, k int) (*started, error) {
	root := (i + k) % c.Size()
	f := forms(c, root, k)[i%operations]
	s := &started{form: f, dst: make([]byte, f.dst*k), what: fmt.Sprintf("%s of %d bytes, rank %d of %d, root %d", f.name, k, c.Rank(), c.Size(), root)}
	s.reset(c)
	if err := f.call(s.dst); err != nil {
		return nil, err
	}
	s.want = slices.Clone(s.dst)
	s.reset(c)
	return s, nil
}

func (s *started) reset(c *mpi.Comm) {
	clear(s.dst)
	if s.own {
		copy(s.dst, pattern(c.Rank(), len(s.dst)))
	}
}

func (s *started) check() error { return differ(s.what, s.dst, s.want) }
