package spawn

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Request says what the keeper has to start. Descriptors are numbers in the
// process that calls Start.
type Request struct {
	Job      string // hexadecimal name of the job
	Segment  int    // descriptor of the shared segment, -1 for none
	Programs []Program
	Ranks    []Rank // in order of rank; all on this machine
}

// Program is what some ranks run.
type Program struct {
	Path string   // file to execute
	Args []string // argv, name included
	Dir  string   // working directory; "" is the keeper's, which is golaunch's
	Env  []string // "NAME=value", over the keeper's environment
}

// Rank is one process to start.
type Rank struct {
	Program               int // index in Programs
	Stdin, Stdout, Stderr int // descriptors
	Control               int // descriptor of the rank's end of its control socket, -1 for none
	CPUs                  []int
}

// The request's encoding: uvarints, and strings with their length in front. A
// descriptor is written as its number plus one (0 is none).

func (r *Request) encode() []byte {
	b := appendString(nil, r.Job)
	b = binary.AppendUvarint(b, uint64(r.Segment+1))
	b = binary.AppendUvarint(b, uint64(len(r.Programs)))
	for _, p := range r.Programs {
		b = appendString(b, p.Path)
		b = appendStrings(b, p.Args)
		b = appendString(b, p.Dir)
		b = appendStrings(b, p.Env)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Ranks)))
	for _, k := range r.Ranks {
		b = binary.AppendUvarint(b, uint64(k.Program))
		for _, fd := range [...]int{k.Stdin, k.Stdout, k.Stderr, k.Control} {
			b = binary.AppendUvarint(b, uint64(fd+1))
		}
		b = binary.AppendUvarint(b, uint64(len(k.CPUs)))
		for _, c := range k.CPUs {
			b = binary.AppendUvarint(b, uint64(c))
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}

var errRequest = errors.New("spawn: broken request")

// maxNumber bounds every number of a request: counts, descriptors, processors.
const maxNumber = 1 << 24

func decodeRequest(b []byte) (*Request, error) {
	d := decoder{b: b}
	r := &Request{Job: d.string(), Segment: d.int() - 1}
	r.Programs = make([]Program, d.count())
	for i := range r.Programs {
		r.Programs[i] = Program{Path: d.string(), Args: d.strings(), Dir: d.string(), Env: d.strings()}
	}
	r.Ranks = make([]Rank, d.count())
	for i := range r.Ranks {
		k := Rank{Program: d.int(), Stdin: d.int() - 1, Stdout: d.int() - 1, Stderr: d.int() - 1, Control: d.int() - 1}
		if n := d.count(); n > 0 {
			k.CPUs = make([]int, n)
		}
		for j := range k.CPUs {
			k.CPUs[j] = d.int()
		}
		if k.Program >= len(r.Programs) {
			d.bad = true
		}
		r.Ranks[i] = k
	}
	if d.bad || len(d.b) > 0 {
		return nil, fmt.Errorf("%w: %d of %d bytes left", errRequest, len(d.b), len(b))
	}
	return r, nil
}

// decoder takes values off b; bad is set once something was wrong.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) int() int {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > maxNumber {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return int(v)
}

// count returns the length of a list. Every entry takes at least one byte, so a
// longer list than bytes is broken: nothing is allocated for it.
func (d *decoder) count() int {
	n := d.int()
	if n > len(d.b) {
		d.bad, d.b = true, nil
		return 0
	}
	return n
}

func (d *decoder) string() string {
	n := d.count()
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) strings() []string {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.string()
	}
	return list
}
