//go:build race

package invariants_test

import (
	"testing"

	"github.com/golaunch/golaunch/runtime/invariants"
)

// The package promises that a run under the race detector checks everything,
// without a further tag.
func TestRaceBuildsCheck(t *testing.T) {
	if !invariants.Enabled {
		t.Fatal("invariants.Enabled is false under the race detector")
	}
}
