package tcp

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/wire"
)

// BenchmarkPingPong is a message there and back, both ends in one goroutine: what the two ends cost and no waiting.
func BenchmarkPingPong(b *testing.B) {
	for _, name := range []string{"plain", "sums", "sealed"} {
		for _, size := range []int{8, 4096, 65536} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				l1, l2 := connected(b, modes[name])
				data, buf := make([]byte, size), make([]byte, size)
				h := frame.Header{Kind: wire.Eager}
				var r Rec
				pass := func(from, to *Link) {
					if !from.Post(&h, data) {
						b.Fatal("no room")
					}
					for done := false; !done; {
						from.Flush()
						for !done && to.Next(&r) {
							if r.Event == Begun {
								to.Into(&r, buf)
							} else {
								done = true
							}
						}
					}
				}
				b.SetBytes(2 * int64(size))
				for b.Loop() {
					pass(l1, l2)
					pass(l2, l1)
				}
			})
		}
	}
}

// patience looks some times without success, then sleeps, as a rank does: who only looks takes the processor from the kernel's work.
type patience int

func (p *patience) moved(n *Net, did bool) {
	if did {
		*p = 0
	} else if *p++; *p >= 50 {
		*p = 0
		n.Wait(time.Millisecond)
	}
}

// BenchmarkStream sends Data frames from the sender's memory to the receiver's, two goroutines.
func BenchmarkStream(b *testing.B) {
	for _, name := range []string{"plain", "sums", "sealed", "streams", "portable"} {
		b.Run(name, func(b *testing.B) {
			l1, l2 := connected(b, modes[name])
			part := l1.net.cfg.Part
			data, buf := make([]byte, part), make([]byte, part)
			b.SetBytes(int64(part))
			done := make(chan struct{})
			n := b.N
			go func() {
				defer close(done)
				var r Rec
				var p patience
				for got := 0; got < n && l2.Err() == nil; {
					before := got
					for l2.Next(&r) {
						if r.Event == Begun {
							l2.Into(&r, buf)
						} else {
							got++
						}
					}
					p.moved(l2.net, got != before)
				}
			}()
			var out Out
			var p patience
			h := frame.Header{Kind: wire.Data}
			b.ResetTimer()
			for i := 0; i < n; {
				sent := l1.Send(&h, data, &out)
				if sent {
					i++
				}
				p.moved(l1.net, l1.Flush() || sent)
			}
			for out.Left > 0 || l1.Pending() {
				p.moved(l1.net, l1.Flush())
			}
			<-done
		})
	}
}

// BenchmarkBare is what the same sockets do without links: the bar for the two above.
func BenchmarkBare(b *testing.B) {
	var n1, n2 *Net
	pair := func(b *testing.B) (x, y socket) {
		l1, l2 := connected(b, modes["plain"])
		n1, n2 = l1.net, l2.net
		return l1.s[0].sock, l2.s[0].sock
	}
	move := func(b *testing.B, from, to socket, data, buf []byte) {
		sent, got := 0, 0
		for got < len(buf) {
			if sent < len(data) {
				n, err := from.write([][]byte{data[sent:]})
				if err != nil {
					b.Error(err)
					return
				}
				sent += n
			}
			n, err := to.read(buf[got:], nil)
			if err != nil {
				b.Error(err)
				return
			}
			got += n
		}
	}
	for _, size := range []int{8, 4096, 65536} {
		b.Run(fmt.Sprintf("pingpong/%d", size), func(b *testing.B) {
			x, y := pair(b)
			data, buf := make([]byte, size), make([]byte, size)
			b.SetBytes(2 * int64(size))
			for b.Loop() {
				move(b, x, y, data, buf)
				move(b, y, x, data, buf)
			}
		})
	}
	b.Run("stream", func(b *testing.B) {
		x, y := pair(b)
		const part = 256 << 10
		data, buf := make([]byte, part), make([]byte, part)
		b.SetBytes(part)
		done := make(chan struct{})
		total := b.N * part
		go func() {
			defer close(done)
			var p patience
			for got := 0; got < total; {
				n, err := y.read(buf, nil)
				if err != nil {
					return
				}
				got += n
				p.moved(n2, n > 0)
			}
		}()
		var p patience
		for sent := 0; sent < total; {
			n, err := x.write([][]byte{data[sent%part:]})
			if err != nil {
				b.Fatal(err)
			}
			sent += n
			x.want(n == 0)
			p.moved(n1, n > 0)
		}
		<-done
	})
	b.Run("net.Conn pingpong/8", func(b *testing.B) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			p := make([]byte, 8)
			for {
				if _, err := c.Read(p); err != nil {
					return
				}
				if _, err := c.Write(p); err != nil {
					return
				}
			}
		}()
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		p := make([]byte, 8)
		for b.Loop() {
			if _, err := c.Write(p); err != nil {
				b.Fatal(err)
			}
			if _, err := c.Read(p); err != nil {
				b.Fatal(err)
			}
		}
	})
}
