package mpi

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
)

// SendValue sends any Go value that package encoding/gob can encode: slower than
// Send, for the odd structure with pointers, maps and strings. A nil pointer has no value and is refused.
func SendValue[V any](c *Comm, v V, dst, tag int) error {
	// gob takes one, and its reader finds nothing or something else.
	if p := reflect.ValueOf(&v).Elem(); p.Kind() == reflect.Pointer && p.IsNil() {
		return c.fail("SendValue", dst, tag, fmt.Errorf("cannot encode a nil %T", v))
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&v); err != nil {
		return c.fail("SendValue", dst, tag, fmt.Errorf("cannot encode %T: %w", v, err))
	}
	return during("SendValue", Send(c, b.Bytes(), dst, tag))
}

// during names the call that the program made.
func during(op string, err error) error {
	if e, ok := err.(*Error); ok {
		e.Op = op
	}
	return err
}

// maxValue bounds what RecvValue believes, in bytes: gob refuses larger messages.
const maxValue = 1 << 33

// RecvValue receives what SendValue sent. The types must fit as gob wants it.
func RecvValue[V any](c *Comm, src, tag int) (V, Status, error) {
	var v V
	m, err := Mprobe(c, src, tag)
	if err != nil || m.null {
		return v, nullStatus, during("RecvValue", err)
	}
	if uint64(m.Status.bytes) > maxValue {
		return v, m.Status, c.fail("RecvValue", m.Status.Source, m.Status.Tag, fmt.Errorf("%w: a value of %d bytes", ErrCorrupt, m.Status.bytes))
	}
	b := make([]byte, m.Status.bytes)
	st, err := Mrecv(m, b)
	if err != nil {
		return v, st, during("RecvValue", err)
	}
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&v); err != nil {
		return v, st, c.fail("RecvValue", st.Source, st.Tag, fmt.Errorf("cannot decode %d bytes into %T: %w", len(b), v, err))
	}
	return v, st, nil
}
