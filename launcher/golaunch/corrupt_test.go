//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/segment"
)

// Corrupted words in the shared segment are errors, never crashes of a peer's runtime. Jobs of real processes send
// everything that can be sent while this test writes nonsense into their segment. A job may succeed, or end with a
// sentence. It may hang until its -timeout, but only where the nonsense has overwritten the one place that said
// that there is something to receive, or to answer: that is counted.
//
// GOLAUNCH_SEED=n repeats the choices of a round; the moments are never the same.
func TestCorruptSegment(t *testing.T) {
	program := filepath.Join(t.TempDir(), "exchange")
	build := exec.Command("go", "build", "-o", program, "./testdata/exchange")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rounds := 1
	if os.Getenv("GOLAUNCH_LONG") != "" {
		rounds = 150
	}
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			count := map[string]int{}
			first := rand.Uint64()
			if s, err := strconv.ParseUint(os.Getenv("GOLAUNCH_SEED"), 10, 64); err == nil {
				first, rounds = s, 1
			}
			for i := range rounds {
				count[d.round(t, program, first+uint64(i))]++
				if t.Failed() {
					return
				}
			}
			t.Logf("%d rounds from seed %d: %v", rounds, first, count)
		})
	}
}

// damage is one kind of words to damage. If lossy, the last copy of something that a rank needs may be among them.
type damage struct {
	name  string
	lossy bool
	place func(v *victim, r *rand.Rand) *uint64
}

var damages = []damage{
	{"records", true, (*victim).record},
	{"heads", true, (*victim).head},
	{"descriptors", true, (*victim).descriptor},
	{"counters", true, (*victim).counter},
	{"doors", true, (*victim).door},
	{"payload", false, (*victim).payload},
	{"job page", false, (*victim).jobWord},
	{"control words", false, (*victim).controlWord},
	{"arena", false, (*victim).arenaWord},
	{"anything", true, func(v *victim, r *rand.Rand) *uint64 {
		places := []func(*victim, *rand.Rand) *uint64{(*victim).record, (*victim).head, (*victim).descriptor, (*victim).counter,
			(*victim).door, (*victim).payload, (*victim).jobWord, (*victim).controlWord, (*victim).arenaWord}
		return places[r.IntN(len(places))](v, r)
	}},
}

// crash is what no rank and no golaunch may print.
var crash = regexp.MustCompile(`(?m)^panic|^fatal error|^runtime:|^\[signal|^goroutine \d|runtime error|unexpected fault|was killed by SIG(SEGV|BUS|ABRT|ILL|FPE|TRAP)`)

// round runs one job, damages it and says how it ended.
func (d damage) round(t *testing.T, program string, seed uint64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	timeout := "2"
	if !d.lossy {
		timeout = "60" // nobody waits so long
	}
	mark := newMark()
	args := []string{"-n", fmt.Sprint(2 + r.IntN(3)), "-timeout", timeout, "-grace", "0.3", program}
	switch r.IntN(4) {
	case 0:
		args = append(args, "80", "return")
	case 1:
		args = append(args, "10", "stubborn")
	default:
		args = append(args, "80")
	}
	var out bytes.Buffer
	cmd := exec.Command(golaunchPath, args...)
	cmd.Env = append(os.Environ(), mark.String())
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 30 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hung := false
	watchdog := time.AfterFunc(2*time.Minute, func() { hung = true; cmd.Process.Kill() })
	words := 0
	if v := findVictim(cmd.Process.Pid); v != nil {
		words = v.ravage(d, r)
		v.close()
	}
	err := cmd.Wait()
	watchdog.Stop()
	mark.expectNone(t)
	code := cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	fail := func(what string) {
		t.Errorf("seed %d, golaunch %s, %d words: %s (exit code %d)\n%s", seed, strings.Join(args, " "), words, what, code, out.String())
	}
	if os.Getenv("GOLAUNCH_SEED") != "" {
		t.Logf("golaunch %s: %d words, exit code %d\n%s", strings.Join(args, " "), words, code, out.String())
	}
	switch {
	case hung:
		fail("golaunch hangs")
	case err != nil && !errors.As(err, &exit):
		fail(err.Error())
	case crash.Match(out.Bytes()):
		fail("a crash")
	case code < 0:
		fail("golaunch was killed")
	case code > 0 && !regexp.MustCompile(`(?m)^golaunch: .*`).Match(out.Bytes()):
		fail("no sentence")
	case words == 0:
		return "too late"
	case code == 0, bytes.Contains(out.Bytes(), []byte("aborted with code 1: came through")): // the end of a stubborn one
		return "success"
	case code == 124:
		if !d.lossy {
			fail("hangs")
		}
		return "hang"
	}
	return "error"
}

// victim is a job's segment, seen by somebody who has no business there.
type victim struct {
	seg   *segment.Segment
	first []byte // everything before the channels
}

// findVictim looks for the segment of a golaunch, nil if that has ended.
func findVictim(pid int) *victim {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	for {
		fds, err := os.ReadDir(dir)
		if err != nil {
			return nil
		}
		if len(fds) == 0 { // it has ended and wasn't waited for
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || bytes.Contains(b, []byte(") Z ")) {
				return nil
			}
		}
		for _, fd := range fds {
			path := filepath.Join(dir, fd.Name())
			if to, _ := os.Readlink(path); !strings.HasPrefix(to, "/memfd:golaunch") {
				continue
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				continue
			}
			seg, err := segment.Attach(f)
			if err != nil { // not ready
				f.Close()
				continue
			}
			v := &victim{seg: seg}
			v.first, err = unix.Mmap(int(f.Fd()), 0, int(seg.Channels), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			if err != nil {
				seg.Close()
				continue
			}
			return v
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func (v *victim) close() {
	unix.Munmap(v.first)
	v.seg.Close()
}

// ravage writes nonsense, at a moment of no particular kind, and says how many words it has written.
func (v *victim) ravage(d damage, r *rand.Rand) int {
	time.Sleep(time.Duration(r.IntN(120)) * time.Millisecond)
	words := 1 << r.IntN(12)
	pause := time.Duration(r.IntN(50)) * time.Millisecond / time.Duration(words)
	for range words {
		p := d.place(v, r)
		atomic.StoreUint64(p, garble(r, atomic.LoadUint64(p)))
		if pause > 50*time.Microsecond {
			time.Sleep(pause)
		}
	}
	return words
}

// garble turns a word into a wrong one, often one that is nearly right.
func garble(r *rand.Rand, old uint64) uint64 {
	random := r.Uint64()
	switch r.IntN(9) {
	case 0:
		return old ^ 1<<r.IntN(64)
	case 1:
		return random
	case 2:
		return random & 31
	case 3:
		return ^uint64(0)
	case 4:
		return old + 1
	case 5: // a record keeps its lap
		return old&0xffff | random&^0xffff
	case 6: // and its kind
		return old&0xffffffff | random&^0xffffffff
	case 7: // a descriptor keeps its generation
		return old&^0xff | random&7
	}
	return old&^(0xff<<16) | random&0xf<<16
}

// word is a word of b at random, below limit bytes.
func word(r *rand.Rand, b []byte, limit int) *uint64 {
	return (*uint64)(unsafe.Pointer(&b[r.IntN(min(len(b), limit)/8)*8]))
}

// channel is the memory of a channel between two ranks at random.
func (v *victim) channel(r *rand.Rand) []byte {
	src := r.IntN(v.seg.Ranks)
	dst := (src + 1 + r.IntN(v.seg.Ranks-1)) % v.seg.Ranks
	return v.seg.Memory(dst, src)
}

// The map of a channel is in the documentation of package ring.
const (
	descriptorsAt = 128
	linesAt       = descriptorsAt + 64*ring.Descs
)

// record is a word of a line, if possible of one that holds a record which nobody has received.
func (v *victim) record(r *rand.Rand) *uint64 {
	var b []byte
	var line int
	for range 200 {
		b = v.channel(r)[linesAt:]
		line = r.IntN(130)
		if r.IntN(8) == 0 {
			line = r.IntN(v.seg.Shape.Lines)
		}
		if atomic.LoadUint64((*uint64)(unsafe.Pointer(&b[line*64]))) != 0 {
			break
		}
	}
	at := line*64 + 8*r.IntN(8)
	if r.IntN(3) == 0 {
		at = line*64 + 32*r.IntN(2) + 8*r.IntN(2)
	}
	return (*uint64)(unsafe.Pointer(&b[at]))
}

func (v *victim) head(r *rand.Rand) *uint64 { return word(r, v.channel(r), 8) }

func (v *victim) descriptor(r *rand.Rand) *uint64 {
	i := r.IntN(ring.Descs)
	if r.IntN(2) == 0 {
		i = r.IntN(3)
	}
	return (*uint64)(unsafe.Pointer(&v.channel(r)[descriptorsAt+64*i]))
}

func (v *victim) payload(r *rand.Rand) *uint64 {
	b := v.channel(r)
	return word(r, b[len(b)-v.seg.Shape.Bulk:], v.seg.Shape.Bulk)
}

// counter is a word of a barrier, of the world's or of another communicator's.
func (v *victim) counter(r *rand.Rand) *uint64 {
	leader := 0
	if r.IntN(2) == 0 {
		leader = r.IntN(v.seg.Ranks)
	}
	at := v.seg.Blocks + int64(leader)*segment.Blocks*128
	return word(r, v.first[at:], 4*128)
}

func (v *victim) jobWord(r *rand.Rand) *uint64 { return word(r, v.first, 384+8*v.seg.Ranks) }

const doorsAt = 256 // in the control words of a rank

func (v *victim) control(r *rand.Rand) []byte {
	return v.first[v.seg.Control+512*int64(r.IntN(v.seg.Ranks)):][:512]
}

func (v *victim) controlWord(r *rand.Rand) *uint64 { return word(r, v.control(r), doorsAt) }

func (v *victim) door(r *rand.Rand) *uint64 { return word(r, v.control(r)[doorsAt:], 16) }

// arenaWord is in the header or the block descriptors of a rank's heap.
func (v *victim) arenaWord(r *rand.Rand) *uint64 {
	b, err := v.seg.HeapMemory(r.IntN(v.seg.Ranks))
	if err != nil {
		panic(err)
	}
	if r.IntN(4) == 0 {
		return word(r, b, 128)
	}
	return word(r, b[4096:], 8*64)
}
