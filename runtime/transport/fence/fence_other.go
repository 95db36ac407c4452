//go:build !linux

// Package fence makes other threads pass a memory barrier; only Linux can.
package fence

import "runtime"

// Scope says whose threads.
type Scope int

const (
	Process Scope = iota
	Global
)

// Register says false.
func Register(Scope) bool { return false }

// Pass says false.
func Pass(Scope) bool { return false }

// Yield lets another goroutine run.
func Yield() { runtime.Gosched() }
