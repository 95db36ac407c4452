// Package topo says where the ranks of a job are: which nodes there are, how many
// processors each offers, which rank stands where, and so who shares memory with
// whom. It also reads the texts in which a system states its processors. It is
// pure: it looks at nothing itself, the shells around it bring the contents of files.
//
// # Model
//
// A [Node] is what shares one memory: one agent's machine, or one container. It is
// named by its index; its Name is for people only, and two nodes may have the same.
// A [Map] places ranks 0 ... n-1 on nodes. On each node they are numbered again
// from 0, ascending with the rank: the local rank. Local rank 0 is the node's leader.
//
//	m, err := topo.Block(6, []topo.Node{{Name: "a", Slots: 4}, {Name: "b", Slots: 4}})
//	m.NodeOf(5)         // 1
//	m.LocalRank(5)      // 1
//	m.LocalRanks(1)     // [4 5]
//	m.Leader(1)         // 4
//	m.SameNode(3, 4)    // false
//
// A Map never changes: share it between goroutines.
//
// # Placement
//
//	Single(n)            all on one node
//	Block(n, nodes)      fill a node's slots, then the next: neighbours in rank share memory
//	Cyclic(n, nodes)     one rank to each node in turn: spreads memory bandwidth
//	Explicit(nodes, at)  rank r on node at[r]: as received from elsewhere
//
// More ranks than slots are never refused: when all slots are taken they are dealt
// out once more. A number of ranks per node (-ppn) is the number of slots.
//
// # Processors
//
// What a process may use is the least of several statements: the affinity mask
// (as a list, [ParseCPUList]), and the cgroup's quota ([ParseCPUMax]), which counts time and
// not processors, and holds for every cgroup up to the root. [Usable] combines them.
// [BindCores] shares the processors of a node out to its ranks.
package topo
