// Command exchange sends messages of every kind between all ranks for a while. It believes nothing of what it receives,
// so that a test can damage the shared memory below it. Arguments: rounds, then "return" for WithFaults(Return), or
// "stubborn" for that and to go on after errors, with a deadline for every step.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

func main() {
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var opts []mpi.Option
	stubborn := slices.Contains(os.Args, "stubborn")
	if stubborn || slices.Contains(os.Args, "return") {
		opts = append(opts, mpi.WithFaults(mpi.Return))
	}
	mpi.Run(func(world *mpi.Comm) error {
		for i := range rounds {
			for _, step := range steps {
				err := error(nil)
				if stubborn {
					err = try(step, world, i)
				} else {
					err = step(world, i)
				}
				if err != nil {
					return err
				}
			}
		}
		if stubborn { // what it has given up on may not let it end in order
			return errors.New("came through")
		}
		return nil
	}, opts...)
}

// try takes a step with a deadline and forgives all errors but the end of the job.
func try(step func(*mpi.Comm, int) error, world *mpi.Comm, i int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if err := step(world.WithContext(ctx), i); errors.Is(err, mpi.ErrAborted) {
		return err
	}
	return nil
}

var steps = []func(c *mpi.Comm, i int) error{blocking, posted, borrowed, moved, probed, collected, divided, value, given}

// Sizes in bytes for every protocol: in one line, in several, in parts, streamed.
var sizes = []int{0, 8, 48, 1000, 8000, 20_000, 32_768, 100_000, 600_000}

func around(c *mpi.Comm) (left, right int) {
	return (c.Rank() + c.Size() - 1) % c.Size(), (c.Rank() + 1) % c.Size()
}

func blocking(c *mpi.Comm, i int) error {
	left, right := around(c)
	for tag, n := range sizes {
		out, in := make([]byte, n), make([]byte, n)
		if c.Rank()%2 == 0 {
			if err := mpi.Send(c, out, right, tag); err != nil {
				return err
			}
		}
		if _, err := mpi.Recv(c, in, left, tag); err != nil {
			return err
		}
		if c.Rank()%2 == 1 {
			if err := mpi.Send(c, out, right, tag); err != nil {
				return err
			}
		}
	}
	return nil
}

// posted has everything under way at once.
func posted(c *mpi.Comm, i int) error {
	var reqs []mpi.Request
	for tag, n := range sizes {
		for r := range c.Size() {
			reqs = append(reqs, mpi.Irecv(c, make([]byte, n), r, mpi.AnyTag))
			if (tag+i)%3 == 0 {
				reqs = append(reqs, mpi.Issend(c, make([]byte, n), r, tag))
			} else {
				reqs = append(reqs, mpi.Isend(c, make([]byte, n), r, tag))
			}
		}
	}
	return mpi.WaitAll(reqs, nil)
}

// borrowed sends from the arena: the receiver reads there.
func borrowed(c *mpi.Comm, i int) error {
	left, right := around(c)
	b, err := mpi.Alloc[float64](c, 20_000)
	if err != nil {
		return err
	}
	if _, err := mpi.Sendrecv(c, b.Slice(), right, 1, make([]float64, b.Len()), left, 1); err != nil {
		return err
	}
	return b.Free()
}

func moved(c *mpi.Comm, i int) error {
	left, right := around(c)
	b, err := mpi.Alloc[int32](c, 1000*(i%8))
	if err != nil {
		return err
	}
	if err := b.Move(c, right, 2); err != nil {
		return err
	}
	if b, _, err = mpi.RecvMove[int32](c, left, 2); err != nil {
		return err
	}
	for j := range b.Slice() { // it must be there
		b.Slice()[j]++
	}
	return b.Free()
}

// probed gathers from anybody.
func probed(c *mpi.Comm, i int) error {
	root := i % c.Size()
	if c.Rank() != root {
		return mpi.Send(c, make([]byte, sizes[i%len(sizes)]), root, 3)
	}
	for j := range c.Size() - 1 {
		if j%2 == 0 {
			m, err := mpi.Mprobe(c, mpi.AnySource, 3)
			if err != nil {
				return err
			}
			if _, err := mpi.Mrecv(m, make([]byte, sizes[i%len(sizes)])); err != nil {
				return err
			}
			continue
		}
		st, err := mpi.Probe(c, mpi.AnySource, 3)
		if err != nil {
			return err
		}
		if _, err := mpi.Recv(c, make([]byte, sizes[i%len(sizes)]), st.Source, 3); err != nil {
			return err
		}
	}
	return nil
}

func collected(c *mpi.Comm, i int) error {
	x, all := make([]float64, 100), make([]float64, 100*c.Size())
	if err := collective.Barrier(c); err != nil {
		return err
	}
	if err := collective.Allreduce(c, x, x, collective.Sum); err != nil {
		return err
	}
	if err := collective.Bcast(c, make([]int16, 30_000), i%c.Size()); err != nil {
		return err
	}
	return collective.Allgather(c, all, x)
}

// divided makes communicators.
func divided(c *mpi.Comm, i int) error {
	half, err := c.Split(c.Rank()%2, -c.Rank())
	if err != nil {
		return err
	}
	if err := collective.Barrier(half); err != nil {
		return err
	}
	if err := collective.Bcast(half, make([]byte, 100), 0); err != nil {
		return err
	}
	return half.Free()
}

func value(c *mpi.Comm, i int) error {
	left, right := around(c)
	if err := mpi.SendValue(c, map[string][]int{"round": {i}}, right, 4); err != nil {
		return err
	}
	_, _, err := mpi.RecvValue[map[string][]int](c, left, 4)
	return err
}

// given up are receives of what never comes.
func given(c *mpi.Comm, i int) error {
	if i%8 != 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := mpi.Recv(c.WithContext(ctx), make([]byte, 8), mpi.AnySource, 99); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a message that nobody sent: %w", err)
	}
	return nil
}
