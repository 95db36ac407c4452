package spawn

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// process is a line of the process table.
type process struct {
	pid, parent int
	zombie      bool
}

// parseStat reads /proc/PID/stat. The second field is the program's name in
// parentheses, which may hold anything, parentheses and newlines included.
func parseStat(pid int, stat []byte) (process, bool) {
	_, rest, ok := bytes.Cut(stat, []byte("("))
	end := bytes.LastIndexByte(rest, ')')
	if !ok || end < 0 {
		return process{}, false
	}
	f := bytes.Fields(rest[end+1:])
	if len(f) < 2 {
		return process{}, false
	}
	parent, err := strconv.Atoi(string(f[1]))
	if err != nil {
		return process{}, false
	}
	return process{pid: pid, parent: parent, zombie: f[0][0] == 'Z' || f[0][0] == 'X'}, true
}

// processTable reads all of /proc. A process that ends meanwhile is left out.
func processTable() ([]process, error) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(-1)
	d.Close()
	if err != nil {
		return nil, err
	}
	table := make([]process, 0, len(names))
	buf := make([]byte, 4096)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		fd, err := syscall.Open("/proc/"+name+"/stat", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		n, err := syscall.Read(fd, buf)
		syscall.Close(fd)
		if err != nil || n <= 0 {
			continue
		}
		if p, ok := parseStat(pid, buf[:n]); ok {
			table = append(table, p)
		}
	}
	return table, nil
}

// below returns the living processes of table that descend from root, root
// excluded, parents before children.
func below(table []process, root int) []int {
	children := make(map[int][]process, len(table))
	for _, p := range table {
		children[p.parent] = append(children[p.parent], p)
	}
	var found []int
	seen := map[int]bool{root: true}
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		for _, p := range children[queue[0]] {
			if seen[p.pid] {
				continue
			}
			seen[p.pid] = true
			queue = append(queue, p.pid)
			if !p.zombie {
				found = append(found, p.pid)
			}
		}
	}
	return found
}

// Descendants returns the process ids of all living descendants of root.
func Descendants(root int) ([]int, error) {
	table, err := processTable()
	if err != nil {
		return nil, err
	}
	return below(table, root), nil
}

// killOnce sends SIGKILL to every living descendant of this process and calls each
// for it.
func killOnce(each func(pid int)) {
	list, err := Descendants(os.Getpid())
	if err != nil {
		return
	}
	for _, pid := range list {
		if syscall.Kill(pid, syscall.SIGKILL) == nil && each != nil {
			each(pid)
		}
	}
}

// pause is how long to wait before looking for survivors again: a killed process
// needs a moment to die, and one that can't be killed (blocked in the kernel) must
// not cost a processor.
func pause(round int) time.Duration {
	return min(200*time.Microsecond<<min(round, 10), 50*time.Millisecond)
}

// KillDescendants kills every descendant of this process and reaps its children
// until there are none, for at most limit. It reports whether none is left. For a
// process that is a child subreaper, and has no children it wants to keep.
func KillDescendants(limit time.Duration) bool {
	start := time.Now()
	for round := 0; ; round++ {
		killOnce(nil)
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG|syscall.WALL, nil)
			if err == syscall.ECHILD {
				return true
			}
			if err == syscall.EINTR {
				continue
			}
			if err != nil || pid == 0 {
				break
			}
		}
		if time.Since(start) > limit {
			return false
		}
		time.Sleep(pause(round))
	}
}
