package collective

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"strings"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// record says what j is, as far as ranks have to agree about it.
func (x *call) record(j *job) record {
	r := record{code: j.code, fold: j.fold.name, root: int64(j.root), bytes: noLength}
	inter := x.comm.Inter()
	if inter && j.root == mpi.ProcNull {
		return r
	}
	switch j.code {
	case opBarrier:
		r.bytes = 0
	case opGatherv: // root compares; counts is the caller's own length
		r.counts = uint64(j.src.bytes)
	case opScatterv:
		r.counts = uint64(j.dst.bytes)
	case opAlltoallv, opAlltoallw, opNeighborAllgather, opNeighborAllgatherv, opNeighborAlltoall, opNeighborAlltoallv, opNeighborAlltoallw:
	case opAllgatherv:
		if !inter {
			r.bytes, r.counts = 0, hashOf(j.in.counts, x.size, j.dst.elem())
		}
	case opReduceScatter:
		r.bytes = int64(j.src.bytes)
		if !inter {
			r.counts = hashOf(j.out.counts, x.size, 1)
		}
	case opAllgather, opAlltoall:
		if !inter {
			r.bytes = int64(j.src.bytes)
		}
	case opReduce:
		r.bytes = int64(j.src.bytes)
		if inter && j.root == mpi.Root {
			r.bytes = int64(j.dst.bytes)
		}
	case opGather:
		r.bytes = int64(j.src.bytes)
		if inter && j.root == mpi.Root {
			r.bytes = int64(j.dst.bytes / x.comm.Peers())
		}
	case opScatter:
		r.bytes = int64(j.dst.bytes)
		if inter && j.root == mpi.Root {
			r.bytes = int64(j.src.bytes / x.comm.Peers())
		}
	default:
		r.bytes = int64(j.size())
	}
	return r
}

// hashOf tells lists of counts apart, in units of so many bytes. With a unit of 0 there is nothing in the pieces.
func hashOf(counts *int, n, unit int) uint64 {
	h := fnv.New64a()
	for i := range n {
		c := uint64(nth(counts, i) * unit)
		h.Write(unsafe.Slice((*byte)(unsafe.Pointer(&c)), 8))
	}
	return h.Sum64()
}

// describe says what j is to people: "Allreduce(sum, float64) of 3 elements".
func (x *call) describe(j *job) string {
	var b strings.Builder
	b.WriteString(j.code.name(x.kind))
	b.WriteString(j.fold.describe())
	p := j.part()
	switch j.code {
	case opBarrier:
	case opScatterv:
		fmt.Fprintf(&b, " of %d bytes", j.dst.bytes)
	default:
		if j.fold.Fold != nil {
			fmt.Fprintf(&b, " of %d elements", p.n)
		} else {
			fmt.Fprintf(&b, " of %d bytes", p.bytes)
		}
	}
	if s := j.counts(); s != nil && !x.comm.Inter() {
		b.WriteString(" in pieces")
		const most = 8
		for i := range min(x.size, most) {
			fmt.Fprintf(&b, " %d", nth(s, i))
		}
		if x.size > most {
			b.WriteString(" ...")
		}
	}
	if j.code.rooted() {
		switch j.root {
		case mpi.Root:
			b.WriteString(" as root")
		case mpi.ProcNull:
			b.WriteString(" beside the root")
		default:
			way := " to"
			if j.code == opBcast || j.code == opScatter || j.code == opScatterv {
				way = " from"
			}
			fmt.Fprintf(&b, "%s root %d", way, j.root)
		}
	}
	return b.String()
}

// counts are those on which all ranks have to agree, or nil.
func (j *job) counts() *int {
	switch j.code {
	case opAllgatherv:
		return j.in.counts
	case opReduceScatter:
		return j.out.counts
	}
	return nil
}

func (f *fold) describe() string {
	switch {
	case f.Fold == nil:
		return ""
	case f.name == 0:
		return "(function)"
	}
	return fmt.Sprintf("(%v, %v)", Op(f.name>>8), reflect.Kind(f.name&0xff))
}

// at is the place in the source behind a call: the file with its folder, which fits into a record.
func at(where string) string {
	if i := strings.LastIndexByte(where, ' '); i >= 0 {
		where = where[:i]
	}
	if where == "" {
		return ""
	}
	if i := strings.LastIndexByte(where, '/'); i >= 0 {
		where = where[strings.LastIndexByte(where[:i], '/')+1:]
	}
	return " at " + where
}
