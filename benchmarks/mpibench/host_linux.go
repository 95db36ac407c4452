package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// processorMask has a bit for each of the first 64 processors that this process may run on, 0 if nobody knows.
func processorMask() (mask uint64) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return 0
	}
	for c := range 64 {
		if set.IsSet(c) {
			mask |= 1 << c
		}
	}
	return mask
}

// processorTime is what all threads of this process have used, user and system.
func processorTime() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, os.NewSyscallError("getrusage", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// sharedResident is the proportional resident size of this process's shared mappings, in bytes.
func sharedResident() (float64, error) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return sharedPss(f)
}

// sharedPss adds up the proportional sizes of the shared mappings in the text of an smaps file, in bytes.
func sharedPss(r io.Reader) (float64, error) {
	shared, total := false, int64(0)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes())
		switch {
		case len(fields) < 2:
		case !bytes.HasSuffix(fields[0], []byte(":")): // the line that begins a mapping: 7f00-7f01 rw-s offset ...
			shared = bytes.HasSuffix(fields[1], []byte("s"))
		case shared && string(fields[0]) == "Pss:":
			var kib int64
			if _, err := fmt.Sscan(string(fields[1]), &kib); err != nil {
				return 0, fmt.Errorf("smaps line %q: %w", lines.Text(), err)
			}
			total += kib
		}
	}
	return float64(total) * 1024, lines.Err()
}
