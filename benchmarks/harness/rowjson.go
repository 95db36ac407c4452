package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes one object a line, figures with four significant digits.
func WriteJSON(w io.Writer, rows []Row) error {
	enc := json.NewEncoder(w)
	for _, r := range rows {
		for _, p := range []**float64{&r.Ours, &r.OpenMPI, &r.OpenMPIYield, &r.MPICH, &r.Ratio, &r.OpenMPITuned, &r.RatioTuned} {
			if *p != nil {
				v := round4(**p)
				*p = &v
			}
		}
		spread := map[Side][2]float64{}
		for s, v := range r.Spread {
			spread[s] = [2]float64{round4(v[0]), round4(v[1])}
		}
		r.Spread = spread
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("row %s: %w", r.Key(), err)
		}
	}
	return nil
}

// ReadRows reads what WriteJSON wrote. Errors name the row by its number, from 1.
func ReadRows(r io.Reader) ([]Row, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var rows []Row
	for {
		var row Row
		err := dec.Decode(&row)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err == nil {
			err = row.complete()
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", len(rows)+1, err)
		}
		rows = append(rows, row)
	}
}

// complete checks what the rest relies on.
func (r *Row) complete() error {
	c, ok := CaseNamed(r.Case)
	switch {
	case !ok:
		return fmt.Errorf("unknown case %q, there are %s", r.Case, caseNames())
	case c.Unit != r.Unit:
		return fmt.Errorf("%s in %q: want %s", r.Case, r.Unit, c.Unit)
	case r.Suite == "" || strings.Trim(r.Suite, "abcdefghijklmnopqrstuvwxyz0123456789") != "": // it becomes part of file names
		return fmt.Errorf("suite %q: want small letters and digits", r.Suite)
	case r.Ranks < 1 || r.Bytes < 0 || r.Bytes > MaxSize:
		return fmt.Errorf("%d bytes between %d ranks", r.Bytes, r.Ranks)
	}
	return nil
}
