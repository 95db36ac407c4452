//go:build !linux

package spawn

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// ErrUnsupported is returned by Start where there is no keeper.
var ErrUnsupported = errors.New("spawn: golaunch can start ranks on Linux only (it needs child subreapers and inherited shared memory)")

// Keeper is golaunch's side of a running keeper.
type Keeper struct{ PID int }

// KeeperMain does nothing here.
func KeeperMain() {}

// Start returns ErrUnsupported.
func Start(*Request, []string) (*Keeper, error) { return nil, ErrUnsupported }

// Next returns io.EOF.
func (k *Keeper) Next() (Record, error) { return Record{}, io.EOF }

// Signal does nothing.
func (k *Keeper) Signal(int, syscall.Signal) {}

// SignalAll does nothing.
func (k *Keeper) SignalAll(syscall.Signal) {}

// KillTree does nothing.
func (k *Keeper) KillTree() {}

// Close does nothing.
func (k *Keeper) Close() {}

// KillDescendants does nothing.
func KillDescendants(time.Duration) bool { return true }

// DescendsFrom reports false.
func DescendsFrom(pid, root int) bool { return false }

// Watch returns ErrUnsupported.
func Watch(int) (*os.File, error) { return nil, ErrUnsupported }

// WaitGone reports false.
func WaitGone(*os.File) bool { return false }
