package collective

import (
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// state is what a rank keeps with a communicator.
type state struct {
	usual     [2]call // blocking and started: records of calls as usual, kept as making them takes time; none while shared is nil
	blocking  seat    // of blocking calls
	started   seat    // of the lane
	lane      lane    // of the collectives that were started and not waited for
	schedules schedules
	nodes     atomic.Pointer[nodes]
	called    atomic.Uint64 // calls that are compared
	waited    atomic.Int32  // 1 + code of the blocking call that has waited last
}

// stateOf is the state of c, which is made at its first collective.
func stateOf(c *mpi.Comm) *state {
	return c.Attached(newState).(*state)
}

func newState() mpi.Attachment {
	s := &state{}
	s.lane.state = s
	s.schedules.setUp()
	return s
}

// Started implements mpi.Starter.
func (s *state) Started() []mpi.Started { return s.lane.started() }

// Waiting implements mpi.Starter.
func (s *state) Waiting() string {
	if c := s.waited.Load(); c != 0 {
		return codeNames[c-1]
	}
	return ""
}

// Stop implements mpi.Starter.
func (s *state) Stop() { s.lane.stop() }

// Release implements mpi.Attachment.
func (s *state) Release() {
	s.usual[0].shared = nil
	s.leave(blocking)
	s.lane.release()
}

// leave gives up the boards for calls of a kind.
func (s *state) leave(k kind) {
	s.seat(k).leave()
	if n := s.nodes.Load(); n != nil {
		n.team.seat(k).leave()
	}
}

// seat is a rank's place at a board.
type seat struct {
	board  *board
	looked bool // for one
}

// seat is that of calls of a kind.
func (s *state) seat(k kind) *seat {
	if k == blocking {
		return &s.blocking
	}
	return &s.started
}

func (s *seat) leave() {
	if s.board != nil {
		s.board.leave()
		s.board = nil
	}
}
