package launcher

import (
	"io"
	"os"
	"sync"
)

// feeder copies golaunch's standard input to pipes of ranks. It is used where a rank
// can't just inherit it: for several ranks, and for a terminal, which belongs to
// golaunch's process group.
type feeder struct {
	in       *os.File
	to       []*os.File
	terminal bool
	start    sync.Once
}

// begin starts to read, unless the terminal belongs to somebody else at the moment
// (golaunch was started in the background): reading would stop golaunch. It may be
// called again, and is when golaunch was continued.
func (f *feeder) begin() {
	if f == nil || f.terminal && !inForeground(int(f.in.Fd())) {
		return
	}
	f.start.Do(func() { go f.copy() })
}

// copy hands everything to everybody, at the pace of the slowest. A rank that doesn't
// read any more is left out.
func (f *feeder) copy() {
	buf := make([]byte, 32<<10)
	for {
		n, err := f.in.Read(buf)
		alive := f.to[:0]
		for _, w := range f.to {
			if _, werr := w.Write(buf[:n]); n > 0 && werr != nil {
				w.Close()
				continue
			}
			alive = append(alive, w)
		}
		f.to = alive
		if err != nil || len(f.to) == 0 {
			break
		}
	}
	for _, w := range f.to {
		w.Close()
	}
	if f.terminal {
		io.Copy(io.Discard, f.in) // what is typed now is not for the shell
	}
}
