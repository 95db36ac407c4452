package main

import (
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// The cases that make a communicator, use it or not, and free it.

func dup(b *bench) (*mpi.Comm, error) { return b.world.Dup() }

// split makes two communicators of every second rank each, in reverse order.
func split(b *bench) (*mpi.Comm, error) { return b.world.Split(b.rank%2, -b.rank) }

// setUp is the loop of such a case: with a first barrier on the new communicator, which makes what collectives need there.
func setUp(make func(b *bench) (*mpi.Comm, error), use bool) func(b *bench, iterations int, _, _ []byte) error {
	return func(b *bench, iterations int, _, _ []byte) error {
		for range iterations {
			c, err := make(b)
			if err == nil && use {
				err = collective.Barrier(c)
			}
			if err == nil {
				err = c.Free()
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}
