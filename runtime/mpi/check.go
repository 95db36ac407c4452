package mpi

// WithCheck lets ranks compare their collective calls before they begin: operation, root, reduction and type of elements, lengths. Where
// they disagree, every rank gets an error that shows both calls, instead of waiting for ever or of a wrong result. It costs some messages for
// each call. All ranks must choose the same. golaunch -check does it without a change to the program.
func WithCheck() Option { return func(o *options) { o.check = true } }

// Checked says whether collective calls on c are compared. No compatibility promise.
func (c *Comm) Checked() bool { return c.checks }

// Tags on the plane of PlaneCheck. No compatibility promise.
const (
	CheckBlocking = iota
	CheckStarted  // of collectives that were started
	CheckNotice   // and above: that a call has been made, of either kind
)

// PlaneCheck is the context in which collectives are compared. No compatibility promise.
func (c *Comm) PlaneCheck() uint32 { return c.shared.id*planes + planeCheck }
