package launcher

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const day = 24 * time.Hour

// someDay is when these tests happen.
var someDay = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// testCache is a cache of executables of several ages, last pruned so long ago.
type testCache struct {
	t   *testing.T
	dir string
}

func newTestCache(t *testing.T, pruned time.Duration) testCache {
	c := testCache{t, filepath.Join(t.TempDir(), "build")}
	c.make("0000000000000000/prog", 400*day)
	c.make("0000000000000000/prog.lock", 0) // built long ago, used today
	c.make("1111111111111111/prog", 31*day)
	c.make("1111111111111111/prog.lock", 31*day)
	c.make("2222222222222222/prog", 400*day)
	c.make("2222222222222222/prog.lock", 29*day)
	c.make("3333333333333333/half", 400*day) // left by a build that was killed
	c.make("4444444444444444/prog", -day)    // from the future
	c.make("notes/text", 400*day)            // not ours
	c.make("lock", pruned)
	return c
}

// make makes a file that was changed so long before someDay, and its folder likewise.
func (c testCache) make(name string, age time.Duration) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		c.t.Fatal(err)
	}
	when := someDay.Add(-age)
	for _, p := range []string{path, filepath.Dir(path)} {
		if err := os.Chtimes(p, when, when); err != nil {
			c.t.Fatal(err)
		}
	}
}

// open opens the cache this long after someDay.
func (c testCache) open(after time.Duration) (free func()) {
	c.t.Helper()
	free, err := openCache(c.dir, someDay.Add(after))
	if err != nil {
		c.t.Fatal(err)
	}
	return free
}

// expect wants these folders, named by their first letter.
func (c testCache) expect(want string) {
	c.t.Helper()
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	var got []byte
	for _, e := range entries {
		if e.IsDir() {
			got = append(got, e.Name()[0])
		}
	}
	if slices.Sort(got); string(got) != want {
		c.t.Errorf("%q are left, want %q", got, want)
	}
}

func TestPrune(t *testing.T) {
	c := newTestCache(t, day)
	c.open(0)()
	c.expect("024n")
	// Not again on the same day, though there would be something to do.
	c.make("5555555555555555/prog", 40*day)
	c.open(day - time.Second)()
	c.expect("0245n")
	c.open(day)()
	c.expect("04n") // 29 days have become 30
	c.open(40 * day)()
	c.expect("n")
}

func TestPruneNotDue(t *testing.T) {
	newTestCache(t, day-time.Second).check(0, "01234n")
	newTestCache(t, -time.Hour).check(0, "024n") // the last time was in the future: the clock was wrong then
}

func (c testCache) check(after time.Duration, want string) {
	c.t.Helper()
	c.open(after)()
	c.expect(want)
}

// Nothing is pruned while somebody builds or starts, and the next run makes up for it.
func TestPruneInUse(t *testing.T) {
	c := newTestCache(t, 5*day)
	lock := filepath.Join(c.dir, "lock")
	busy, err := lockFile(lock, true)
	if err != nil {
		t.Fatal(err)
	}
	c.check(0, "01234n") // doesn't wait for the other either
	busy()
	free := c.open(0)
	c.expect("024n")
	if _, ok := tryLock(lock); ok {
		t.Error("the cache could be pruned while it is in use")
	}
	free()
	if again, ok := tryLock(lock); !ok {
		t.Error("the cache is in use for ever")
	} else {
		again()
	}
}

// The first use makes the cache.
func TestPruneNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		free, err := openCache(dir, someDay)
		if err != nil {
			t.Fatal(err)
		}
		free()
	}
}
