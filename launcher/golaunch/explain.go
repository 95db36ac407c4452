package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/golaunch/golaunch/collective/explain"
	"github.com/golaunch/golaunch/collective/loggp"
	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
)

const explainUsage = `golaunch explain tells how collectives choose their algorithms.

  golaunch explain                             the table
  golaunch explain allreduce                   its rows, and what a model finds best by nodes and bytes
  golaunch explain allreduce:1MiB -n 64        what is taken for 1 MiB on 64 ranks, why, and what it and others would cost

  -n N         ranks
  -ppn P       ranks on a node; without it: 1 if -n isn't given, else all on one node
  -ordered     the operation does not commute
  -net L,o,g,B the network: latency, overhead and gap in microseconds, bandwidth in GB/s (10,2,1,3)
  -svg FILE    with an operation alone: draw what the model finds best

GOLAUNCH_COLL=allreduce:ring,bcast:chain asks for other algorithms, here and in programs.
`

// explainMain runs golaunch explain and returns the exit code.
func explainMain(args []string, out io.Writer) int {
	err := explained(args, out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(out, explainUsage)
		return 0
	case err != nil:
		fmt.Fprintf(os.Stderr, "golaunch: explain: %v\n", err)
		return 2
	}
	return 0
}

func explained(args []string, out io.Writer) error {
	question := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		question, args = args[0], args[1:]
	}
	c := explain.Call{Machine: loggp.Default}
	fs := flag.NewFlagSet("explain", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.IntVar(&c.Ranks, "n", 0, "")
	fs.IntVar(&c.PerNode, "ppn", 0, "")
	fs.BoolVar(&c.Ordered, "ordered", false, "")
	svg := fs.String("svg", "", "")
	fs.Func("net", "", func(s string) (err error) {
		c.Machine.Net, err = loggp.ParseLink(s)
		return err
	})
	if err := fs.Parse(args); err != nil {
		return err
	}
	if question == "" && fs.NArg() > 0 {
		question = fs.Arg(0)
	} else if fs.NArg() > 0 {
		return fmt.Errorf("%q: one question at a time", fs.Arg(0))
	}
	const most = 1 << 20
	if c.Ranks < 0 || c.Ranks > most || c.PerNode < 0 || c.PerNode > most {
		return fmt.Errorf("-n and -ppn are numbers up to %d", most)
	}
	force, err := tune.ParseForce(os.Getenv(tune.Variable))
	if err != nil {
		return err
	}
	p := explain.Printer{W: out}
	if question == "" {
		p.Table()
		return p.Err
	}
	bytes := 0
	if c.Op, bytes, err = explain.ParseQuestion(question); err != nil {
		return err
	}
	if bytes < 0 && (c.Op != plan.Barrier || c.Ranks == 0) {
		if c.PerNode == 0 {
			c.PerNode = 1
		}
		return survey(c, &p, *svg)
	}
	if *svg != "" {
		return errors.New("-svg is for an operation without bytes")
	}
	if c.Ranks == 0 {
		return errors.New("say how many ranks: -n N")
	}
	c.Bytes = max(bytes, 0)
	if c.Op >= plan.Gather && c.Op <= plan.ReduceScatter && int64(c.Bytes) > (1<<50)/int64(c.Ranks) {
		return errors.New("that is more than a rank can hold")
	}
	if c.PerNode == 0 {
		c.PerNode = c.Ranks
	}
	return p.Call(c, force)
}

// survey is the answer for an operation alone.
func survey(c explain.Call, p *explain.Printer, svg string) error {
	bytes := []int{8, 512, 8 << 10, 64 << 10, 512 << 10, 4 << 20, 32 << 20}
	if c.Op == plan.Barrier {
		bytes = []int{0}
	}
	var nodes []int
	for _, n := range []int{2, 3, 4, 8, 16, 32, 100, 512, 1000, 10000} {
		if ranks := n * c.PerNode; c.Ranks == 0 && ranks <= 20000 || ranks <= c.Ranks {
			nodes = append(nodes, n)
		}
	}
	g, err := explain.MakeGrid(c, nodes, bytes)
	if err != nil {
		return err
	}
	if svg == "" {
		p.Table(c.Op)
		fmt.Fprintln(p.W)
		p.Grid(g)
		return p.Err
	}
	f, err := os.Create(svg)
	if err != nil {
		return err
	}
	picture := explain.Printer{W: f}
	picture.SVG(g)
	return errors.Join(picture.Err, f.Close())
}
