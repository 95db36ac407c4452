package mpi

import (
	"bytes"
	"encoding/gob"
	"fmt"
)

// SendValue sends any Go value that package encoding/gob can encode: slower than
// Send, for the odd structure with pointers, maps and strings.
func SendValue[V any](c *Comm, v V, dst, tag int) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&v); err != nil {
		return c.fail("SendValue", dst, tag, fmt.Errorf("cannot encode %T: %w", v, err))
	}
	return Send(c, b.Bytes(), dst, tag)
}

// RecvValue receives what SendValue sent. The types must fit as gob wants it.
func RecvValue[V any](c *Comm, src, tag int) (V, Status, error) {
	var v V
	m, err := Mprobe(c, src, tag)
	if err != nil || m.null {
		return v, nullStatus, err
	}
	b := make([]byte, m.Status.bytes)
	st, err := Mrecv(m, b)
	if err != nil {
		return v, st, err
	}
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&v); err != nil {
		return v, st, c.fail("RecvValue", st.Source, st.Tag, fmt.Errorf("cannot decode %d bytes into %T: %w", len(b), v, err))
	}
	return v, st, nil
}
