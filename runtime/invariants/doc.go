// Package invariants holds the checks that are too dear, or too paranoid, for
// a production build.
//
// They are compiled in under the build tag `invariants`, and always under the
// race detector, so that `go test -race` is also a run with every check armed:
//
//	go test -tags invariants ./...
//	go test -race ./...
//
// In every other build Enabled is the constant false and [Check] is an empty
// function, which the compiler removes. One trap remains: the arguments of a
// call are evaluated by Go's rules, so a condition that calls a function is
// paid for unless the compiler can prove it to be free of effects. Put such a
// condition behind the constant:
//
//	invariants.Check(n >= 0, "ring: negative length") // free: plain operands
//	if invariants.Enabled {                           // free: dead code
//		invariants.Check(q.sorted(), "match: posted queue out of order")
//	}
//
// What does not belong here: anything that must hold for safety whatever the
// build. Bytes from the wire or from shared memory are checked always and give
// errors; misuse of the public API panics always. An invariant speaks of our
// own code alone: when one breaks, golaunch has a bug. The one exception: package
// arena takes the pages of a buffer that was moved to another process out of the
// mapping, so that a program that uses a slice kept from before faults there.
package invariants
