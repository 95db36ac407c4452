// Ring sends a token round all ranks, several times. Each rank adds its number to
// the token before it hands it on, so that at the end the sum tells whether
// everybody was visited in every lap.
//
//	golaunch -n 4 ./examples/ring -laps 100000
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
)

type config struct {
	laps int
	out  io.Writer
}

func main() {
	cfg := config{out: os.Stdout}
	flag.IntVar(&cfg.laps, "laps", 10_000, "how many times the token goes round")
	flag.Parse()
	mpi.Run(func(world *mpi.Comm) error { return run(world, cfg) })
}

// token is what travels. A message consists of elements of any Go type without
// pointers, structs included.
type token struct {
	Hops int // how often it was handed on
	Sum  int // of the ranks that handed it on
}

func run(world *mpi.Comm, cfg config) error {
	if cfg.laps < 1 {
		return fmt.Errorf("-laps %d: want at least 1", cfg.laps)
	}
	const tag = 0
	rank, size := world.Rank(), world.Size()
	right := (rank + 1) % size
	left := (rank + size - 1) % size

	// Somebody must begin, or all would wait in Recv for ever. (Try it: golaunch
	// then says who waits for whom, and in which line.)
	t := []token{{}}
	begin := time.Now()
	for range cfg.laps {
		if rank != 0 {
			if _, err := mpi.Recv(world, t, left, tag); err != nil {
				return err
			}
		}
		t[0].Hops++
		t[0].Sum += rank
		// With one rank, right and left are the rank itself. That works because
		// Send lets go of a small message at once; it waits in the receiver's
		// queue. A large one would wait for its receiver: then use Sendrecv or
		// Isend.
		if err := mpi.Send(world, t, right, tag); err != nil {
			return err
		}
		if rank == 0 {
			if _, err := mpi.Recv(world, t, left, tag); err != nil {
				return err
			}
		}
	}
	if rank != 0 {
		return nil
	}

	hop := time.Since(begin) / time.Duration(t[0].Hops)
	want := token{Hops: cfg.laps * size, Sum: cfg.laps * size * (size - 1) / 2}
	if t[0] != want {
		return fmt.Errorf("the token came back as %+v, want %+v", t[0], want)
	}
	fmt.Fprintf(cfg.out, "%d laps over %d ranks: %d hops of %v, the ranks add up to %d as they should\n",
		cfg.laps, size, t[0].Hops, hop, t[0].Sum)
	return nil
}
