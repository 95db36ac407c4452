package explain

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective/loggp"
	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
)

func TestParseQuestion(t *testing.T) {
	for _, c := range []struct {
		text  string
		op    plan.Op
		bytes int // -2: an error
	}{
		{"bcast", plan.Bcast, -1}, {"allreduce:8", plan.Allreduce, 8}, {"allreduce:1MiB", plan.Allreduce, 1 << 20},
		{"reduce_scatter:64K", plan.ReduceScatter, 64 << 10}, {"scan:1.5KiB", plan.Scan, 1536}, {"scan:128 MiB", plan.Scan, 128 << 20},
		{"scan:0B", plan.Scan, 0},
		{"", 0, -2}, {"bcats", 0, -2}, {"bcast:", 0, -2}, {"bcast:x", 0, -2}, {"bcast:-1", 0, -2}, {"bcast:1.5", 0, -2},
		{"bcast:1KB", 0, -2}, {"bcast:9999GiB", 0, -2}, {"bcast:NaN", 0, -2}, {"bcast:KiB", 0, -2},
	} {
		op, bytes, err := ParseQuestion(c.text)
		if c.bytes == -2 {
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v, %d, %v", c.text, op, bytes, err)
			}
			continue
		}
		if err != nil || op != c.op || bytes != c.bytes {
			t.Errorf("%q: %v, %d, %v", c.text, op, bytes, err)
		}
	}
}

// Forms in parts cost what can be told by hand where the parts are single messages.
func TestParts(t *testing.T) {
	const m = 1 << 20
	d := loggp.Default
	inside := 2*d.Node.O + d.Node.L + d.Node.G*m
	between := 2*d.Net.O + d.Net.L + d.Net.G*m
	half := func(l loggp.Link, share loggp.Time) loggp.Time { return 2*l.O + l.L + l.G*share*m/2 }
	c := Call{Op: plan.Bcast, Bytes: m, Ranks: 4, PerNode: 2, Machine: d}
	// By slices, half goes to the other rank, both halves through the port, which the two share, and each to the other rank again.
	for by, want := range map[string]loggp.Time{
		tune.Leaders: between + inside,
		tune.Slices:  (half(d.Node, 1) + d.Copy*m/2) + half(d.Net, 2) + (half(d.Node, 1) + d.Copy*m/2),
	} {
		got, err := c.Price(tune.Choice{Algorithm: by})
		if off := float64(got.Time)/float64(want) - 1; err != nil || off < -0.1 || off > 0.1 {
			t.Errorf("%s: %v, %v, want about %v", by, got.Time, err, want)
		}
	}
	if _, err := c.Price(tune.Choice{Algorithm: tune.Board}); !errors.Is(err, errBoard) {
		t.Errorf("board: %v", err)
	}
}

// Everything that can be chosen can be priced.
func TestPriceAll(t *testing.T) {
	for op := plan.Barrier; op <= plan.Exscan; op++ {
		for _, perNode := range []int{1, 3, 8, 20} {
			c := Call{Op: op, Bytes: 1000, Ranks: 20, PerNode: perNode, Machine: loggp.Default}
			for _, by := range tune.Choices(c.Case()) {
				if cost, err := c.Price(by); by.Algorithm != tune.Board && (err != nil || cost.Time <= 0) {
					t.Errorf("%v by %s, %d on a node: %v, %v", op, by.Algorithm, perNode, cost, err)
				}
			}
		}
	}
}

func TestCall(t *testing.T) {
	for force, want := range map[string]string{
		"":                "chosen     rabenseifner\nbecause    from 64 KiB, a node each (modelled): ",
		"allreduce:ring":  "chosen     ring\nbecause    GOLAUNCH_COLL=allreduce:ring asks for it\n",
		"allreduce:board": "chosen     rabenseifner\nbecause    from 64 KiB, a node each (modelled): moves the least, in few rounds\n           GOLAUNCH_COLL=allreduce:board can't do this\n",
	} {
		f, err := tune.ParseForce(force)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		p := Printer{W: &b}
		if err := p.Call(Call{Op: plan.Allreduce, Bytes: 1 << 20, Ranks: 64, PerNode: 1, Machine: loggp.Default}, f); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
}

func TestGrid(t *testing.T) {
	c := Call{Op: plan.Allgather, PerNode: 1, Machine: loggp.Default}
	g, err := MakeGrid(c, []int{4, 100}, []int{8, 1 << 20, 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Best[0]) != 3 || len(g.Best[1]) != 2 {
		t.Errorf("%d and %d cells, want 3 and 2: blocks of 100 GiB fit nowhere", len(g.Best[0]), len(g.Best[1]))
	}
	for i, line := range g.Best {
		for k, cell := range line {
			if cell.Time <= 0 || cell.Excess < 1 || cell.Best == cell.Chosen && cell.Excess != 1 {
				t.Errorf("%d nodes, %d bytes: %+v", g.Nodes[i], g.Bytes[k], cell)
			}
		}
	}
	if best := g.Names[g.Best[1][0].Best]; best != "bruck" {
		t.Errorf("8 bytes on 100 nodes: %s, want bruck", best)
	}
	var text, picture strings.Builder
	p, q := Printer{W: &text}, Printer{W: &picture}
	p.Grid(g)
	q.SVG(g)
	if !strings.Contains(text.String(), "1 MiB") || p.Err != nil || q.Err != nil {
		t.Errorf("%v, %v\n%s", p.Err, q.Err, &text)
	}
	fields := 0
	for d := xml.NewDecoder(strings.NewReader(picture.String())); ; {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "rect" {
			fields++
		}
	}
	if want := 1 + 5 + len(g.Names); fields != want {
		t.Errorf("%d rectangles, want %d", fields, want)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestPrinterFails(t *testing.T) {
	p := Printer{W: broken{}}
	p.Table()
	if !errors.Is(p.Err, io.ErrShortWrite) {
		t.Error(p.Err)
	}
}
