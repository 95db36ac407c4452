package launcher

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/golaunch/golaunch/launcher/config"
)

// A golaunch.toml of somebody else is refused where everybody may put one, and only there.
func TestTrusted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, config.Name)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	check := func(what string, trust bool) {
		t.Helper()
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := trusted(path, st); (err == nil) != trust {
			t.Errorf("%s: %v", what, err)
		}
	}
	mode := func(m os.FileMode) {
		if err := os.Chmod(dir, m); err != nil {
			t.Fatal(err)
		}
	}
	check("ours", true)
	mode(0o777 | os.ModeSticky)
	check("ours, in a folder of everybody's", true)
	if err := os.Chown(path, 12345, -1); err != nil {
		t.Skipf("the rest needs another user: %v", err)
	}
	check("another user's, in a folder of everybody's", false)
	mode(0o755)
	check("another user's, in a folder of its owner's", true)
}
