package tcp

import "testing"

// reset makes the closing of a link's sockets a reset rather than an end.
func reset(t *testing.T, l *Link) {
	t.Helper()
	for _, s := range l.s {
		if c, ok := s.sock.(*netSocket); !ok {
			resetRaw(t, s.sock)
		} else if err := c.conn.SetLinger(0); err != nil {
			t.Fatal(err)
		}
	}
}
