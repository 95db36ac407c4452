package handshake

import (
	"crypto/hkdf"
	"crypto/sha256"
)

// KeyBytes is the size of a key: AES-128.
const KeyBytes = 16

// Keys are what a connection needs after the handshake.
type Keys struct {
	Send, Recv [KeyBytes]byte // of this side; the other has them the other way round
	Session    [16]byte       // names this connection; further streams of the pair name it. No secret.
}

// Keys derives the keys of a connection that is Done, or that is Proved and just decided upon.
func (m *Machine) Keys() (k Keys, err error) {
	salt := append(m.nonces[0][:len(m.nonces[0]):len(m.nonces[0])], m.nonces[1][:]...)
	prk, err := hkdf.Extract(sha256.New, m.cfg.Secret, salt)
	if err != nil {
		return k, m.fail(m.due, WrongSecret, err.Error())
	}
	// The hello names job, version, ranks, stream and options.
	var b [MessageBytes]byte
	m.hello.put(&b)
	about := string(b[:nonceAt])
	forth, back := k.Send[:], k.Recv[:]
	if m.accept {
		forth, back = back, forth
	}
	for _, d := range []struct {
		label string
		to    []byte
	}{{"golaunch tcp: dialler to acceptor ", forth}, {"golaunch tcp: acceptor to dialler ", back}, {"golaunch tcp: session ", k.Session[:]}} {
		key, err := hkdf.Expand(sha256.New, prk, d.label+about, len(d.to))
		if err != nil {
			return k, m.fail(m.due, WrongSecret, err.Error())
		}
		copy(d.to, key)
	}
	return k, nil
}
