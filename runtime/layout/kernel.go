package layout

// The inner loops. Blocks of one number (1, 2, 4, 8 or 16 bytes: a column of
// float64 is the common case) move as one load and one store, which is what the
// compiler makes of an assignment of arrays; a call of memmove for each would
// cost several times the copy. The slice-to-array conversions keep the bounds
// checks: a wrong layout would panic, never touch foreign memory. Slices
// are cut as s[i:i+8], which is checked faster than s[i:].

// copyStrided copies n blocks of size bytes; those of dst begin ds bytes apart, those
// of src ss.
func copyStrided(dst []byte, ds int, src []byte, ss, n, size int) {
	d, s := 0, 0
	switch size {
	case 1:
		for range n {
			dst[d] = src[s]
			d += ds
			s += ss
		}
	case 2:
		for range n {
			*(*[2]byte)(dst[d : d+2]) = *(*[2]byte)(src[s : s+2])
			d += ds
			s += ss
		}
	case 4:
		for range n {
			*(*[4]byte)(dst[d : d+4]) = *(*[4]byte)(src[s : s+4])
			d += ds
			s += ss
		}
	case 8:
		for range n {
			*(*[8]byte)(dst[d : d+8]) = *(*[8]byte)(src[s : s+8])
			d += ds
			s += ss
		}
	case 16:
		for range n {
			*(*[16]byte)(dst[d : d+16]) = *(*[16]byte)(src[s : s+16])
			d += ds
			s += ss
		}
	default:
		for range n {
			copy(dst[d:d+size], src[s:s+size])
			d += ds
			s += ss
		}
	}
}

// gather copies blocks of size bytes, the i-th from src[base+displs[i]*scale], to dst, one
// after the other.
func gather(dst, src []byte, base int, displs []int, scale, size int) {
	d := 0
	switch size {
	case 4:
		for _, x := range displs {
			s := base + x*scale
			*(*[4]byte)(dst[d : d+4]) = *(*[4]byte)(src[s : s+4])
			d += 4
		}
	case 8:
		for _, x := range displs {
			s := base + x*scale
			*(*[8]byte)(dst[d : d+8]) = *(*[8]byte)(src[s : s+8])
			d += 8
		}
	case 16:
		for _, x := range displs {
			s := base + x*scale
			*(*[16]byte)(dst[d : d+16]) = *(*[16]byte)(src[s : s+16])
			d += 16
		}
	default:
		for _, x := range displs {
			s := base + x*scale
			copy(dst[d:d+size], src[s:s+size])
			d += size
		}
	}
}

// scatter is the reverse of gather: blocks that lie one after the other in src go to
// dst[base+displs[i]*scale].
func scatter(dst []byte, base int, displs []int, scale int, src []byte, size int) {
	s := 0
	switch size {
	case 4:
		for _, x := range displs {
			d := base + x*scale
			*(*[4]byte)(dst[d : d+4]) = *(*[4]byte)(src[s : s+4])
			s += 4
		}
	case 8:
		for _, x := range displs {
			d := base + x*scale
			*(*[8]byte)(dst[d : d+8]) = *(*[8]byte)(src[s : s+8])
			s += 8
		}
	case 16:
		for _, x := range displs {
			d := base + x*scale
			*(*[16]byte)(dst[d : d+16]) = *(*[16]byte)(src[s : s+16])
			s += 16
		}
	default:
		for _, x := range displs {
			d := base + x*scale
			copy(dst[d:d+size], src[s:s+size])
			s += size
		}
	}
}
