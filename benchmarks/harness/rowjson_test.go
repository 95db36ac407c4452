package harness

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWriteJSON(t *testing.T) {
	var s Samples
	k := Key{"pt2pt", "latency", 8, 2}
	s.Add(k, Ours, 0.1234567)
	s.Add(k, OpenMPI, 0.5)
	s.Add(k, Tuned("big"), 0.2)
	rows := s.Rows()
	var out strings.Builder
	if err := WriteJSON(&out, rows); err != nil {
		t.Fatal(err)
	}
	const want = `{"suite":"pt2pt","case":"latency","bytes":8,"ranks":2,"unit":"us","ours":0.1235,"openmpi":0.5,"mpich":null,"ratio":4.05,"openmpi_tuned":0.2,"openmpi_tuned_by":"big","ratio_tuned":1.62,"spread":{"openmpi":[0.5,0.5],"openmpi_tuned":[0.2,0.2],"ours":[0.1235,0.1235]},"runs":{"openmpi":1,"openmpi_tuned":1,"ours":1}}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
	if *rows[0].Ours != 0.1234567 {
		t.Errorf("writing changed the row: %v", *rows[0].Ours)
	}
}

// What WriteJSON wrote is what ReadRows reads, to four digits.
func TestReadRowsReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Samples
		side := rapid.SampledFrom([]Side{Ours, OpenMPI, OpenMPIYield, MPICH, Tuned("a"), Tuned("b")})
		for range rapid.IntRange(0, 30).Draw(t, "values") {
			c := rapid.SampledFrom(Cases).Draw(t, "case")
			k := Key{"pt2pt", c.Name, Size(rapid.Int64Range(0, 3).Draw(t, "bytes")), 2}
			s.Add(k, side.Draw(t, "side"), rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-6, 1e6)).Draw(t, "value"))
		}
		var once, twice strings.Builder
		if err := WriteJSON(&once, s.Rows()); err != nil {
			t.Fatal(err)
		}
		rows, err := ReadRows(strings.NewReader(once.String()))
		if err != nil || len(rows) != len(s.Rows()) {
			t.Fatalf("%d rows of %d, %v", len(rows), len(s.Rows()), err)
		}
		if err := WriteJSON(&twice, rows); err != nil || twice.String() != once.String() {
			t.Fatalf("%v: wrote\n%s, then\n%s", err, once.String(), twice.String())
		}
	})
}

func TestReadRowsErrors(t *testing.T) {
	const good = `{"suite":"pt2pt","case":"latency","bytes":8,"ranks":2,"unit":"us","ours":1}`
	if rows, err := ReadRows(strings.NewReader(good + "\n" + good + "\n")); err != nil || len(rows) != 2 || *rows[1].Ours != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	for from, to := range map[string]string{
		`"latency"`: `"latancy"`,
		`"us"`:      `"ms"`,
		`"pt2pt"`:   `"../x"`,
		`"bytes":8`: `"bytes":-8`,
		`"ranks":2`: `"ranks":0`,
		`"ours"`:    `"theirs"`,
		`:1}`:       `:1`,
	} {
		bad := strings.Replace(good, from, to, 1)
		if _, err := ReadRows(strings.NewReader(good + "\n" + bad)); err == nil || !strings.HasPrefix(err.Error(), "row 2: ") {
			t.Errorf("%s: error %v, want one that begins with row 2", bad, err)
		}
	}
}

// Whatever is read can be drawn, and checked.
func FuzzReadRows(f *testing.F) {
	f.Add(`{"suite":"pt2pt","case":"latency","bytes":8,"ranks":2,"unit":"us","ours":0.5,"openmpi":1,"spread":{"ours":[0.4,0.6]},"runs":{"ours":7}}`)
	f.Add(`{"suite":"oversub","case":"barrier","ranks":8,"unit":"us","ours":2,"ratio":0.5}{"suite":"a","case":"move","bytes":4,"ranks":1,"unit":"us"}`)
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ReadRows(strings.NewReader(text))
		if err != nil {
			return
		}
		targets := []Target{target("latency", func(t *Target) { t.Ratio, t.RatioMPICH = num(2), num(3) })}
		for _, c := range Charts(rows, targets) {
			if c.File == "" || strings.ContainsAny(c.File, "/\\.") || len(c.Series) == 0 {
				t.Fatalf("chart %+v", c)
			}
		}
		Check(rows, targets, []string{"pt2pt"}, true)
	})
}
