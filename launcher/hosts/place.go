package hosts

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/golaunch/golaunch/runtime/topo"
)

// Order says how ranks are dealt out to hosts.
type Order int

// The orders.
const (
	Block  Order = iota // fill the slots of a host, then of the next
	Cyclic              // one rank to each host in turn
	List                // as the list has it, entry by entry: a:2,b,a is a a b a
)

var orderNames = [...]string{"block", "cyclic", "list"}

// String returns the order's name.
func (o Order) String() string { return orderNames[o] }

// ParseOrder reads the name of an order.
func ParseOrder(s string) (Order, error) {
	for i, name := range orderNames {
		if s == name {
			return Order(i), nil
		}
	}
	return 0, errors.New("want block, cyclic or list")
}

// A Map says which rank stands on which host. It never changes.
type Map struct {
	*topo.Map        // NodeOf(rank) is an index into Hosts
	Hosts     []Host // merged; Slots is what Place went by
}

// Place places n ranks, at least 1, on the hosts of a list whose entries of one host are
// added up. perHost above 0 stands for the slots of every host (-ppn). When all slots are taken they are dealt
// out once more, and again. file is for messages. Cost: O(n + entries).
func Place(n int, file string, entries []Host, order Order, perHost int) (*Map, error) {
	merged, err := Merge(file, entries)
	if err != nil {
		return nil, err
	}
	if perHost > 0 {
		if order == List {
			return nil, errors.New("-ppn and -map list don't go together: the list has the numbers")
		}
		for i := range merged {
			merged[i].Slots, merged[i].Said = perHost, true
		}
	}
	nodes := make([]topo.Node, len(merged))
	index := make(map[string]int, len(merged))
	for i, h := range merged {
		nodes[i] = topo.Node{Name: h.Name, Slots: h.Slots}
		index[strings.ToLower(h.Name)] = i
	}
	m := &Map{Hosts: merged}
	switch order {
	case Block:
		m.Map, err = topo.Block(n, nodes)
	case Cyclic:
		m.Map, err = topo.Cyclic(n, nodes)
	case List:
		var at []int
		for len(at) < n && len(entries) > 0 {
			for _, h := range entries {
				for i := 0; i < h.Slots && len(at) < n; i++ {
					at = append(at, index[strings.ToLower(h.Name)])
				}
			}
		}
		m.Map, err = topo.Explicit(nodes, at)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// HostOf returns the host of a rank.
func (m *Map) HostOf(rank int) Host { return m.Hosts[m.NodeOf(rank)] }

// Lines says which ranks stand where, a line for each host that has some: "ranks 0-3 on a".
func (m *Map) Lines() []string {
	var lines []string
	for i, h := range m.Hosts {
		switch ranks := m.LocalRanks(i); len(ranks) {
		case 0:
		case 1:
			lines = append(lines, fmt.Sprintf("rank %d on %s", ranks[0], h.Name))
		default:
			lines = append(lines, "ranks "+Fold(ranks)+" on "+h.Name)
		}
	}
	return lines
}

// Over says in one sentence which hosts have more ranks than slots, or than max_slots. It is "" if none has, and where the
// list has no numbers.
func (m *Map) Over() string {
	const most = 3 // named
	var over []string
	hosts := 0
	for i, h := range m.Hosts {
		n := m.LocalSize(i)
		if !h.Said || n <= h.Slots {
			continue
		}
		if hosts++; hosts > most {
			continue
		}
		text := fmt.Sprintf("%d ranks on the %s of %s", n, plural(h.Slots, "slot"), h.Name)
		if h.Max > 0 && n > h.Max {
			text += fmt.Sprintf(" (max_slots=%d)", h.Max)
		}
		over = append(over, text)
	}
	if hosts > most {
		over = append(over, "the same on "+plural(hosts-most, "other host"))
	}
	return strings.Join(over, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// Fold writes ascending numbers with runs folded: 0-3,8 for those one apart, 0,2,...,14 for at least four with the same
// distance.
func Fold(v []int) string {
	var b []byte
	for i := 0; i < len(v); {
		j := i + 1
		for j < len(v) && j > i && v[j]-v[j-1] == v[i+1]-v[i] {
			j++
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(v[i]), 10)
		switch k := j - i; {
		case k >= 2 && v[i+1] == v[i]+1:
			b = append(b, '-')
			b = strconv.AppendInt(b, int64(v[j-1]), 10)
		case k >= 4:
			b = append(b, ',')
			b = strconv.AppendInt(b, int64(v[i+1]), 10)
			b = append(b, ",...,"...)
			b = strconv.AppendInt(b, int64(v[j-1]), 10)
		default:
			j = i + 1
		}
		i = j
	}
	return string(b)
}
