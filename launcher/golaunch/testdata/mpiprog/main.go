// Command mpiprog does what a test script asks for, as a program of a user would.
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

func main() {
	var opts []mpi.Option
	if os.Args[1] == "survive" {
		opts = append(opts, mpi.WithFaults(mpi.Return))
	}
	mpi.Run(func(world *mpi.Comm) error { return run(world, os.Args[1]) }, opts...)
	fmt.Println("after Run")
}

func run(world *mpi.Comm, what string) error {
	me, n := world.Rank(), world.Size()
	buf := make([]float64, 10)
	switch what {
	case "hello":
		fmt.Printf("hello from %d of %d\n", me, n)
	case "cycle": // everybody waits for the next
		_, err := mpi.Recv(world, buf, (me+1)%n, 7)
		return err
	case "self": // nobody else is there to send
		_, err := mpi.Recv(world, buf, me, 7)
		return err
	case "posted": // and nobody waits for it
		mpi.Irecv(world, buf, (me+1)%n, 8)
		_, err := mpi.Recv(world, buf, (me+1)%n, 7)
		return err
	case "anybody":
		_, err := mpi.Recv(world, buf, mpi.AnySource, mpi.AnyTag)
		return err
	case "vain": // rank 0 waits for one that has finished
		if me == 0 {
			_, err := mpi.Recv(world, buf, 1, 8)
			return err
		}
	case "barrier": // rank 0 never comes
		if me == 0 {
			_, err := mpi.Recv(world, buf, 1, 9)
			return err
		}
		return collective.Barrier(world)
	case "disagree": // rank 1 is elsewhere
		if me == 1 {
			return collective.Bcast(world, buf[:1], 0)
		}
		return collective.Allreduce(world, buf, buf, collective.Sum)
	case "leave": // rank 1 has done enough
		for range 3 - me {
			if err := collective.Barrier(world); err != nil {
				return err
			}
		}
	case "started": // rank 0 never comes
		if me == 0 {
			_, err := mpi.Recv(world, buf, 1, 9)
			return err
		}
		r, err := collective.Iallreduce(world, buf, buf, collective.Sum)
		if err != nil {
			return err
		}
		return r.Wait()
	case "overlap": // rank 0 never comes, and the others don't mind
		if me == 0 {
			_, err := mpi.Recv(world, buf, 1, 9)
			return err
		}
		if _, err := collective.Iallreduce(world, buf, buf, collective.Sum); err != nil {
			return err
		}
		if _, err := collective.Ibarrier(world); err != nil {
			return err
		}
		for x := 0.0; ; x++ {
			buf[0] = x
		}
	case "forgotten":
		if _, err := collective.Ibarrier(world); err != nil {
			return err
		}
	case "compute": // rank 1 computes, the others wait for it
		if me == 1 {
			for {
				buf[0]++
			}
		}
		_, err := mpi.Recv(world, buf, 1, 1)
		return err
	case "error":
		if me == 1 {
			return errors.New("no such input: x.dat")
		}
		_, err := mpi.Recv(world, buf, 1, 1)
		return err
	case "panic":
		if me == 1 {
			panic("index of doom")
		}
		return collective.Barrier(world)
	case "abort":
		if me == 1 {
			return world.Abort(42, "had enough")
		}
		return collective.Barrier(world)
	case "exit": // without Finalize
		if me == 1 {
			os.Exit(0)
		}
		return collective.Barrier(world)
	case "killed":
		if me == 1 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return collective.Barrier(world)
	case "survive":
		if me == 1 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		if me == 0 {
			_, err := mpi.Recv(world, buf, 1, 1)
			if !errors.Is(err, mpi.ErrRankFailed) {
				return fmt.Errorf("got %v", err)
			}
			fmt.Println("noticed:", err)
		}
	case "context": // ends in order when told to
		fmt.Println("waiting")
		select {
		case <-world.Context().Done():
			fmt.Println("told to end")
		case <-time.After(time.Minute):
			return errors.New("nobody told me to end")
		}
	default:
		return fmt.Errorf("unknown %q", what)
	}
	return nil
}
