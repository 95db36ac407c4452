package topo_test

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/topo"
)

func ExampleBlock() {
	nodes := []topo.Node{{Name: "a", Slots: 4}, {Name: "b", Slots: 4}}
	block, _ := topo.Block(6, nodes)
	cyclic, _ := topo.Cyclic(6, nodes)
	fmt.Println(block)
	fmt.Println(cyclic)
	fmt.Println(block.SameNode(0, 1), cyclic.SameNode(0, 1))
	fmt.Println(block.Leader(1), cyclic.Leader(1))
	// Output:
	// a: 0-3; b: 4-5
	// a: 0,2,4; b: 1,3,5
	// true false
	// 4 1
}

// From the texts of a system to the processors of each rank.
func ExampleUsable() {
	allowed, _ := topo.ParseCPUList("0-3,8-11\n")   // Cpus_allowed_list
	quota, _ := topo.ParseCPUMax("400000 100000\n") // cpu.max
	n := topo.Usable(len(allowed), quota)
	fmt.Println(n, "ranks")
	for r := range n {
		fmt.Println(r, topo.FormatCPUList(topo.BindCores(r, n, allowed)))
	}
	// Output:
	// 4 ranks
	// 0 0-1
	// 1 2-3
	// 2 8-9
	// 3 10-11
}
