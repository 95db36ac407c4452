package main

import (
	"strings"
	"testing"
)

func TestSharedPss(t *testing.T) {
	const smaps = `00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/program with: colon
Size:                328 kB
Pss:                 100 kB
VmFlags: rd ex mr mw me dw sd
7f0000000000-7f0000100000 rw-s 00000000 00:01 1026        /memfd:golaunch (deleted)
Size:               1024 kB
Rss:                 512 kB
Pss:                 256 kB
Pss_Dirty:           256 kB
VmFlags: rd wr sh mr mw me ms sd
7f0000200000-7f0000300000 rw-p 00000000 00:00 0
Pss:                  77 kB
7f0000400000-7f0000500000 r--s 00000000 00:01 1027
Pss:                   4 kB
`
	got, err := sharedPss(strings.NewReader(smaps))
	if want := 260.0 * 1024; err != nil || got != want {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := sharedPss(strings.NewReader("1-2 rw-s 0\nPss: many kB\n")); err == nil {
		t.Error("no error for a broken number")
	}
}

func TestThisProcess(t *testing.T) {
	if processorMask() == 0 {
		t.Error("this process may run nowhere")
	}
	if cpu, err := processorTime(); err != nil || cpu <= 0 {
		t.Errorf("this process has used %v of a processor, %v", cpu, err)
	}
	if _, err := sharedResident(); err != nil {
		t.Error(err)
	}
}
