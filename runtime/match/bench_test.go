package match

import (
	"fmt"
	"testing"
)

func BenchmarkQuiet(b *testing.B) {
	q := New[int32, int32](16)
	quiet := 0
	for i := 0; b.Loop(); i++ {
		if q.Quiet(int32(i & 15)) {
			quiet++
		}
	}
	if quiet == 0 {
		b.Fatal("not quiet")
	}
}

// A receive is posted and its message arrives, with n others posted before it.
func BenchmarkPostArrive(b *testing.B) {
	for _, n := range []int32{0, 7, 100, 10000} {
		b.Run(fmt.Sprintf("posted=%d", n), func(b *testing.B) {
			q := New[int32, int32](4)
			for i := range n {
				q.Post(1, 1, 1000+i, i)
			}
			b.ReportAllocs()
			for b.Loop() {
				q.Post(1, 1, 7, 7)
				if _, ok := q.Arrive(1, 1, 7); !ok {
					b.Fatal("no match")
				}
			}
		})
	}
}

// A message arrives and is received, with n others unexpected before it.
func BenchmarkUnexpected(b *testing.B) {
	for _, n := range []int32{0, 7, 100, 10000} {
		for _, how := range []struct {
			name     string
			src, tag int32
		}{{"exact", 1, 7}, {"anytag", 1, AnyTag}, {"anysource", AnySource, 7}, {"any", AnySource, AnyTag}} {
			b.Run(fmt.Sprintf("unexpected=%d/%s", n, how.name), func(b *testing.B) {
				q := New[int32, int32](4)
				for i := range n {
					q.AddUnexpected(2, 1, 1000+i, i)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, ok := q.Arrive(1, 1, 7); ok {
						b.Fatal("met a receive")
					}
					q.AddUnexpected(1, 1, 7, 7)
					if _, ok, _ := q.Post(1, how.src, how.tag, 7); !ok {
						b.Fatal("no match")
					}
				}
			})
		}
	}
}

// n receives are posted and met in the opposite order: what is quadratic with one list.
func BenchmarkReverse(b *testing.B) {
	for _, n := range []int32{8, 100, 10000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			q := New[int32, int32](4)
			for b.Loop() {
				for i := range n {
					q.Post(1, 1, i, i)
				}
				for i := n - 1; i >= 0; i-- {
					if p, ok := q.Arrive(1, 1, i); !ok || p != i {
						b.Fatal("wrong match")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/pair")
		})
	}
}
