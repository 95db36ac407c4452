// Package launcher runs the ranks of a job on this machine: it is what stands behind
// the command golaunch.
//
// # What it promises
//
// A job starts as a whole and ends as a whole. Whatever ends golaunch, kill -9
// included, ends every process of the job, wrappers and what they forked included;
// how, package spawn says.
//
// Exit code: 0 when all ranks end with 0, else that of the first rank that failed (128 +
// signal if one killed it); 124 after a timeout. A rank fails when its process ends
// with another code than 0 or by a signal, when it says so (abort), when it leaves
// without Finalize after Init while others run, when it calls Init twice, and when its
// program is gone though a wrapper lives on. One message says which, where and how.
// The others get the abort word of the shared segment and SIGTERM, after the grace time
// SIGKILL. A job that asked for faults goes on without the rank instead; an abort of
// the whole job ends that, too.
//
// Processes that ranks leave behind when the last of them has ended get the grace time
// to end by themselves, then they are killed.
//
// Signals: INT, TERM and HUP go to the process group of every rank; after the grace
// time, or at once when the user repeats it, everything is killed. If the ranks end with
// 0 after that, so does golaunch. QUIT prints what every rank waits for. USR1 and USR2
// are handed on, TSTP and CONT stop and continue ranks and golaunch. What was ignored when
// golaunch started stays ignored.
//
// Output comes in whole lines. With a prefix (rank, time), lines longer than 256 KiB
// are cut and an unfinished last line is finished; without, no byte is changed, and only
// pieces of longer lines can mix. A single rank without a prefix writes to golaunch's
// own output, and with -outdir ranks write to their files, golaunch isn't in between.
// Rank 0 (or another) inherits standard input; from a terminal, and for all ranks,
// golaunch copies it.
//
// # How it is built
//
// A pure state machine supervises: job takes events (event.go) and returns actions,
// without a process, clock or file of its own (job.go, dump.go). Who waits for whom is
// a pure function of the ranks' reports (waits.go), and so are the texts (report.go) and
// the cutting of output into lines (output.go). run_linux.go is the shell around them.
// It blocks in reads; nothing is polled, and no timer runs unless something is wrong or
// -timeout was given.
package launcher
