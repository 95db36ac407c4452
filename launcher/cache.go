package launcher

import (
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The cache of executables that golaunch has built:
//
//	build/lock              held shared from before a build until its ranks have started, exclusively while the
//	                        cache is pruned; its time of change says when that was done last
//	build/<hash>/name       an executable; the hash is that of the path of its source
//	build/<hash>/name.lock  held while name is built and until its ranks have started; its time of change says
//	                        when name was used last
//
// What is pruned comes back with the next build, mostly from the go command's own cache.
const (
	keepBuilt  = 30 * 24 * time.Hour // an executable that nobody uses is kept for so long
	pruneEvery = 24 * time.Hour
)

// cacheDir is the folder of all executables: below the user's cache, or below the
// system's folder for temporary files where there is no home.
func cacheDir() string {
	if cache, err := os.UserCacheDir(); err == nil {
		return filepath.Join(cache, "golaunch", "build")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("golaunch-%d", os.Getuid()), "build")
}

// buildDir is the folder for the executable of what lies at path (absolute).
func buildDir(path string) string {
	h := fnv.New64a()
	io.WriteString(h, path)
	return filepath.Join(cacheDir(), fmt.Sprintf("%016x", h.Sum64()))
}

// openCache makes the cache at dir, prunes it if that is due, and keeps others from
// pruning it until free is called.
func openCache(dir string, now time.Time) (free func(), err error) {
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	lock := filepath.Join(dir, "lock")
	if pruneDue(lock, now) {
		// If somebody else uses the cache in this moment, some later run does it.
		if free, ok := tryLock(lock); ok {
			if pruneDue(lock, now) { // still
				prune(dir, now)
				os.Chtimes(lock, now, now)
			}
			free()
		}
	}
	return lockFile(lock, true)
}

// pruneDue looks at the time of the last pruning. One that lies in the future is nonsense. A new cache has nothing
// to prune.
func pruneDue(lock string, now time.Time) bool {
	st, err := os.Stat(lock)
	if err != nil {
		return false
	}
	age := now.Sub(st.ModTime())
	return age >= pruneEvery || age < 0
}

// prune removes the executables that were not used for keepBuilt. What it can't remove, it leaves.
func prune(dir string, now time.Time) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !e.IsDir() || len(e.Name()) != 16 {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if used, ok := lastUse(path); ok && now.Sub(used) >= keepBuilt {
			os.RemoveAll(path)
		}
	}
}

// lastUse is the latest time of change of a folder and what lies in it.
func lastUse(dir string) (used time.Time, ok bool) {
	st, err := os.Stat(dir)
	if err != nil {
		return used, false
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return used, false
	}
	used = st.ModTime()
	for _, f := range files {
		st, err := f.Info()
		if err != nil {
			return used, false
		}
		if st.ModTime().After(used) {
			used = st.ModTime()
		}
	}
	return used, true
}
