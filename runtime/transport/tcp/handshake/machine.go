package handshake

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
)

// SecretBytes is the least length of a job's secret.
const SecretBytes = 16

// Config is what a rank knows before it connects to anybody.
type Config struct {
	Job     [16]byte // names the job; no secret
	Secret  []byte   // at least SecretBytes, known to the ranks of the job and to nobody else
	Rank    uint32   // this side
	Size    uint32   // ranks of the job
	Streams uint16   // connections of a pair, at least 1
	Options Options
}

func (c *Config) check() error {
	switch {
	case len(c.Secret) < SecretBytes:
		return fmt.Errorf("handshake: rank %d: a job's secret of %d bytes, want %d at least", c.Rank, len(c.Secret), SecretBytes)
	case c.Rank >= c.Size:
		return fmt.Errorf("handshake: rank %d of %d", c.Rank, c.Size)
	case c.Streams == 0:
		return fmt.Errorf("handshake: rank %d: no streams", c.Rank)
	}
	return nil
}

// State is where a Machine stands.
type State uint8

const (
	Talking State = iota // Step wants MessageBytes from the other side
	Proved               // the other side has proved itself: call Choose (dialler) or Decide (acceptor), or close the connection
	Done                 // the connection is good
	Failed               // close the connection, after sending what the last call returned
)

// Machine is one side of one connection's handshake. It is no longer of use after Failed.
type Machine struct {
	cfg    Config
	where  string
	accept bool
	state  State
	due    kind // kind of the message that must come next
	peer   int64
	self   message // what this side says of itself
	hello  message
	nonces [2][NonceBytes]byte // dialler's, acceptor's
	said   hash.Hash           // over all messages so far, without their macs
	keys   [2][]byte           // sign the dialler's, the acceptor's messages
	out    [MessageBytes]byte
}

// Dial begins the handshake of a connection to a rank and returns the hello to send. session is zero for stream 0, and
// Machine.Session of the pair's stream 0 for the others. where is the address, for errors.
func Dial(cfg Config, peer uint32, stream uint16, session [16]byte, nonce [NonceBytes]byte, where string) (*Machine, []byte, error) {
	m, err := newMachine(cfg, nonce, where)
	if err != nil {
		return nil, nil, err
	}
	if peer >= cfg.Size || peer == cfg.Rank || stream >= cfg.Streams {
		return nil, nil, fmt.Errorf("handshake: rank %d of %d can't open stream %d of %d to rank %d",
			cfg.Rank, cfg.Size, stream, cfg.Streams, peer)
	}
	m.peer, m.due = int64(peer), reply
	m.self.to, m.self.stream, m.self.session = peer, stream, session
	m.nonces[0] = nonce
	return m, m.say(hello, Accepted), nil
}

// Accept begins the handshake of a connection that somebody opened to this side.
func Accept(cfg Config, nonce [NonceBytes]byte, where string) (*Machine, error) {
	m, err := newMachine(cfg, nonce, where)
	if err != nil {
		return nil, err
	}
	m.accept, m.due, m.peer = true, hello, -1
	m.nonces[1] = nonce
	return m, nil
}

func newMachine(cfg Config, nonce [NonceBytes]byte, where string) (*Machine, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Machine{cfg: cfg, where: where, said: sha256.New()}
	for i, label := range []string{"dialler signs", "acceptor signs"} {
		key, err := hkdf.Key(sha256.New, cfg.Secret, cfg.Job[:], "golaunch tcp: "+label, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("handshake: rank %d: %w", cfg.Rank, err)
		}
		m.keys[i] = key
	}
	m.self = message{version: Version, options: cfg.Options, job: cfg.Job, from: cfg.Rank, streams: cfg.Streams, nonce: nonce}
	return m, nil
}

// State says what the machine waits for.
func (m *Machine) State() State { return m.state }

// Peer is the rank of the other side, -1 while it is unknown. It is proved only after Proved.
func (m *Machine) Peer() int { return int(m.peer) }

// Stream is the number of this connection among those of the pair, Asked the session that the dialler wants to join.
func (m *Machine) Stream() int     { return int(m.hello.stream) }
func (m *Machine) Asked() [16]byte { return m.hello.session }

// Decides says whether this side is the one that chooses among the connections of the pair: the lower rank.
func (m *Machine) Decides() bool { return m.peer > int64(m.cfg.Rank) }

// Step takes the message that was due, exactly MessageBytes, and returns what to send, if anything. After an error there
// may be a refusal to send too; then the connection is to be closed.
func (m *Machine) Step(in []byte) (out []byte, err error) {
	if m.state != Talking {
		m.state = Failed
		return nil, m.fail(m.due, Unintelligible, "it goes on talking after the handshake ended")
	}
	got, err := parse(in)
	switch {
	case err != nil:
		m.state = Failed
		return nil, m.fail(m.due, Unintelligible, err.Error()) // no word to a stranger
	case got.version != Version:
		err := m.fail(m.due, WrongVersion, fmt.Sprintf("it speaks version %d of the protocol, this side version %d", got.version, Version))
		return m.refuse(WrongVersion), err
	case got.kind != m.due:
		m.state = Failed
		return nil, m.fail(m.due, Unintelligible, fmt.Sprintf("a %v came instead", got.kind))
	case !m.accept && got.code != Accepted:
		m.state = Failed
		return nil, m.farAway(in, &got)
	}
	if code, text := m.wrong(&got); code != Accepted {
		err := m.fail(m.due, code, text)
		return m.refuse(code), err
	}
	if m.accept && m.due == hello {
		m.peer = int64(got.from)
	}
	m.hear(in)
	if !hmac.Equal(m.sign(!m.accept), got.mac[:]) {
		err := m.fail(m.due, WrongSecret, "its proof was not made with this job's secret for this connection")
		return m.refuse(WrongSecret), err
	}
	switch m.due {
	case hello:
		m.hello, m.nonces[0] = got, got.nonce
		m.self.to, m.self.stream, m.self.session = got.from, got.stream, got.session
		m.due = proof
		return m.say(reply, Accepted), nil
	case reply:
		m.nonces[1] = got.nonce
		m.state = Proved
	case proof:
		m.state = Proved
	case verdict:
		m.state = Done
	}
	return nil, nil
}

// Choose is for a dialler in Proved: this connection is the one that it wants. It returns the proof to send, and a verdict will come.
func (m *Machine) Choose() []byte {
	if m.accept || m.state != Proved {
		m.state = Failed
		return nil
	}
	m.state, m.due = Talking, verdict
	m.self.nonce = [NonceBytes]byte{}
	return m.say(proof, Accepted)
}

// Decide is for an acceptor in Proved: whether this connection is wanted, and why not. It returns the verdict to send.
func (m *Machine) Decide(c Code) []byte {
	if !m.accept || m.state != Proved {
		m.state = Failed
		return nil
	}
	m.state = Done
	if c != Accepted {
		m.state = Failed
	}
	m.self.nonce = [NonceBytes]byte{}
	return m.say(verdict, c)
}

// wrong compares what the other side says of itself and of us with what we know.
func (m *Machine) wrong(got *message) (Code, string) {
	first := m.accept && m.due == hello
	switch {
	case got.code != Accepted:
		return Unintelligible, fmt.Sprintf("a %v that refuses", got.kind)
	case got.job != m.cfg.Job:
		return WrongJob, fmt.Sprintf("it belongs to job %x, this side to job %x", got.job, m.cfg.Job)
	case got.to != m.cfg.Rank:
		return WrongRank, fmt.Sprintf("it wants rank %d, this is rank %d", got.to, m.cfg.Rank)
	case got.from == m.cfg.Rank || got.from >= m.cfg.Size:
		return WrongRank, fmt.Sprintf("it calls itself rank %d, this is rank %d of %d", got.from, m.cfg.Rank, m.cfg.Size)
	case !first && int64(got.from) != m.peer:
		return WrongRank, fmt.Sprintf("it calls itself rank %d, rank %d was wanted", got.from, m.peer)
	case got.options != m.cfg.Options:
		return WrongOptions, fmt.Sprintf("it wants %v, this side %v", got.options, m.cfg.Options)
	case got.streams != m.cfg.Streams:
		return WrongOptions, fmt.Sprintf("it wants %d streams, this side %d", got.streams, m.cfg.Streams)
	case got.stream >= m.cfg.Streams, !first && (got.stream != m.self.stream || got.session != m.self.session):
		return WrongSession, fmt.Sprintf("it speaks of stream %d of %d", got.stream, m.cfg.Streams)
	case (got.stream == 0) != (got.session == [16]byte{}):
		return WrongSession, fmt.Sprintf("stream %d with session %x", got.stream, got.session)
	case m.due == reply && got.nonce == m.nonces[0]:
		return WrongSecret, "it sends our own nonce back"
	}
	return Accepted, ""
}

// say makes the next message of this side. What it returns is valid until the next call.
func (m *Machine) say(k kind, c Code) []byte {
	m.self.kind, m.self.code, m.self.mac = k, c, [32]byte{}
	if k == hello {
		m.hello = m.self
	}
	m.self.put(&m.out)
	m.hear(m.out[:])
	copy(m.out[macAt:], m.sign(m.accept))
	return m.out[:]
}

// refuse ends the handshake; only an acceptor says why.
func (m *Machine) refuse(c Code) []byte {
	m.state = Failed
	if !m.accept {
		return nil
	}
	k := reply
	if m.due == proof {
		k = verdict
	}
	// A refusal tells a stranger nothing that it didn't say itself, and proves nothing.
	(&message{version: Version, kind: k, code: c, from: m.cfg.Rank}).put(&m.out)
	return m.out[:]
}

// farAway is the error of a refusal.
func (m *Machine) farAway(in []byte, got *message) error {
	e := m.fail(m.due, got.code, got.code.explain())
	e.Far = true
	m.hear(in)
	if !hmac.Equal(m.sign(true), got.mac[:]) {
		e.Text += " (it has not proved to be of this job)"
	}
	return e
}

// hear adds a message, without its mac, to what was said.
func (m *Machine) hear(b []byte) { m.said.Write(b[:macAt]) }

// sign is the mac of all that was said, as the dialler or as the acceptor.
func (m *Machine) sign(acceptor bool) []byte {
	i := 0
	if acceptor {
		i = 1
	}
	h := hmac.New(sha256.New, m.keys[i])
	h.Write(m.said.Sum(nil))
	return h.Sum(nil)
}

func (m *Machine) fail(at kind, c Code, text string) *Error {
	return &Error{Rank: m.cfg.Rank, Peer: m.peer, Where: m.where, Stage: at.String(), Code: c, Text: text}
}
