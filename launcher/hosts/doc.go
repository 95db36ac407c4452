// Package hosts reads lists of hosts and places ranks on them. It is pure: it asks no
// name server and opens no file.
//
// # Lists
//
// On the command line (ParseList), as for mpirun:
//
//	a:4,b:4          4 slots on each; repeats add up, so a,a,b is a:2,b
//	[fe80::1]:2      IPv6 addresses stand in brackets
//	me@a             the user to log in as
//	node[01-04]:8    8 slots on each of four hosts
//
// In a file (ParseFile), one host to a line, in the syntax of Open MPI or of MPICH's
// Hydra, which may be mixed; # and // begin comments:
//
//	a slots=4 max_slots=8 user=me
//	b:4 ifname=eth1
//	c
//
// A slot is room for one rank. A host without a number has one, as in Hydra. Repeats in
// a file add up, too.
//
// Slurm's own lists are read by ExpandNodes (node[01-04,07]) and ParseTasks (4(x2),3).
//
// # Placement
//
// Place deals ranks out: block (fill a host, then the next), cyclic (one to each in
// turn) or list (in the order of the list, entry by entry). More ranks than slots are
// never refused; Map.Over says it.
package hosts
