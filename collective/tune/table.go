package tune

import "github.com/golaunch/golaunch/collective/plan"

const (
	kib = 1 << 10
	mib = 1 << 20
)

const (
	multi  = "as many links as ranks at work: Träff & Hunold (2020)"
	leader = "fewest messages between nodes: what MPICH 4 and Open MPI's han do"
)

// table has the rows of each operation. Where none fits it is Simple.
//
// Limits in bytes stand near the place where package loggp sees two algorithms meet, on its Default machine; its
// ranking agrees with what the papers say that package plan names, and with the tables of MPICH 4 and Open
// MPI 4 in outline. A test in package
// explain compares every choice with the best one that the model knows.
var table = [ops][]Row{
	plan.Barrier: {
		onBoard,
		{Algorithm: Leaders, On: Shared, Source: Literature, Why: leader},
		{Algorithm: "dissemination", On: Apart | Shared, Source: Literature, Why: "the fewest rounds"},
	},
	plan.Bcast: {
		onBoard,
		{Algorithm: Slices, On: Shared, Over: 64 * kib, Source: Literature, Why: multi},
		{Algorithm: Leaders, On: Shared, Source: Literature, Why: leader},
		{Algorithm: "chain", On: OneNode, Per: Each, Over: 32 * kib, Ranks: 3, Source: Modelled, Why: "every rank sends the vector once, and all at the same time"},
		{Algorithm: "scatter-allgather", On: OneNode, Per: Each, Over: 1 * kib, Ranks: 3, Source: Modelled, Why: "nobody sends more than twice the vector"},
		{Algorithm: "chain", On: Apart | Shared, Per: Each, Over: 256 * kib, Ranks: 3, Source: Modelled, Why: "every rank sends the vector once, and all at the same time"},
		{Algorithm: "scatter-allgather", On: Shared, Per: Each, Over: 2 * kib, Ranks: 3, Source: Modelled, Why: "nobody sends more than twice the vector"},
		{Algorithm: "scatter-allgather", On: Apart, Per: Each, Over: 8 * kib, Ranks: 3, Source: Modelled, Why: "nobody sends more than twice the vector"},
		{Algorithm: "binomial", On: Apart | Shared, Source: Modelled, Why: "the fewest rounds"},
	},
	plan.Reduce: {
		onBoard,
		{Algorithm: Slices, On: Shared, Over: 4 * kib, Source: Literature, Why: multi},
		{Algorithm: Leaders, On: Shared, Source: Literature, Why: leader},
		{Algorithm: "rabenseifner", On: OneNode, Over: 4 * kib, Source: Modelled, Why: "nobody folds more than the vector once"},
		{Algorithm: "rabenseifner", On: Apart, Over: 64 * kib, Ranks: 4, Source: Modelled, Why: "nobody folds more than the vector once"},
		{Algorithm: "rabenseifner", On: Shared, Over: 32 * kib, Ranks: 4, Source: Modelled, Why: "nobody folds more than the vector once"},
		{Algorithm: "binomial", On: Everywhere, Source: Modelled, Why: "the fewest rounds"},
	},
	plan.Allreduce: {
		onBoard,
		{Algorithm: Slices, On: Shared, Over: 4 * kib, Source: Literature, Why: multi},
		{Algorithm: Leaders, On: Shared, Source: Literature, Why: leader},
		{Algorithm: "ring", On: OneNode, Per: Each, Over: 1 * kib, Ranks: 3, Power: No, Source: Modelled, Why: "moves the least where the number of ranks is no power of two"},
		{Algorithm: "rabenseifner", On: OneNode, Over: 2 * kib, Source: Modelled, Why: "moves the least, in few rounds"},
		{Algorithm: "ring", On: Apart, Per: Each, Over: 20 * kib, Ranks: 3, Power: No, Source: Modelled, Why: "moves the least where the number of ranks is no power of two"},
		{Algorithm: "rabenseifner", On: Apart, Over: 64 * kib, Source: Modelled, Why: "moves the least, in few rounds"},
		{Algorithm: "ring", On: Shared, Per: Each, Over: 40 * kib, Power: No, Source: Modelled, Why: "moves the least where the number of ranks is no power of two"},
		{Algorithm: "rabenseifner", On: Shared, Over: 8 * kib, Source: Modelled, Why: "moves the least, and most of it inside of nodes"},
		{Algorithm: "doubling", On: Everywhere, Source: Modelled, Why: "the fewest rounds"},
	},
	plan.Gather: {
		onBoard,
		{Algorithm: "binomial", On: OneNode, Under: 256, Ranks: 12, Source: Modelled, Why: "root takes few messages"},
		{Algorithm: "binomial", On: Apart, Under: 4 * kib, Ranks: 48, Source: Modelled, Why: "root takes few messages"},
		{Algorithm: "binomial", On: Shared, Under: 4 * kib, Ranks: 12, Source: Modelled, Why: "root takes few messages"},
		{Algorithm: "linear", On: Apart | Shared, Source: Modelled, Why: "every block travels once"},
	},
	plan.Scatter: {
		onBoard,
		{Algorithm: "binomial", On: OneNode, Under: 256, Ranks: 12, Source: Modelled, Why: "root makes few messages"},
		{Algorithm: "binomial", On: Apart, Under: 4 * kib, Ranks: 48, Source: Modelled, Why: "root makes few messages"},
		{Algorithm: "binomial", On: Shared, Under: 4 * kib, Ranks: 12, Source: Modelled, Why: "root makes few messages"},
		{Algorithm: "linear", On: Apart | Shared, Source: Modelled, Why: "every block travels once"},
	},
	plan.Allgather: {
		onBoard,
		{Algorithm: Slices, On: Shared, Per: Total, Over: 64 * kib, Source: Literature, Why: multi},
		{Algorithm: Leaders, On: Shared, Source: Literature, Why: leader},
		{Algorithm: "doubling", On: OneNode | Apart, Power: Yes, Under: 512 * kib, Source: Modelled, Why: "the fewest rounds, for a power of two"},
		{Algorithm: "bruck", On: OneNode, Under: 1 * kib, Ranks: 5, Source: Modelled, Why: "the fewest rounds"},
		{Algorithm: "bruck", On: Apart, Under: 64 * kib, Ranks: 5, Source: Modelled, Why: "the fewest rounds"},
		{Algorithm: "doubling", On: Shared, Under: 1280, Source: Modelled, Why: "few rounds, and the first of them inside of nodes"},
		{Algorithm: "ring", On: Apart | Shared, Source: Modelled, Why: "a block enters a node once"},
	},
	plan.Alltoall: {
		onBoard,
		{Algorithm: "bruck", On: OneNode, Under: 256, Ranks: 4, Source: Modelled, Why: "few messages"},
		{Algorithm: "bruck", On: Apart, Under: 8 * kib, Ranks: 4, Source: Modelled, Why: "few messages"},
		{Algorithm: "bruck", On: Shared, Under: 2 * kib, Ranks: 4, Source: Modelled, Why: "few messages"},
		{Algorithm: "pairwise", On: Everywhere, Source: Modelled, Why: "every block travels once"},
	},
	plan.ReduceScatter: {
		onBoard,
		{Algorithm: "halving", On: OneNode | Apart, Power: Yes, Ranks: 4, Source: Modelled, Why: "few rounds, for a power of two"},
		{Algorithm: "halving", On: OneNode, Under: 512, Ranks: 5, Source: Modelled, Why: "few rounds"},
		{Algorithm: "halving", On: Apart, Under: 12 * kib, Ranks: 5, Source: Modelled, Why: "few rounds"},
		{Algorithm: "halving", On: Shared, Under: 4 * kib, Ranks: 4, Source: Modelled, Why: "few rounds"},
		{Algorithm: "pairwise", On: Everywhere, Source: Modelled, Why: "every block travels once, and folds are in rank order"},
	},
	plan.Scan: {
		onBoard,
		{Algorithm: "doubling", On: Everywhere, Source: Literature, Why: "the fewest rounds"},
	},
	plan.Exscan: {
		onBoard,
		{Algorithm: "doubling", On: Everywhere, Source: Literature, Why: "the fewest rounds"},
	},
}

var onBoard = Row{Algorithm: Board, On: OneNode, Source: Measured, Why: "ranks read each other's memory, without messages; ./bench.sh"}
