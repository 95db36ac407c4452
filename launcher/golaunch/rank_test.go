//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/segment"
)

// rankMain is the command "rank" of the scripts: a rank that does what its arguments
// say, one after the other, and speaks the control protocol without package mpi.
//
//	rank hello 0:out=first 1,2:exit=3 finalize
//
// A step may be meant for some ranks only ("1,2:..."). See the switch for the steps.
func rankMain() {
	info, err := bootstrap.FromEnv()
	check(err)
	var r rankProgram
	me := 0
	if info != nil {
		me = info.Rank
		r.client, err = bootstrap.Connect(info)
		check(err)
		r.info = info
	}
	for _, step := range os.Args[1:] {
		if who, rest, ok := strings.Cut(step, ":"); ok && isRanks(who) {
			if !slices.Contains(strings.Split(who, ","), strconv.Itoa(me)) {
				continue
			}
			step = rest
		}
		verb, arg, _ := strings.Cut(step, "=")
		r.do(verb, arg)
	}
}

func isRanks(s string) bool {
	return s != "" && strings.Trim(s, "0123456789,") == ""
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "rank:", err)
		os.Exit(99)
	}
}

type rankProgram struct {
	info   *bootstrap.Info
	client *bootstrap.Client
	report []bootstrap.Pending
	mute   bool
	dumps  atomic.Int64 // answered
	seg    *segment.Segment
}

func (r *rankProgram) segment() *segment.Segment {
	if r.seg == nil {
		var err error
		r.seg, err = segment.Attach(os.NewFile(uintptr(r.info.SegmentFD), "segment"))
		check(err)
	}
	return r.seg
}

func (r *rankProgram) do(verb, arg string) {
	switch verb {
	case "hello": // join; with a number as another segment version
		version := segment.Version
		if arg != "" {
			version, _ = strconv.Atoi(arg)
		}
		r.client.OnDump = func(id int) {
			if !r.mute {
				r.client.Report(id, r.report)
				r.dumps.Add(1)
			}
		}
		r.client.OnLost = func() { os.Exit(1) }
		check(r.client.Hello(os.Getpid(), version))
	case "finalize":
		check(r.client.Finalize())
	case "abort": // code,why: and exit with the code
		code, why, _ := strings.Cut(arg, ",")
		n, err := strconv.Atoi(code)
		check(err)
		check(r.client.Abort(n, why))
		os.Exit(n)
	case "abortword": // code: as mpi does it, which tells the others first
		n, err := strconv.Atoi(arg)
		check(err)
		r.segment().Abort(r.info.Rank, n)
	case "stalled":
		check(r.client.Stalled())
	case "report": // JSON list that answers dumps
		check(json.Unmarshal([]byte(arg), &r.report))
	case "mute": // don't answer dumps
		r.mute = true
	case "dumped": // wait until so many dumps were answered
		n, err := strconv.Atoi(arg)
		check(err)
		wait(func() bool { return r.dumps.Load() >= int64(n) })
	case "stallto": // say "stalled" until so many dumps were answered
		n, err := strconv.Atoi(arg)
		check(err)
		wait(func() bool { check(r.client.Stalled()); return r.dumps.Load() >= int64(n) })
	case "meet": // a barrier of all ranks, by files of this name
		r.do("touch", arg+strconv.Itoa(r.info.Rank))
		for i := range r.info.Size {
			r.do("await", arg+strconv.Itoa(i))
		}
	case "nonsense":
		_, err := syscall.Write(r.info.ControlFD, []byte("nonsense\n"))
		check(err)
	case "faults":
		r.segment().ReturnFaults()
	case "awaitdead":
		n, err := strconv.Atoi(arg)
		check(err)
		wait(func() bool { return r.segment().Dead(n) })
	case "awaitabort":
		wait(func() bool { _, _, yes := r.segment().Aborted(); return yes })

	case "out":
		fmt.Println(arg)
	case "outn":
		fmt.Print(arg)
	case "err":
		fmt.Fprintln(os.Stderr, arg)
	case "lines": // many,long: numbered lines, in pieces that end anywhere
		many, long, _ := strings.Cut(arg, ",")
		n, err := strconv.Atoi(many)
		check(err)
		l, err := strconv.Atoi(long)
		check(err)
		r.lines(n, l)
	case "cat":
		_, err := io.Copy(os.Stdout, os.Stdin)
		check(err)
	case "read": // a line
		var line []byte
		for b := make([]byte, 1); ; line = append(line, b[0]) {
			if n, _ := os.Stdin.Read(b); n == 0 || b[0] == '\n' {
				break
			}
		}
		fmt.Printf("read %q\n", line)
	case "env":
		v, ok := os.LookupEnv(arg)
		fmt.Printf("%s=%s %v\n", arg, v, ok)
	case "pwd":
		dir, err := os.Getwd()
		check(err)
		fmt.Println(filepath.Base(dir))
	case "args":
		fmt.Printf("%q\n", os.Args)
	case "cpus":
		var set unix.CPUSet
		check(unix.SchedGetaffinity(0, &set))
		fmt.Printf("%d processors\n", set.Count())
	case "open": // descriptors above 4
		ents, err := os.ReadDir("/proc/self/fd")
		check(err)
		for _, e := range ents {
			n, _ := strconv.Atoi(e.Name())
			to, err := os.Readlink("/proc/self/fd/" + e.Name())
			if err == nil && n > 4 && !strings.HasPrefix(to, "anon_inode") && !strings.HasSuffix(to, "/fd") && !strings.Contains(to, "cgroup") {
				fmt.Println("open:", n, to)
			}
		}

	case "touch":
		check(os.WriteFile(arg, nil, 0o666))
	case "await":
		wait(func() bool { _, err := os.Stat(arg); return err == nil })
	case "pid": // into a file, in one piece
		check(os.WriteFile(arg+".tmp", []byte(strconv.Itoa(os.Getpid())), 0o666))
		check(os.Rename(arg+".tmp", arg))
	case "block":
		for {
			time.Sleep(time.Hour)
		}
	case "exit":
		n, err := strconv.Atoi(arg)
		check(err)
		os.Exit(n)
	case "kill":
		syscall.Kill(os.Getpid(), signalOf(arg))
		time.Sleep(time.Hour)
	case "tell": // send golaunch a signal
		check(syscall.Kill(golaunchPID(), signalOf(arg)))
	case "tellkeeper":
		check(syscall.Kill(keeperPID(), signalOf(arg)))
	case "ignore":
		signal.Ignore(signalOf(arg))
	case "expect": // signal: caught from now on; "got" waits for it
		r.expect(signalOf(arg))
	case "got":
		fmt.Println("got", <-caught)
	default:
		check(fmt.Errorf("unknown step %q", verb))
	}
}

var caught = make(chan os.Signal, 10)

func (r *rankProgram) expect(s syscall.Signal) { signal.Notify(caught, s) }

// lines writes n lines of "rank number xxx" to standard output.
func (r *rankProgram) lines(n, long int) {
	var b []byte
	for i := range n {
		line := fmt.Sprintf("rank %d line %d ", r.info.Rank, i)
		b = append(b, line...)
		b = append(b, strings.Repeat("x", max(0, long-len(line)))...)
		b = append(b, '\n')
		for len(b) > 777 {
			os.Stdout.Write(b[:777])
			b = b[777:]
		}
	}
	os.Stdout.Write(b)
}

// wait waits until something that another process does has happened.
func wait(happened func() bool) {
	for !happened() {
		time.Sleep(time.Millisecond)
	}
}

func signalOf(name string) syscall.Signal {
	s := unix.SignalNum("SIG" + name)
	if s == 0 {
		check(fmt.Errorf("unknown signal %q", name))
	}
	return s
}

// keeperPID finds the keeper among our ancestors: we may be below a wrapper.
func keeperPID() int {
	pid := os.Getppid()
	for pid > 1 {
		cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		check(err)
		if string(cmd) == "golaunch-keeper\x00" {
			return pid
		}
		pid = parentOf(pid)
	}
	check(fmt.Errorf("no keeper above"))
	return 0
}

func golaunchPID() int { return parentOf(keeperPID()) }

func parentOf(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	check(err)
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	n, err := strconv.Atoi(f[1])
	check(err)
	return n
}
