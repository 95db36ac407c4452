// Package harness holds what the benchmark programs share: sizes and points, the rule that chooses the number of
// iterations, medians and spreads, the rows of bench.sh's JSON with their ratios, the targets of targets.toml, and tables.
//
// A measurement goes through it like this. A point ("latency:64K") is one case at one size. mpibench runs the loop of
// the case in batches whose lengths a Pace chooses, and prints one Result a point. The driver (benchmarks/bench) runs ours
// and the peers' mpibench in turns, keeps every side's values in Samples, and builds one Row a point: the median and
// the spread of every side, and the ratio of the best peer to ours, which is above 1 where we are ahead, whatever the unit.
// A Target selects rows and says what they must reach; Check lists the rows that don't.
//
// Nothing in here starts a process or reads a clock, so all of it is tested without measuring anything.
package harness
