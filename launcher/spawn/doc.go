// Package spawn starts the processes of a job on this machine and makes sure that
// none of them outlives it.
//
// # The keeper
//
// golaunch doesn't start ranks itself: it starts its own binary once more as the
// keeper, which does. The keeper has its own session (a ^C of the terminal doesn't
// reach it), is a child subreaper (whatever a rank leaves behind, double forks and
// setsid included, becomes its child) and shares one socket with golaunch:
//
//	golaunch -> keeper   the request, then commands
//	keeper -> golaunch   records: who was started, who ended and how, nobody is left
//
// When the socket ends because golaunch is gone, even by kill -9, the keeper kills
// every descendant, again and again until it has none. When the keeper is killed,
// the ranks die with it (PR_SET_PDEATHSIG), and what they left behind falls to
// golaunch, itself a subreaper, which does the same. Only killing both at the same
// instant lets a grandchild escape; a rank that has joined ends even then, because
// its control socket ends.
//
// There is no handshake: descriptors are inherited, the request is one block of
// bytes behind them, answers are fixed records. So a job costs one exec more than
// its ranks.
//
// Signals to ranks go through the keeper: it reaps them as well, so it knows that a
// process id still means the process that it started.
//
// Rejected: a PID namespace (kills perfectly, but ranks would see wrong process ids
// and need a new /proc), a cgroup of our own (not ours to make for most users), and
// starting ranks from golaunch itself (nobody left after kill -9).
//
// request.go and record.go are the encoding, pure; keeper_linux.go is the keeper,
// start_linux.go golaunch's side, tree_linux.go finds and kills descendants.
package spawn
