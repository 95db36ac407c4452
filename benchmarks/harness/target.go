package harness

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// A Target is one bar of targets.toml: it selects rows and says what each of them must reach, or what the geometric mean over
// all of them must. Bars that are not set don't count.
type Target struct {
	Name  string   `toml:"name"`
	Suite string   `toml:"suite"`
	Cases []string `toml:"case"`
	Bytes []string `toml:"bytes"` // first and last size, both included; without it any
	Ranks int      `toml:"ranks"` // 0 = any

	Ratio        *float64 `toml:"ratio"`         // at least: the best peer as installed against ours
	RatioTuned   *float64 `toml:"ratio_tuned"`   // at least: the tuned Open MPI against ours
	RatioOpenMPI *float64 `toml:"ratio_openmpi"` // at least: the better of Open MPI as installed and told to yield
	RatioMPICH   *float64 `toml:"ratio_mpich"`   // at least
	Max          *float64 `toml:"max"`           // at most, in the unit of the row; needs no peer

	RatioMean        *float64 `toml:"ratio_mean"` // at least, of the rows together; the same ratios as above
	RatioTunedMean   *float64 `toml:"ratio_tuned_mean"`
	RatioOpenMPIMean *float64 `toml:"ratio_openmpi_mean"`

	lo, hi Size // Bytes
}

// ReadTargets reads targets.toml. Unknown keys, cases and suites without a name, and targets without a bar are errors.
func ReadTargets(r io.Reader) ([]Target, error) {
	var file struct {
		Target []Target `toml:"target"`
	}
	dec := toml.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
			return nil, fmt.Errorf("unknown key:\n%s", strict.String())
		}
		if where, ok := errors.AsType[*toml.DecodeError](err); ok {
			row, col := where.Position()
			return nil, fmt.Errorf("line %d, column %d: %w", row, col, err)
		}
		return nil, err
	}
	for i := range file.Target {
		t := &file.Target[i]
		if err := t.complete(); err != nil {
			return nil, fmt.Errorf("target %d (%q): %w", i+1, t.Name, err)
		}
	}
	return file.Target, nil
}

// A limit is a bar of a target, nil when it has none of that name; mean says that it is one for the geometric mean.
type limit struct {
	name  string
	limit *float64
	mean  bool
}

func (t *Target) limits() []limit {
	return []limit{
		{"ratio", t.Ratio, false},
		{"ratio_tuned", t.RatioTuned, false},
		{"ratio_openmpi", t.RatioOpenMPI, false},
		{"ratio_mpich", t.RatioMPICH, false},
		{"max", t.Max, false},
		{"ratio", t.RatioMean, true},
		{"ratio_tuned", t.RatioTunedMean, true},
		{"ratio_openmpi", t.RatioOpenMPIMean, true},
	}
}

// complete checks the target and reads its sizes.
func (t *Target) complete() error {
	if t.Name == "" || t.Suite == "" || len(t.Cases) == 0 {
		return errors.New("name, suite and case are needed")
	}
	for _, name := range t.Cases {
		if _, ok := CaseNamed(name); !ok {
			return fmt.Errorf("unknown case %q, there are %s", name, caseNames())
		}
	}
	if err := t.readBytes(); err != nil {
		return fmt.Errorf("bytes = %q: %w", t.Bytes, err)
	}
	bars := 0
	for _, one := range t.limits() {
		if one.limit == nil {
			continue
		}
		if bars++; !(*one.limit > 0) && !(one.name == "max" && *one.limit == 0) {
			return fmt.Errorf("a bar of %g: want a positive number", *one.limit)
		}
	}
	if bars == 0 {
		return errors.New("no bar: want ratio, ratio_tuned, ratio_openmpi, ratio_mpich, max, ratio_mean, ratio_tuned_mean or ratio_openmpi_mean")
	}
	return nil
}

func (t *Target) readBytes() (err error) {
	if len(t.Bytes) == 0 {
		t.lo, t.hi = 0, MaxSize
		return nil
	}
	if len(t.Bytes) != 2 {
		return errors.New("want the first and the last size")
	}
	if t.lo, err = ParseSize(t.Bytes[0]); err != nil {
		return err
	}
	if t.hi, err = ParseSize(t.Bytes[1]); err != nil {
		return err
	}
	if t.lo > t.hi {
		return errors.New("the first size is above the last")
	}
	return nil
}

// Selects reports whether the target, which ReadTargets made, speaks of the row.
func (t *Target) Selects(k Key) bool {
	return k.Suite == t.Suite && slices.Contains(t.Cases, k.Case) &&
		(t.Ranks == 0 || t.Ranks == k.Ranks) && k.Bytes >= t.lo && k.Bytes <= t.hi
}
