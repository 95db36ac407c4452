//go:build !linux

package segment

import (
	"errors"
	"fmt"
	"os"
)

// ErrUnsupported: shared memory between processes exists on Linux only so far; ranks as goroutines work everywhere.
var ErrUnsupported = fmt.Errorf("segment: shared memory between processes is only supported on Linux: %w", errors.ErrUnsupported)

// Segment is a node's shared memory; only Linux has it.
type Segment struct{ *Job }

// Create fails with ErrUnsupported.
func Create(n int, heap int64) (*os.File, error) { return nil, ErrUnsupported }

// Attach fails with ErrUnsupported.
func Attach(f *os.File) (*Segment, error) { return nil, ErrUnsupported }

func (s *Segment) Close() error                        { return ErrUnsupported }
func (s *Segment) Memory(dst, src int) []byte          { return nil }
func (s *Segment) HeapMemory(rank int) ([]byte, error) { return nil, ErrUnsupported }
func (s *Segment) Punch(rank int, off, n int64) error  { return ErrUnsupported }
func (s *Segment) Sleep(rank int, d int64)             {}
