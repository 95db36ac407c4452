package launcher

import (
	"io"
	"os"
	"time"

	"github.com/golaunch/golaunch/launcher/config"
	"github.com/golaunch/golaunch/launcher/hosts"
)

// Options is everything that a run of golaunch was asked for.
type Options struct {
	Programs []Program

	Hosts    []hosts.Host // where ranks run, entry by entry; nil for this machine
	HostFile string       // the file that they stand in, "" for none
	PerHost  int          // ranks on each host, 0: as its slots are
	Map      hosts.Order

	Tag       bool          // "[rank] " before every line
	Timestamp bool          // the time before every line
	OutDir    string        // a file per rank and stream there, "" for none
	Stdin     Stdin         // who gets standard input
	Timeout   time.Duration // 0: none
	Grace     time.Duration // from "please end" to "killed"
	Bind      Bind
	Check     bool // collective calls are compared
	Verbose   bool
	DryRun    bool

	In             *os.File // standard input, os.Stdin if nil
	Stdout, Stderr *os.File // os.Stdout and os.Stderr if nil

	config       string // -config: a file, none, or "" for what is found
	files        []*config.File
	settings     []config.Setting // of files, those that count
	hostFileFrom string           // what named HostFile, if it wasn't -hostfile
}

// Program is one program of a job, and how many ranks run it.
type Program struct {
	Ranks int      // 0: not said
	Dir   string   // working directory, "" for golaunch's
	Env   []string // "NAME=value", or "NAME" to hand on golaunch's own
	Name  string   // as the user wrote it: executable, package folder or .go file
	Args  []string // its arguments
}

// Stdin says which rank reads golaunch's standard input: a rank, StdinAll or StdinNone.
type Stdin int

// Readers of standard input that are not one rank.
const (
	StdinAll  Stdin = -1
	StdinNone Stdin = -2
)

// Bind says how ranks are tied to processors.
type Bind int

// The ways to bind.
const (
	BindNone Bind = iota // ranks run where the system puts them
	BindCore             // the usable processors are shared out, each rank stays on its share
)

// Error is a failure of golaunch itself with its exit code; the text is one sentence.
type Error struct {
	Code int
	Err  error
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the failure without its exit code.
func (e *Error) Unwrap() error { return e.Err }

// DefaultGrace is the time that ranks have to end after they were told to.
const DefaultGrace = 2 * time.Second

func (o *Options) setDefaults() {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
}

// HelpError is the answer to -h: Usage was asked for.
type HelpError struct{}

// Error says so.
func (HelpError) Error() string { return "help was asked for" }

// Usage writes how golaunch is called.
func Usage(w io.Writer) { io.WriteString(w, usage) }

const usage = `golaunch runs a program as several ranks that talk to each other.

  golaunch [flags] program [arguments]        run it (also: golaunch run ...)
  golaunch [flags] program ... : [flags] program ...
                                              several programs in one job
  golaunch explain [allreduce:1MiB -n 64]     how collectives choose their algorithms
  golaunch info                               versions, processors, memory, variables, defaults
  golaunch help                               this text

program is an executable (a path, or a name in PATH), the folder of a Go main
package (such as . or ./examples/pi) or a .go file: these are built first.

Flags, with one or two dashes; those marked * count for one program, the others
for the whole job and stand before the first program:
  -n N, -np N    * ranks; without it: one for each usable processor, or one for
                   each program if there are several. More than processors is fine
  -wdir DIR      * working directory
  -x V, -env V   * hand on variable V; V=value sets it; may be repeated
  -host a:4,b      hosts and their slots (1 unless said), repeats add up; so far all
                   have to be this machine (localhost, its own name)
  -hostfile FILE   the same from a file, as for Open MPI (host slots=4) or MPICH (host:4)
  -ppn N           ranks on each host, in place of its slots
  -map HOW         block: fill a host, then the next; cyclic: in turn; list: as listed
  -tag             "[rank] " before every line of output
  -timestamp       the time before every line of output
  -outdir DIR      output goes to files DIR/rank.N.out and DIR/rank.N.err
  -stdin WHO       who reads standard input: a rank (0 is the default), all, none
  -timeout D       end the job after D (such as 90s or 5m; a number alone is
                   seconds), print what every rank waits for, exit with 124
  -grace D         time between asking ranks to end and killing them (2s)
  -bind core|none  core: share out the processors, a rank stays on its share
  -check           compare the collective calls of all ranks before they begin: those
                   that don't fit are errors that show both lines of the source.
                   It costs messages; for tests
  -v               say what happens
  -dry-run         say what would be run where and with which variables, and stop
  -config FILE     defaults for flags from FILE in place of golaunch.toml; none: from no file

Defaults for all flags can stand in golaunch.toml (n = 4, tag = true, x = ["A=b"], a table
[env]): in the working folder or above it up to the root of the git repository, and in
the user's configuration folder (~/.config/golaunch). The command line goes before the
first, the first before the second. golaunch info and -v say what came from where.

Signals: INT, TERM and HUP go to all ranks, and after the grace time those left are
killed; a second one kills at once. QUIT prints what every rank waits for. USR1 and
USR2 go to all ranks. TSTP and CONT stop and continue all.

Exit code: 0 when all ranks succeed, else that of the first rank that failed (128 +
signal if a signal ended it); 124 after -timeout, 127 if a program was not found,
126 if it can't be executed, 2 for a wrong command line, 1 for anything else.
`
