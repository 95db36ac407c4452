package frame

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// A sealed stream is a sequence of records: the length of the plain bytes in 4 bytes, the sealed bytes, a tag. The length is
// authenticated with them. The nonce is the number of the record, so records can't be dropped, repeated or swapped; each
// direction of each connection has a key of its own, so no nonce is ever used twice with one key. After rekeyAfter
// records both sides replace the key by one derived from it, long before GCM's bounds.
const (
	MaxPlain    = 64 << 10               // plain bytes of a record at most
	prefixBytes = 4                      //
	tagBytes    = 16                     //
	SealBytes   = prefixBytes + tagBytes // what a record needs beyond its plain bytes
	MaxRecord   = MaxPlain + SealBytes
	rekeyAfter  = 1 << 20
)

// sealing is what both directions have in common.
type sealing struct {
	aead  cipher.AEAD
	key   []byte
	n     uint64
	every uint64
	nonce [12]byte
	head  [prefixBytes]byte
}

func newSealing(key []byte) (sealing, error) {
	s := sealing{every: rekeyAfter}
	return s, s.use(append([]byte(nil), key...))
}

func (s *sealing) use(key []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	s.key = key
	return nil
}

// next makes nonce those of the next record.
func (s *sealing) next() error {
	if s.n > 0 && s.n%s.every == 0 {
		key, err := hkdf.Expand(sha256.New, s.key, "golaunch tcp: next key", len(s.key))
		if err != nil {
			return fmt.Errorf("frame: %w", err)
		}
		if err := s.use(key); err != nil {
			return err
		}
	}
	binary.LittleEndian.PutUint64(s.nonce[4:], s.n)
	s.n++
	return nil
}

// Sealer seals one direction of a connection.
type Sealer struct{ s sealing }

// NewSealer makes one with a key of 16 or 32 bytes.
func NewSealer(key []byte) (*Sealer, error) {
	s, err := newSealing(key)
	return &Sealer{s}, err
}

// Append appends the record of plain, MaxPlain bytes at most, to dst. They may not overlap.
func (s *Sealer) Append(dst, plain []byte) ([]byte, error) {
	if len(plain) > MaxPlain || len(plain) == 0 {
		return dst, fmt.Errorf("frame: a record of %d bytes, want 1 to %d", len(plain), MaxPlain)
	}
	if err := s.s.next(); err != nil {
		return dst, err
	}
	binary.LittleEndian.PutUint32(s.s.head[:], uint32(len(plain)))
	dst = append(dst, s.s.head[:]...)
	return s.s.aead.Seal(dst, s.s.nonce[:], plain, s.s.head[:]), nil
}

// Opener opens what a Sealer with the same key has sealed.
type Opener struct{ s sealing }

// NewOpener makes one with a key of 16 or 32 bytes.
func NewOpener(key []byte) (*Opener, error) {
	s, err := newSealing(key)
	return &Opener{s}, err
}

// RecordSize is the size of the record that b begins with, 0 when b is too short to tell. It is never above MaxRecord.
func RecordSize(b []byte) (int, error) {
	if len(b) < prefixBytes {
		return 0, nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > MaxPlain {
		return 0, fmt.Errorf("frame: a sealed record of %d bytes, want 1 to %d", n, MaxPlain)
	}
	return int(n) + SealBytes, nil
}

var errSeal = errors.New("frame: a sealed record was changed, lost or repeated on its way, or sealed with another key")

// Open appends the plain bytes of a record, of RecordSize, to dst. dst may be record[4:4], to open it in place; else they may not
// overlap. When it fails, dst's free capacity may have been overwritten, but never with plain bytes that nobody vouches for.
func (o *Opener) Open(dst, record []byte) ([]byte, error) {
	if n, err := RecordSize(record); err != nil || n == 0 || n != len(record) {
		return dst, errSeal
	}
	if err := o.s.next(); err != nil {
		return dst, err
	}
	copy(o.s.head[:], record)
	out, err := o.s.aead.Open(dst, o.s.nonce[:], record[prefixBytes:], o.s.head[:])
	if err != nil {
		return dst, errSeal
	}
	return out, nil
}
