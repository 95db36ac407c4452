package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// put makes files, and the folders that they need, below a new folder.
func put(t *testing.T, names ...string) string {
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o777); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte("n = 4\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		files, dir, user, want string
	}{
		{"w/a/", "w/a", "u", ""},
		{"w/golaunch.toml u/golaunch.toml", "w", "u", "w u"},
		{"w/golaunch.toml u/golaunch.toml", "w", "", "w"},
		{"w/ u/golaunch.toml", "w", "u", "u"},
		{"r/.git/ r/golaunch.toml r/a/b/", "r/a/b", "", "r"},
		{"r/.git/ r/golaunch.toml r/a/golaunch.toml r/a/b/", "r/a/b", "", "r/a"},
		{"r/.git r/golaunch.toml r/a/", "r/a", "", "r"},        // the .git of a worktree is a file
		{"r/golaunch.toml r/a/.git/ r/a/b/", "r/a/b", "", ""},  // not above the root
		{"golaunch.toml a/b/", "a/b", "", ""},                  // no repository: not in folders above
		{"w/golaunch.toml", "w", "w", "w"},                     // once
		{"w/golaunch.toml/ u/golaunch.toml/", "w", "u", "w u"}, // folders of that name: Read tells
		{"r/.git/ r/golaunch.toml r/a/golaunch.toml", "r/a", "r", "r/a r"},
	} {
		root := put(t, strings.Fields(c.files)...)
		if !strings.Contains(c.files, ".git") && project(filepath.Join(root, "none")) != "" {
			t.Logf("%s: not tried, temporary folders are inside of a git repository", c.files)
			continue
		}
		user := ""
		if c.user != "" {
			user = filepath.Join(root, c.user)
		}
		var want []string
		for _, w := range strings.Fields(c.want) {
			want = append(want, filepath.Join(root, filepath.FromSlash(w), Name))
		}
		if got := Find(filepath.Join(root, filepath.FromSlash(c.dir)), user); !slices.Equal(got, want) {
			t.Errorf("%s in %s: %v, want %v", c.files, c.dir, got, want)
		}
	}
	if got := Find("", ""); got != nil {
		t.Errorf("%v found nowhere", got)
	}
}

func TestRead(t *testing.T) {
	dir := put(t, "good.toml", "folder/")
	good := filepath.Join(dir, "good.toml")
	if f, err := Read(good, testKeys, nil); err != nil || f.Path != good || in(f.Settings) != "n=4@1:1" {
		t.Errorf("%+v, %v", f, err)
	}
	big := filepath.Join(dir, "big.toml")
	if err := os.WriteFile(big, []byte(strings.Repeat("#", maxSize+1)), 0o666); err != nil {
		t.Fatal(err)
	}
	no := func(string, fs.FileInfo) error { return errors.New("not trusted") }
	for _, c := range []struct {
		path  string
		trust func(string, fs.FileInfo) error
		says  string
	}{
		{filepath.Join(dir, "folder"), nil, ": not a file"},
		{filepath.Join(dir, "none"), nil, "none: "},
		{big, nil, ": more than 1048576 bytes"},
		{good, no, "good.toml: not trusted"},
	} {
		_, err := Read(c.path, testKeys, c.trust)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) || e.Line != 0 {
			t.Errorf("%s: %v, want %q", c.path, err, c.says)
		}
	}
}
