package bootstrap

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Names of the variables in a rank's environment.
const (
	EnvVersion   = "GOLAUNCH_VERSION"
	EnvRank      = "GOLAUNCH_RANK"
	EnvSize      = "GOLAUNCH_SIZE"
	EnvLocalRank = "GOLAUNCH_LOCAL_RANK"
	EnvLocalSize = "GOLAUNCH_LOCAL_SIZE"
	EnvSegmentFD = "GOLAUNCH_SEGMENT_FD"
	EnvControlFD = "GOLAUNCH_CONTROL_FD"
	EnvJob       = "GOLAUNCH_JOB"
)

// EnvTrace is a variable of the user's: with the value "calls" ranks note where each operation is begun.
const EnvTrace = "GOLAUNCH_TRACE"

// EnvCheck is how golaunch -check reaches the ranks: with the value "calls" they compare their collective calls.
const EnvCheck = "GOLAUNCH_CHECK"

// The descriptors a rank inherits on one machine.
const (
	SegmentFD = 3
	ControlFD = 4
)

// MaxRanks bounds the size of a job that a rank believes in.
const MaxRanks = 1 << 20

// Info is what the launcher tells a rank through its environment.
type Info struct {
	Rank, Size           int
	LocalRank, LocalSize int    // among the ranks of this machine
	SegmentFD, ControlFD int    // inherited descriptors
	Job                  string // hexadecimal name of the job
	Trace                bool   // EnvTrace; not among the variables that Environ returns
	Check                bool   // EnvCheck; likewise
}

// Environ returns the variables that carry i, as "NAME=value".
func (i *Info) Environ() []string { return i.AppendEnviron(nil) }

// AppendEnviron appends the variables that carry i to env, as "NAME=value".
func (i *Info) AppendEnviron(env []string) []string {
	return append(env,
		EnvVersion+"="+strconv.Itoa(Version),
		EnvRank+"="+strconv.Itoa(i.Rank),
		EnvSize+"="+strconv.Itoa(i.Size),
		EnvLocalRank+"="+strconv.Itoa(i.LocalRank),
		EnvLocalSize+"="+strconv.Itoa(i.LocalSize),
		EnvSegmentFD+"="+strconv.Itoa(i.SegmentFD),
		EnvControlFD+"="+strconv.Itoa(i.ControlFD),
		EnvJob+"="+i.Job,
	)
}

// Parse reads an Info through getenv. It returns nil, nil when there is no sign
// of golaunch: the program was started alone.
func Parse(getenv func(string) (string, bool)) (*Info, error) {
	version, ok := getenv(EnvVersion)
	if !ok {
		return nil, nil
	}
	if version != strconv.Itoa(Version) {
		return nil, fmt.Errorf("bootstrap: this program speaks version %d of golaunch's protocol, the golaunch that started it speaks %.20q: build both from the same release", Version, version)
	}
	i := new(Info)
	for _, f := range []struct {
		name string
		dst  *int
		max  int
	}{
		{EnvSize, &i.Size, MaxRanks},
		{EnvRank, &i.Rank, MaxRanks},
		{EnvLocalSize, &i.LocalSize, MaxRanks},
		{EnvLocalRank, &i.LocalRank, MaxRanks},
		{EnvSegmentFD, &i.SegmentFD, 1 << 30},
		{EnvControlFD, &i.ControlFD, 1 << 30},
	} {
		s, ok := getenv(f.name)
		if !ok {
			return nil, fmt.Errorf("bootstrap: %s is set but %s is not: was the environment copied from a rank?", EnvVersion, f.name)
		}
		v, err := strconv.Atoi(s)
		if err != nil || v < 0 || v > f.max {
			return nil, fmt.Errorf("bootstrap: %s=%.20q is no number from 0 to %d", f.name, s, f.max)
		}
		*f.dst = v
	}
	if i.Rank >= i.Size || i.LocalRank >= i.LocalSize || i.LocalSize > i.Size {
		return nil, fmt.Errorf("bootstrap: rank %d of %d, local rank %d of %d in the environment make no sense", i.Rank, i.Size, i.LocalRank, i.LocalSize)
	}
	if i.SegmentFD < 3 || i.ControlFD < 3 || i.SegmentFD == i.ControlFD {
		return nil, fmt.Errorf("bootstrap: %s=%d and %s=%d make no sense", EnvSegmentFD, i.SegmentFD, EnvControlFD, i.ControlFD)
	}
	i.Job, _ = getenv(EnvJob)
	for _, f := range []struct {
		name string
		dst  *bool
	}{{EnvTrace, &i.Trace}, {EnvCheck, &i.Check}} {
		switch v, _ := getenv(f.name); v {
		case "":
		case "calls":
			*f.dst = true
		default:
			return nil, fmt.Errorf("bootstrap: %s=%.20q means nothing, only \"calls\" does", f.name, v)
		}
	}
	return i, nil
}

// FromEnv reads the environment of this process. It returns nil, nil when the
// process was not started by golaunch, and an error when the environment is there
// but the descriptors it names are not (a program started by a rank, for example).
func FromEnv() (*Info, error) {
	i, err := Parse(os.LookupEnv)
	if i == nil || err != nil {
		return nil, err
	}
	if err := checkFDs(i); err != nil {
		return nil, err
	}
	return i, nil
}

// ErrUnsupported is returned by Connect where ranks can't inherit descriptors.
var ErrUnsupported = errors.New("bootstrap: golaunch can't start ranks on this system yet")
