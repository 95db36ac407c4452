package explain

import "github.com/golaunch/golaunch/collective/tune"

// colours of algorithms, told apart by those who see few as well (Okabe & Ito, "Color Universal Design", 2008).
var colours = [...]string{"#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#0072b2", "#d55e00", "#999999"}

// SVG draws g: a field for each job in the colour of the best algorithm, with its time. A dot is where the table takes another one,
// in that one's colour.
func (p *Printer) SVG(g *Grid) {
	const w, h, left, top = 74, 30, 70, 50
	width, height := left+w*len(g.Bytes)+180, top+h*len(g.Nodes)+40
	p.printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", width, height)
	p.printf("<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", width, height)
	p.printf("<text x=\"%d\" y=\"18\" font-size=\"14\">%v: the best algorithm in the model, %s</text>\n", left, g.Call.Op, perNode(g.Call.PerNode))
	p.printf("<text x=\"4\" y=\"%d\">nodes</text>\n", top-6)
	for k, b := range g.Bytes {
		p.printf("<text x=\"%d\" y=\"%d\">%s</text>\n", left+w*k+4, top-6, tune.Size(b))
	}
	for i, line := range g.Best {
		y := top + h*i
		p.printf("<text x=\"4\" y=\"%d\">%d</text>\n", y+20, g.Nodes[i])
		for k, c := range line {
			x := left + w*k
			p.printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"white\"/>\n", x, y, w, h, colours[c.Best%len(colours)])
			p.printf("<text x=\"%d\" y=\"%d\">%v</text>\n", x+4, y+20, c.Time)
			if c.Chosen != c.Best {
				p.printf("<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"%s\" stroke=\"black\"/>\n", x+w-8, y+8, colours[c.Chosen%len(colours)])
			}
		}
	}
	x := left + w*len(g.Bytes) + 12
	for i, n := range g.Names {
		p.printf("<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" fill=\"%s\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
			x, top+20*i, colours[i%len(colours)], x+20, top+20*i+12, n)
	}
	p.printf("<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"white\" stroke=\"black\"/><text x=\"%d\" y=\"%d\">what the table takes</text>\n",
		x+7, top+20*len(g.Names)+10, x+20, top+20*len(g.Names)+14)
	p.printf("</svg>\n")
}
