//go:build !linux

package tcp

import (
	"net"
	"time"
)

// newSocket takes over c, which must not be used afterwards, whatever comes back.
func newSocket(c *net.TCPConn, n *Net) (socket, error) {
	count := int(n.cfg.Dead/time.Second) + 1
	if err := c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: count}); err != nil {
		_ = c.Close()
		return nil, err
	}
	return newNetSocket(c, n.ring), nil
}
