package mpi

import (
	"testing"

	"github.com/golaunch/golaunch/runtime/transport/inproc"
)

// BenchmarkOverhead sends and receives on one goroutine that plays both ranks:
// what the software costs, without the distance between two processors.
func BenchmarkOverhead(b *testing.B) {
	w, err := inproc.New(2)
	if err != nil {
		b.Fatal(err)
	}
	var c [2]*Comm
	for i := range c {
		p, err := newProcess(w.Endpoint(i), options{})
		if err != nil {
			b.Fatal(err)
		}
		c[i] = p.world
	}
	x, y := make([]byte, 8), make([]byte, 8)
	// The first message opens the channel.
	Send(c[0], x, 1, 0)
	Recv(c[1], y, 0, 0)
	b.Run("SendRecv", func(b *testing.B) {
		for range b.N {
			Send(c[0], x, 1, 0)
			Recv(c[1], y, 0, 0)
		}
	})
	b.Run("IsendIrecv", func(b *testing.B) {
		for range b.N {
			r := Irecv(c[1], y, 0, 0)
			s := Isend(c[0], x, 1, 0)
			s.Wait()
			r.Wait()
		}
	})
	b.Run("Window", func(b *testing.B) {
		var rs [64]Request
		for i := 0; i < b.N; i += 64 {
			for j := range rs {
				rs[j] = Irecv(c[1], y, 0, 0)
			}
			for range rs {
				s := Isend(c[0], x, 1, 0)
				s.Wait()
			}
			WaitAll(rs[:], nil)
		}
	})
	b.Run("Move", func(b *testing.B) {
		buf, err := Alloc[float64](c[0], 1000)
		if err != nil {
			b.Fatal(err)
		}
		for i := range b.N {
			from, to := i%2, 1-i%2
			if err := buf.Move(c[from], to, 0); err != nil {
				b.Fatal(err)
			}
			if buf, _, err = RecvMove[float64](c[to], from, 0); err != nil {
				b.Fatal(err)
			}
		}
		buf.Free()
	})
}
