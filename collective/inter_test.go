package collective_test

import (
	"fmt"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// twoGroups joins the first ranks of the world with the others, whose order it turns round.
func twoGroups(world *mpi.Comm, first int) (*mpi.Intercomm, error) {
	color, key := 0, world.Rank()
	if world.Rank() >= first {
		color, key = 1, -key
	}
	half, err := world.Split(color, key)
	if err != nil {
		return nil, err
	}
	other := first
	if color == 1 {
		other = 0
	}
	leader := 0
	if color == 1 {
		leader = half.Size() - 1 // rank first of the world
	}
	return half.Intercomm(leader, world, other, 0)
}

// side tells patterns of the groups apart: that of rank i of the caller's group, or of the other one, has the number side+i.
func side(world *mpi.Comm, first int, remote bool) int {
	if (world.Rank() >= first) != remote {
		return 100
	}
	return 0
}

// sumOf adds up the patterns of n ranks from number on.
func sumOf(number, n, k int) []byte {
	sum := make([]byte, k)
	for r := range n {
		for i, v := range pattern(number+r, k) {
			sum[i] += v
		}
	}
	return sum
}

// sideBySide is the patterns of n ranks from number on; a rank's has length(i) bytes.
func sideBySide(number, n int, length func(i int) int) (all []byte, counts []int) {
	for r := range n {
		all = append(all, pattern(number+r, length(r))...)
		counts = append(counts, length(r))
	}
	return all, counts
}

// interAll tries all collectives on an intercommunicator with about k bytes. Each is called blocking, nonblocking and
// persistent.
func interAll(world *mpi.Comm, ic *mpi.Intercomm, first, k int) error {
	c := ic.Comm
	n, m, me := ic.Size(), ic.RemoteSize(), ic.Rank()
	mine, theirs := side(world, first, false), side(world, first, true)
	own := pattern(mine+me, k)
	same := func(int) int { return k }
	// Lengths of what is sent from a rank to one of the other group: the same function at both ends.
	length := func(sender, number int) func(i int) int {
		return func(i int) int { return (k + 5*(number+i)%17 + 3*sender) % (k + 9) }
	}
	three := func(name string, dst, want []byte, call func() error, begin, prepare func() (*collective.Request, error)) error {
		for i, f := range []func() error{call,
			func() error {
				r, err := begin()
				if err != nil {
					return err
				}
				return r.Wait()
			},
			func() error {
				r, err := prepare()
				if err != nil {
					return err
				}
				r.Start()
				return r.Wait()
			}} {
			clear(dst)
			if err := f(); err != nil {
				return fmt.Errorf("%s, form %d: %w", name, i, err)
			}
			if want != nil {
				if err := differ(fmt.Sprintf("%s, form %d", name, i), dst, want); err != nil {
					return err
				}
			}
		}
		return nil
	}

	if err := three("Barrier", nil, nil, func() error { return collective.Barrier(c) },
		func() (*collective.Request, error) { return collective.Ibarrier(c) },
		func() (*collective.Request, error) { return collective.BarrierInit(c) }); err != nil {
		return err
	}

	// Both groups bring something.
	dst := make([]byte, k)
	if err := three("Allreduce", dst, sumOf(theirs, m, k), func() error { return collective.Allreduce(c, dst, own, collective.Sum) },
		func() (*collective.Request, error) { return collective.Iallreduce(c, dst, own, collective.Sum) },
		func() (*collective.Request, error) { return collective.AllreduceInit(c, dst, own, collective.Sum) }); err != nil {
		return err
	}
	want, _ := sideBySide(theirs, m, same)
	long := make([]byte, m*k)
	if err := three("Allgather", long, want, func() error { return collective.Allgather(c, long, own) },
		func() (*collective.Request, error) { return collective.Iallgather(c, long, own) },
		func() (*collective.Request, error) { return collective.AllgatherInit(c, long, own) }); err != nil {
		return err
	}
	want, counts := sideBySide(theirs, m, length(0, theirs))
	long, odd := make([]byte, len(want)), pattern(mine+me, length(0, mine)(me))
	if err := three("Allgatherv", long, want, func() error { return collective.Allgatherv(c, long, counts, nil, odd) },
		func() (*collective.Request, error) { return collective.Iallgatherv(c, long, counts, nil, odd) },
		func() (*collective.Request, error) { return collective.AllgathervInit(c, long, counts, nil, odd) }); err != nil {
		return err
	}
	// Piece i of what rank r sends is the pattern of 7r+i.
	src, want := []byte{}, []byte{}
	for i := range m {
		src = append(src, pattern(mine+7*me+i, k)...)
		want = append(want, pattern(theirs+7*i+me, k)...)
	}
	long = make([]byte, m*k)
	if err := three("Alltoall", long, want, func() error { return collective.Alltoall(c, long, src) },
		func() (*collective.Request, error) { return collective.Ialltoall(c, long, src) },
		func() (*collective.Request, error) { return collective.AlltoallInit(c, long, src) }); err != nil {
		return err
	}
	src, want = nil, nil
	var out, in []int
	var outL, inL []mpi.Layout
	for i := range m {
		p, q := pattern(mine+7*me+i, length(me, theirs)(i)), pattern(theirs+7*i+me, length(i, mine)(me))
		outL, inL = append(outL, layout.Contiguous(len(p)).At(len(src))), append(inL, layout.Vector(len(q), 1, 2).At(2*len(want)))
		src, want = append(src, p...), append(want, q...)
		out, in = append(out, len(p)), append(in, len(q))
	}
	long = make([]byte, len(want))
	if err := three("Alltoallv", long, want, func() error { return collective.Alltoallv(c, long, in, nil, src, out, nil) },
		func() (*collective.Request, error) { return collective.Ialltoallv(c, long, in, nil, src, out, nil) },
		func() (*collective.Request, error) { return collective.AlltoallvInit(c, long, in, nil, src, out, nil) }); err != nil {
		return err
	}
	wide := make([]byte, 2*len(want))
	apart := make([]byte, len(wide))
	for i, v := range want {
		apart[2*i] = v
	}
	if err := three("Alltoallw", wide, apart, func() error { return collective.Alltoallw(c, wide, inL, src, outL) },
		func() (*collective.Request, error) { return collective.Ialltoallw(c, wide, inL, src, outL) },
		func() (*collective.Request, error) { return collective.AlltoallwInit(c, wide, inL, src, outL) }); err != nil {
		return err
	}
	// The vector of both groups has n*m*k elements.
	vector, total := pattern(mine+me, n*m*k), sumOf(theirs, m, n*m*k)
	piece := make([]byte, m*k)
	if err := three("ReduceScatterBlock", piece, total[me*m*k:(me+1)*m*k], func() error { return collective.ReduceScatterBlock(c, piece, vector, collective.Sum) },
		func() (*collective.Request, error) {
			return collective.IreduceScatterBlock(c, piece, vector, collective.Sum)
		},
		func() (*collective.Request, error) {
			return collective.ReduceScatterBlockInit(c, piece, vector, collective.Sum)
		}); err != nil {
		return err
	}
	counts, at := make([]int, n), 0
	counts[0] = n * m * k
	for i := n - 1; i > 0; i-- {
		counts[i] = min(i*k%7, counts[0])
		counts[0] -= counts[i]
	}
	for _, l := range counts[:me] {
		at += l
	}
	piece = make([]byte, counts[me])
	if err := three("ReduceScatter", piece, total[at:at+counts[me]], func() error { return collective.ReduceScatter(c, piece, vector, counts, collective.Sum) },
		func() (*collective.Request, error) {
			return collective.IreduceScatter(c, piece, vector, counts, collective.Sum)
		},
		func() (*collective.Request, error) {
			return collective.ReduceScatterInit(c, piece, vector, counts, collective.Sum)
		}); err != nil {
		return err
	}

	// One rank of one group is root; its group stands by.
	for number := range n + m {
		root := number - first // among the second group
		here := world.Rank() >= first
		if number < first {
			root, here = number, world.Rank() < first
		}
		arg := root
		switch {
		case here && me == root:
			arg = mpi.Root
		case here:
			arg = mpi.ProcNull
		}
		if err := interRooted(c, arg, mine, theirs, k, three); err != nil {
			return fmt.Errorf("root %d: %w", number, err)
		}
	}
	return nil
}

// interRooted tries the collectives with a root. own numbers are those of the caller's group.
func interRooted(c *mpi.Comm, root, mine, theirs, k int, three func(name string, dst, want []byte, call func() error, begin, prepare func() (*collective.Request, error)) error) error {
	me, m := c.Rank(), c.Peers()
	atRoot, aside := root == mpi.Root, root == mpi.ProcNull
	length := func(number int) func(i int) int {
		return func(i int) int { return (k + 5*(number+i)) % (k + 9) }
	}

	buf, want := make([]byte, k), make([]byte, k)
	switch {
	case atRoot:
		buf = nil
	case !aside:
		want = pattern(theirs+root, k)
	}
	bcast := func() []byte {
		if atRoot {
			return pattern(mine+me, k)
		}
		return buf
	}
	check := want
	if atRoot {
		check = nil
	}
	if err := three("Bcast", buf, check, func() error { return collective.Bcast(c, bcast(), root) },
		func() (*collective.Request, error) { return collective.Ibcast(c, bcast(), root) },
		func() (*collective.Request, error) { return collective.BcastInit(c, bcast(), root) }); err != nil {
		return err
	}

	var src []byte
	if !atRoot && !aside {
		src = pattern(mine+me, k)
	}
	dst := make([]byte, k)
	want = make([]byte, k)
	if atRoot {
		want = sumOf(theirs, m, k)
	}
	if err := three("Reduce", dst, want, func() error { return collective.Reduce(c, dst, src, collective.Sum, root) },
		func() (*collective.Request, error) { return collective.Ireduce(c, dst, src, collective.Sum, root) },
		func() (*collective.Request, error) { return collective.ReduceInit(c, dst, src, collective.Sum, root) }); err != nil {
		return err
	}

	long := make([]byte, m*k)
	want = make([]byte, m*k)
	if atRoot {
		want, _ = sideBySide(theirs, m, func(int) int { return k })
	}
	if err := three("Gather", long, want, func() error { return collective.Gather(c, long, src, root) },
		func() (*collective.Request, error) { return collective.Igather(c, long, src, root) },
		func() (*collective.Request, error) { return collective.GatherInit(c, long, src, root) }); err != nil {
		return err
	}
	all, counts := sideBySide(theirs, m, length(theirs))
	long, want = make([]byte, len(all)), make([]byte, len(all))
	if atRoot {
		want = all
	}
	odd := pattern(mine+me, length(mine)(me))
	if err := three("Gatherv", long, want, func() error { return collective.Gatherv(c, long, counts, nil, odd, root) },
		func() (*collective.Request, error) { return collective.Igatherv(c, long, counts, nil, odd, root) },
		func() (*collective.Request, error) { return collective.GathervInit(c, long, counts, nil, odd, root) }); err != nil {
		return err
	}

	// Root scatters the patterns of those who get them.
	all, _ = sideBySide(theirs, m, func(int) int { return k })
	dst, want = make([]byte, k), make([]byte, k)
	if !atRoot && !aside {
		want = pattern(mine+me, k)
	}
	if err := three("Scatter", dst, want, func() error { return collective.Scatter(c, dst, all, root) },
		func() (*collective.Request, error) { return collective.Iscatter(c, dst, all, root) },
		func() (*collective.Request, error) { return collective.ScatterInit(c, dst, all, root) }); err != nil {
		return err
	}
	all, counts = sideBySide(theirs, m, length(theirs))
	dst = make([]byte, length(mine)(me))
	want = make([]byte, len(dst))
	if !atRoot && !aside {
		want = pattern(mine+me, len(dst))
	}
	return three("Scatterv", dst, want, func() error { return collective.Scatterv(c, dst, all, counts, nil, root) },
		func() (*collective.Request, error) { return collective.Iscatterv(c, dst, all, counts, nil, root) },
		func() (*collective.Request, error) { return collective.ScattervInit(c, dst, all, counts, nil, root) })
}

func onGroups(world *mpi.Comm, lengths []int) error {
	for _, first := range []int{1, 2, 4} {
		if first >= world.Size() {
			continue
		}
		ic, err := twoGroups(world, first)
		if err != nil {
			return err
		}
		for _, k := range lengths {
			if err := interAll(world, ic, first, k); err != nil {
				return fmt.Errorf("groups of %d and %d, %d bytes: %w", first, world.Size()-first, k, err)
			}
		}
		if err := ic.Free(); err != nil {
			return err
		}
	}
	return nil
}

func TestInter(t *testing.T) {
	for _, n := range []int{2, 3, 5, 9} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			mpitest.Run(t, n, func(world *mpi.Comm) error { return onGroups(world, []int{0, 1, 5000}) })
		})
	}
	mpitest.Run(t, 4, func(world *mpi.Comm) error { return onGroups(world, []int{40000}) })
}

// Groups that lie across nodes.
func TestInterTopo(t *testing.T) {
	for _, placement := range []string{"2+2", "0,1,0,1,2"} {
		mpitest.RunTopo(t, placement, func(world *mpi.Comm) error { return onGroups(world, []int{3, 5000}) })
	}
}

func TestInterProcesses(t *testing.T) {
	mpitest.RunProcesses(t, 5, func(world *mpi.Comm) error { return onGroups(world, []int{1, 40000}) })
}
