//go:build !linux

// Package shm is the transport between processes on one node; so far only Linux has it.
package shm

import (
	"os"

	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/transport"
)

// Open fails with segment.ErrUnsupported.
func Open(f *os.File, rank int) (transport.Endpoint, error) { return nil, segment.ErrUnsupported }
