// Package segment is the map of a node's shared memory: what lies where, and
// the words that golaunch and the ranks share besides the channels.
//
// golaunch makes one sparse memfd for a job on a node and every rank inherits
// it, so nothing has a name and nothing is left after the last process is gone.
// Ranks as goroutines use the same words in ordinary memory.
//
//	0            job page         magic, version, sizes, abort, dead ranks, what each rank did
//	control      512 B a rank     park word, doors
//	blocks       128 KiB a rank   words of the communicators that this rank leads
//	ballot       64 B a rank      votes of all ranks on new communicators
//	channels     size x size      package ring; [dst][src]
//	heaps        size             package arena; mapped when first used
//
// Only touched pages take memory. Every word here is written by other
// processes too: readers load it once, check it, and use only what they loaded.
package segment

// Version of the map, raised whenever anything in it moves. A program and a golaunch of different versions refuse each other.
const Version = 5
