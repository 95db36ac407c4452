package tcp

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/transport/tcp/handshake"
)

// Config says who a rank is and how it wants to talk. What is zero takes the default that is named.
type Config struct {
	Rank, Size int
	Job        [16]byte // names the job
	Secret     []byte   // of the job, 16 bytes at least

	Listen   string // address to listen at; ":0", all addresses and a free port
	Streams  int    // connections of a pair; 1
	Encrypt  bool   // seal everything with AES-GCM
	Checksum bool   // frames carry an xxhash64
	Compress bool   // large payloads are compressed where it pays

	Eager    int           // bytes of an Eager frame at most; 64 KiB
	Part     int           // bytes of a Data frame at most; 256 KiB
	Patience time.Duration // for connecting to a peer, the handshake included; 10 s
	Dead     time.Duration // silence after which a peer that should answer is dead; 1.4 s. See Link.Check.
	Log      *slog.Logger  // hears of strangers; nil: nobody does

	portable bool // in tests: the sockets of systems without raw ones
}

func (c *Config) fill() error {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	def(&c.Streams, 1)
	def(&c.Eager, 64<<10)
	def(&c.Part, 256<<10)
	if c.Listen == "" {
		c.Listen = ":0"
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	if c.Dead == 0 {
		c.Dead = 1400 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.Size < 1 || c.Rank < 0 || c.Rank >= c.Size:
		return fmt.Errorf("tcp: rank %d of %d", c.Rank, c.Size)
	case c.Streams < 1 || c.Streams > 64:
		return fmt.Errorf("tcp: rank %d: %d streams, want 1 to 64", c.Rank, c.Streams)
	case c.Eager < 64 || c.Eager > 1<<20 || c.Part < 1024 || c.Part > 16<<20:
		return fmt.Errorf("tcp: rank %d: eager frames of %d bytes, parts of %d; want 64 to 1 Mi, 1 Ki to 16 Mi", c.Rank, c.Eager, c.Part)
	case c.Patience < 0 || c.Dead < 0:
		return fmt.Errorf("tcp: rank %d: negative patience", c.Rank)
	}
	return nil
}

func (c *Config) limits() frame.Limits { return frame.Limits{Eager: c.Eager, Part: c.Part} }

func (c *Config) handshake() handshake.Config {
	var o handshake.Options
	if c.Encrypt {
		o |= handshake.Seal
	}
	if c.Checksum {
		o |= handshake.Sum
	}
	if c.Compress {
		o |= handshake.Pack
	}
	return handshake.Config{Job: c.Job, Secret: c.Secret, Rank: uint32(c.Rank), Size: uint32(c.Size), Streams: uint16(c.Streams), Options: o}
}
