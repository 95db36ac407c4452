package harness

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// CaseAffinity is the name of the line that reports processor masks instead of a value.
const CaseAffinity = "affinity"

// A Result is one line of `mpibench -json`, ours or the C twin's: the value of one point in one run, or with the case
// "affinity" the processors of every rank.
type Result struct {
	Case       string   `json:"case"`
	Bytes      Size     `json:"bytes"`
	Ranks      int      `json:"ranks"`
	Unit       string   `json:"unit,omitempty"`
	Value      float64  `json:"value"`
	Iterations int      `json:"iterations,omitempty"` // of the measured batch
	Masks      []string `json:"masks,omitempty"`      // by rank: hexadecimal mask of its first 64 processors
	Overlap    *Overlap `json:"overlap,omitempty"`    // where Value is that of an overlap
	Missing    bool     `json:"missing,omitempty"`    // the library has no such operation: there is no value
}

// Overlap is an operation beside a computation, in microseconds.
type Overlap struct {
	Overall float64 `json:"overall"` // both at the same time
	Compute float64 `json:"compute"` // the computation alone
	Pure    float64 `json:"pure"`    // the operation alone
}

// Percent is how much of the operation's time was free for the computation: OSU's formula.
func (o Overlap) Percent() float64 {
	if o.Pure <= 0 {
		return 0
	}
	return max(0, min(100, 100*(1-(o.Overall-o.Compute)/o.Pure)))
}

// ReadResults reads the standard output of mpibench. Lines that are no objects (a library's warning) come back as
// noise. A line that begins as one and is broken, of another number of ranks or of a wrong unit is an error.
func ReadResults(r io.Reader, ranks int) (results []Result, noise []string, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if !strings.HasPrefix(line, "{") {
			if line != "" {
				noise = append(noise, line)
			}
			continue
		}
		var one Result
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			return results, noise, fmt.Errorf("result line %q: %w", line, err)
		}
		if one.Ranks != ranks {
			return results, noise, fmt.Errorf("result line %q: from %d ranks, %d were started", line, one.Ranks, ranks)
		}
		if one.Case == CaseAffinity {
			results = append(results, one)
			continue
		}
		c, ok := CaseNamed(one.Case)
		if !ok || c.Unit != one.Unit {
			return results, noise, fmt.Errorf("result line %q: unknown case or wrong unit", line)
		}
		results = append(results, one)
	}
	return results, noise, lines.Err()
}
