package main

import (
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// repeated is an operation that is prepared once.
func repeated(r *collective.Request, err error) func() error {
	return func() error {
		if err != nil {
			return err
		}
		r.Start()
		return r.Wait()
	}
}

func barrierPersistent(b *bench, _, _ []byte) func() error {
	return repeated(collective.BarrierInit(b.world))
}

func bcastPersistent(b *bench, send, recv []byte) func() error {
	buf := recv
	if b.rank == 0 {
		buf = send
	}
	return repeated(collective.BcastInit(b.world, buf, 0))
}

func allreducePersistent(b *bench, send, recv []byte) func() error {
	return repeated(collective.AllreduceInit(b.world, floats(recv), floats(send), collective.Sum))
}

// onRing makes the operation on all ranks as a ring.
func onRing(b *bench, op func(ring *mpi.Cart) error) func() error {
	ring, err := b.world.Cart([]int{b.size}, []bool{true}, false)
	return func() error {
		if err != nil {
			return err
		}
		return op(ring)
	}
}

func neighborAllgather(b *bench, send, recv []byte) func() error {
	return onRing(b, func(ring *mpi.Cart) error { return collective.NeighborAllgather(ring, recv, send) })
}

func neighborAlltoall(b *bench, send, recv []byte) func() error {
	return onRing(b, func(ring *mpi.Cart) error { return collective.NeighborAlltoall(ring, recv, send) })
}
