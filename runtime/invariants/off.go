//go:build !(invariants || race)

package invariants

// Enabled reports whether this build checks its invariants. It is a constant:
// code behind `if invariants.Enabled` costs nothing where it is false.
const Enabled = false

// Check does nothing in this build; with the tag `invariants`, or under the
// race detector, it panics unless cond holds.
func Check(cond bool, msg string) {}
