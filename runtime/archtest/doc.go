// Package archtest holds the test that keeps the house in order: who may import whom, which third-party module
// may be used where, and what a pure package must not touch.
//
// The rules are data, in rules_test.go, as in the standard library's go/build/deps_test.go. What is not listed is
// refused, so a new package or a new edge between packages is a decision that shows in a diff:
//
//	go test ./runtime/archtest
//
// The test reads every Go file of the module, whatever its build constraints, so a file for another operating system
// or behind a tag obeys the same rules as the rest. Rejected: asking `go list`, which sees one operating system and
// one set of tags at a time and whose answer the test cache can't follow.
package archtest
