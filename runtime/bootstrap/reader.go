package bootstrap

import (
	"bufio"
	"io"
)

// Reader reads control messages from a stream.
type Reader struct {
	br   *bufio.Reader
	line []byte // a line that outgrew br's buffer
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader { return &Reader{br: bufio.NewReaderSize(r, 512)} }

// BadLineError is a line that is no message. The stream goes on after it.
type BadLineError struct{ Err error }

// Error returns what was wrong with the line.
func (e *BadLineError) Error() string { return e.Err.Error() }

// Unwrap returns what was wrong with the line.
func (e *BadLineError) Unwrap() error { return e.Err }

// Next returns the next message. The error is a *BadLineError for a line that is
// no message (Next may be called again), io.EOF at the end of the stream (a last
// line without newline was not finished and doesn't count), else the stream's.
func (r *Reader) Next() (Message, error) {
	r.line = r.line[:0]
	var tooLong int
	for {
		part, err := r.br.ReadSlice('\n')
		switch {
		case tooLong > 0 || len(r.line)+len(part) > MaxLine:
			tooLong += len(part) // skipped up to its newline
		case err == nil && len(r.line) == 0:
			return checked(Decode(part))
		default:
			r.line = append(r.line, part...)
		}
		switch err {
		case nil:
			if tooLong > 0 {
				return checked(Decode(make([]byte, MaxLine+1)))
			}
			return checked(Decode(r.line))
		case bufio.ErrBufferFull:
		default:
			if err == io.ErrUnexpectedEOF {
				err = io.EOF
			}
			return Message{}, err
		}
	}
}

func checked(m Message, err error) (Message, error) {
	if err != nil {
		return Message{}, &BadLineError{err}
	}
	return m, nil
}
