//go:build !linux

package mpitest

import "errors"

func (o order) run() error { return errors.ErrUnsupported }
