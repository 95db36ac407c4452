//go:build invariants || race

package invariants

// Enabled reports whether this build checks its invariants. It is a constant:
// code behind `if invariants.Enabled` costs nothing where it is false.
const Enabled = true

// Check panics with "invariant broken: " and msg unless cond holds.
func Check(cond bool, msg string) {
	if !cond {
		panic("invariant broken: " + msg)
	}
}
