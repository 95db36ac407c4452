//go:build !unix

package bootstrap

import "os"

func checkFDs(*Info) error             { return ErrUnsupported }
func takeOver(*Info) (*os.File, error) { return nil, ErrUnsupported }
