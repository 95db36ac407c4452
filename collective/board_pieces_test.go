package collective

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// either runs fn on n ranks, with processors for all of them and without.
func either(t *testing.T, n int, fn func(c *mpi.Comm, b *board) error) {
	for _, crowd := range []bool{false, true} {
		t.Run(fmt.Sprintf("%d ranks, crowded %v", n, crowd), func(t *testing.T) {
			mpitest.Run(t, n, func(c *mpi.Comm) error {
				if n == 1 {
					return fn(c, &board{cell: 32 << 10})
				}
				b, err := boardOf(c)
				if err != nil {
					return err
				}
				b.crowd = crowd
				return fn(c, b)
			})
		})
	}
}

// TestBoardPieces calls, in random order, everything with pieces of different lengths, some of which fit behind a flag, some into a cell, and some into
// neither, and between them operations in which ranks don't wait for each other.
func TestBoardPieces(t *testing.T) {
	calls := 60
	if invariants.Enabled || testing.Short() { // everything takes much longer then
		calls = 20
	}
	for n := 1; n <= 9; n++ {
		either(t, n, func(c *mpi.Comm, b *board) error {
			r := rand.New(rand.NewPCG(7, uint64(n)))
			sizes := []int{0, 0, 0, 1, 2, 7, 12, 13, 23, 24, 100, byMessage / 4, byMessage/4 + 1, b.cell / 4, b.cell/4 - 1, 3*b.cell/4 + 1}
			for i := range calls {
				most := len(sizes)
				if r.IntN(3) > 0 {
					most = 10 // short ones
				}
				lengths := make([][]int, n) // in words, from and to
				for from := range lengths {
					lengths[from] = make([]int, n)
					for to := range n {
						lengths[from][to] = sizes[r.IntN(most)]
					}
				}
				if err := pieces(c, r.IntN(8), r.IntN(n), r.IntN(2) == 1, lengths); err != nil {
					return fmt.Errorf("call %d, %v: %w", i, lengths, err)
				}
			}
			return nil
		})
	}
}

// wordAt is word i of what from has for to.
func wordAt(from, to, i int) int32 { return int32(from<<20 + to<<16 + i*7) }

func filled(from, to, n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = wordAt(from, to, i)
	}
	return s
}

// pieces is one call of the operation with that number.
func pieces(c *mpi.Comm, op, root int, inPlace bool, lengths [][]int) error {
	n, me := c.Size(), c.Rank()
	to, from := lengths[me], make([]int, n)
	if inPlace {
		for i := range n {
			for k := range i {
				lengths[i][k] = lengths[k][i]
			}
		}
	}
	var sends, gets []int32
	for i := range n {
		from[i] = lengths[i][me]
		sends = append(sends, filled(me, i, to[i])...)
		gets = append(gets, filled(i, me, from[i])...)
	}
	first := func(i int) (sum int) {
		for _, k := range lengths[root][:i] {
			sum += k
		}
		return sum
	}
	counts := lengths[root] // which all agree about
	dst := make([]int32, len(gets))
	differ := func(what string, got, want []int32) error {
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s: wrong", what)
		}
		return nil
	}
	switch op {
	case 0, 1:
		at := spreadAt(from)
		var err error
		switch {
		case inPlace && op == 0:
			copy(dst, sends)
			err = Alltoallv(c, dst, from, nil, dst, to, nil)
		case inPlace:
			copy(dst, sends)
			err = Alltoallw(c, dst, at, dst, at)
		case op == 0:
			err = Alltoallv(c, dst, from, nil, sends, to, nil)
		default: // out of every other word
			wide := make([]int32, 2*len(sends))
			for i, x := range sends {
				wide[2*i] = x
			}
			out := spreadAt(to)
			for i, l := range out {
				off, k, _ := l.IsContiguous()
				out[i] = layout.Vector(k, 1, 2).At(2 * off)
			}
			err = Alltoallw(c, dst, at, wide, out)
		}
		if err != nil {
			return err
		}
		return differ("Alltoall", dst, gets)
	case 2:
		var wantSame []int32
		for i, k := range counts {
			wantSame = append(wantSame, filled(i, 0, k)...)
		}
		dst = make([]int32, len(wantSame))
		src := filled(me, 0, counts[me])
		if inPlace {
			copy(dst[first(me):], src)
			src = dst[first(me):][:counts[me]]
		}
		if err := Allgatherv(c, dst, counts, nil, src); err != nil {
			return err
		}
		return differ("Allgatherv", dst, wantSame)
	case 3:
		want := []int32(nil)
		for i := range n {
			want = append(want, filled(i, 0, lengths[i][root])...)
		}
		dst = make([]int32, len(want))
		all := make([]int, n)
		for i := range n {
			all[i] = lengths[i][root]
		}
		if err := Gatherv(c, dst, all, nil, filled(me, 0, all[me]), root); err != nil || me != root {
			return err
		}
		return differ("Gatherv", dst, want)
	case 4:
		dst = make([]int32, counts[me])
		if err := Scatterv(c, dst, sends, to, nil, root); err != nil {
			return err
		}
		return differ("Scatterv", dst, filled(root, me, counts[me]))
	case 5:
		src, want := make([]int32, first(n)), make([]int32, counts[me])
		for i := range src {
			src[i] = wordAt(me, 1, i)
		}
		for i := range want {
			for r := range n {
				want[i] += wordAt(r, 1, first(me)+i)
			}
		}
		dst = make([]int32, counts[me])
		if err := ReduceScatter(c, dst, src, counts, Sum); err != nil {
			return err
		}
		return differ("ReduceScatter", dst, want)
	case 6:
		x := filled(me, 0, 5)
		if err := Bcast(c, x, root); err != nil {
			return err
		}
		return differ("Bcast", x, filled(root, 0, 5))
	}
	return Barrier(c)
}

// spreadAt is layouts of pieces side by side.
func spreadAt(counts []int) []mpi.Layout {
	at, all := 0, make([]mpi.Layout, len(counts))
	for i, k := range counts {
		all[i] = layout.Contiguous(k).At(at)
		at += k
	}
	return all
}

// TestBoardPiecesDisagree: who finds another length says so, and whose. Afterwards everybody hears that the ranks are out of step.
func TestBoardPiecesDisagree(t *testing.T) {
	const n, odd = 4, 2
	each := func(k int) []int { return slices.Repeat([]int{k}, n) }
	short, big := 3, 70_000 // words
	for _, d := range []struct {
		name string
		who  func(r int) bool // finds it
		call func(c *mpi.Comm, want, mine int) error
	}{
		{"Gatherv", func(r int) bool { return r == 0 }, func(c *mpi.Comm, want, mine int) error {
			return Gatherv(c, make([]int32, n*want), each(want), nil, make([]int32, mine), 0)
		}},
		{"Scatterv", func(r int) bool { return r == odd }, func(c *mpi.Comm, want, mine int) error {
			return Scatterv(c, make([]int32, mine), make([]int32, n*want), each(want), nil, 0)
		}},
		{"Allgatherv", func(r int) bool { return true }, func(c *mpi.Comm, want, mine int) error {
			counts := each(want)
			counts[odd] = want
			if c.Rank() == odd {
				counts[odd] = mine
			}
			return Allgatherv(c, make([]int32, n*max(want, mine)), counts, nil, make([]int32, mine))
		}},
		{"Alltoallv", func(r int) bool { return r == 0 }, func(c *mpi.Comm, want, mine int) error {
			to := each(want)
			if c.Rank() == odd {
				to[0] = mine
			}
			return Alltoallv(c, make([]int32, n*want), each(want), nil, make([]int32, n*max(want, mine)), to, nil)
		}},
		{"ReduceScatter", func(r int) bool { return true }, func(c *mpi.Comm, want, mine int) error {
			counts := each(want)
			counts[0]++
			counts[1]--
			if c.Rank() == odd {
				counts[0], counts[3] = counts[3], counts[0]
			}
			return ReduceScatter(c, make([]int32, counts[c.Rank()]), make([]int32, n*want), counts, Sum)
		}},
	} {
		for _, k := range [][2]int{{short, short + 1}, {short, 0}, {short, big}, {big, short}, {big, big + 1}} {
			t.Run(fmt.Sprint(d.name, k), func(t *testing.T) {
				either(t, n, func(c *mpi.Comm, b *board) error {
					mine := k[0]
					if c.Rank() == odd {
						mine = k[1]
					}
					err := d.call(c, k[0], mine)
					if d.who(c.Rank()) != errors.Is(err, ErrMismatch) {
						return fmt.Errorf("rank %d: %v", c.Rank(), err)
					}
					far, there, want := odd, 4*k[1], 4*k[0]
					if d.name == "Scatterv" {
						far, there, want = 0, want, there
					}
					says := fmt.Sprintf("rank %d has %d bytes, want %d", far, there, want)
					if d.name != "ReduceScatter" && err != nil && c.Rank() != odd && !strings.Contains(err.Error(), says) {
						return fmt.Errorf("%w: does not say: %s", err, says)
					}
					err = Barrier(c)
					if !errors.Is(err, ErrMismatch) && !errors.Is(err, ErrGaveUp) {
						return fmt.Errorf("Barrier: %v", err)
					}
					if d.who(c.Rank()) && !strings.Contains(err.Error(), "out of step") {
						return fmt.Errorf("Barrier: %v", err)
					}
					return leaveTogether(c)
				})
			})
		}
	}
}

// leaveTogether keeps ranks from ending before the others have their errors.
func leaveTogether(c *mpi.Comm) error {
	if c.Rank() > 0 {
		if err := mpi.Send(c, []byte{1}, 0, 9); err != nil {
			return err
		}
		_, err := mpi.Recv(c, make([]byte, 1), 0, 9)
		return err
	}
	for r := 1; r < c.Size(); r++ {
		if _, err := mpi.Recv(c, make([]byte, 1), r, 9); err != nil {
			return err
		}
	}
	for r := 1; r < c.Size(); r++ {
		if err := mpi.Send(c, []byte{1}, r, 9); err != nil {
			return err
		}
	}
	return nil
}

// TestParcelNonsense: no entry makes a rank read outside of a parcel.
func TestParcelNonsense(t *testing.T) {
	for name, entry := range map[string]func(b *board) uint64{
		"begins before the data": func(b *board) uint64 { return 8 },
		"begins behind the cell": func(b *board) uint64 { return uint64(b.cell+8)<<32 | 8 },
		"ends behind the cell":   func(b *board) uint64 { return uint64(b.cell-4)<<32 | 8 },
	} {
		t.Run(name, func(t *testing.T) {
			mpitest.Run(t, 2, func(c *mpi.Comm) error {
				b, err := boardOf(c)
				if err != nil {
					return err
				}
				if c.Rank() == 0 {
					b.round++
					*(*uint64)(b.data(0, b.round, inline+1)) = entry(b)
					*b.about(0, b.round) = 0
					j := job{code: opAlltoallv}
					b.publish(j.signPieces())
				} else {
					one := []int{1, 1}
					if err := Alltoallv(c, make([]int64, 2), one, nil, make([]int64, 2), one, nil); !errors.Is(err, engine.ErrCorrupt) {
						return fmt.Errorf("%v, want %v", err, engine.ErrCorrupt)
					}
				}
				return leaveTogether(c)
			})
		})
	}
}

// TestBoardPiecesDeath: a rank that ends in the middle of a long exchange ends those who wait for it.
func TestBoardPiecesDeath(t *testing.T) {
	end := errors.New("this rank ends")
	for name, call := range map[string]func(c *mpi.Comm, k int) error{
		"Alltoallv": func(c *mpi.Comm, k int) error {
			counts := slices.Repeat([]int{k}, c.Size())
			return Alltoallv(c, make([]byte, k*c.Size()), counts, nil, make([]byte, k*c.Size()), counts, nil)
		},
		"Allgatherv": func(c *mpi.Comm, k int) error {
			return Allgatherv(c, make([]byte, k*c.Size()), slices.Repeat([]int{k}, c.Size()), nil, make([]byte, k))
		},
		"Gatherv": func(c *mpi.Comm, k int) error {
			return Gatherv(c, make([]byte, k*c.Size()), slices.Repeat([]int{k}, c.Size()), nil, make([]byte, k), 0)
		},
		"Scatterv": func(c *mpi.Comm, k int) error {
			return Scatterv(c, make([]byte, k), make([]byte, k*c.Size()), slices.Repeat([]int{k}, c.Size()), nil, 0)
		},
	} {
		for _, k := range []int{8, 1 << 20} {
			for dead := range 3 {
				err := mpi.RunLocal(3, func(c *mpi.Comm) error {
					b, err := boardOf(c)
					if err != nil {
						return err
					}
					b.crowd = k == 8
					for i := 0; ; i++ {
						if i == 3 && c.Rank() == dead {
							// The first part of what the others wait for.
							j := job{code: opAlltoallv}
							if name == "Alltoallv" && k > b.cell && b.begin(&call0) {
								*b.about(b.me, b.round) = hasMore
								entries := unsafe.Slice((*uint64)(b.data(b.me, b.round, inline+1)), 2)
								entries[0], entries[1] = uint64(b.cell)<<32|uint64(k), uint64(b.cell)<<32|uint64(k)
								b.publish(j.signPieces())
							}
							return end
						}
						if err := call(c, k); err != nil {
							return err
						}
						if i > 3 && name != "Alltoallv" && name != "Allgatherv" {
							if err := Barrier(c); err != nil {
								return err
							}
						}
					}
				})
				if !errors.Is(err, end) {
					t.Errorf("%s of %d bytes, rank %d ends: %v", name, k, dead, err)
				}
			}
		}
	}
}

// call0 is for rounds whose place is free.
var call0 call
