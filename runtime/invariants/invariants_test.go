package invariants_test

import (
	"testing"

	"github.com/golaunch/golaunch/runtime/invariants"
)

// A broken invariant panics exactly in the builds that say they check.
func TestCheckPanicsOnlyWhenEnabled(t *testing.T) {
	if got := caught(func() { invariants.Check(true, "fine") }); got != nil {
		t.Fatalf("Check(true) panicked: %v", got)
	}
	got := caught(func() { invariants.Check(false, "ring: negative length") })
	var want any
	if invariants.Enabled {
		want = "invariant broken: ring: negative length"
	}
	if got != want {
		t.Fatalf("Check(false): recovered %v, want %v (Enabled=%v)", got, want, invariants.Enabled)
	}
}

func caught(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
