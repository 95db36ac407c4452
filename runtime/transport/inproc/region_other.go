//go:build !linux || race

package inproc

const heapBytes = 64 << 20

// region is the heap of a rank in Go's heap, where the race detector sees it.
type region struct{ b []byte }

func (r *region) bytes() ([]byte, error) {
	if r.b == nil {
		r.b = pages(heapBytes)
	}
	return r.b, nil
}

func (r *region) punch(off, n uint64) { clear(r.b[off : off+n]) }
func (r *region) release() error      { r.b = nil; return nil }
