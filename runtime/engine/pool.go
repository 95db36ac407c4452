package engine

import "math/bits"

// pool keeps the buffers of unexpected messages, by powers of two. It keeps at
// most poolBytes; the rest is the collector's.
type pool struct {
	free [maxClass + 1][][]byte
	held int
}

const (
	minClass  = 6  // 64 bytes
	maxClass  = 20 // 1 MiB
	poolBytes = 16 << 20
)

func class(n int) int {
	if n <= 1<<minClass {
		return minClass
	}
	return bits.Len(uint(n - 1))
}

// get returns n bytes with any content.
func (p *pool) get(n int) []byte {
	c := class(n)
	if c > maxClass {
		return make([]byte, n)
	}
	if l := p.free[c]; len(l) > 0 {
		b := l[len(l)-1]
		l[len(l)-1] = nil
		p.free[c] = l[:len(l)-1]
		p.held -= 1 << c
		return b[:n]
	}
	return make([]byte, n, 1<<c)
}

func (p *pool) put(b []byte) {
	c := class(cap(b))
	if c > maxClass || cap(b) != 1<<c || p.held+1<<c > poolBytes {
		return
	}
	p.free[c] = append(p.free[c], b)
	p.held += 1 << c
}
