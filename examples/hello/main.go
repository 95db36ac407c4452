// Hello is the smallest program that communicates: every rank sends a greeting to
// rank 0, which prints them in the order of the ranks.
//
//	golaunch -n 4 ./examples/hello
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/golaunch/golaunch/runtime/mpi"
)

func main() {
	// Run joins the job that golaunch started, calls the function with the
	// communicator of all ranks, and leaves. Started without golaunch the program
	// is a world of one.
	mpi.Run(func(world *mpi.Comm) error { return run(world, os.Stdout) })
}

func run(world *mpi.Comm, out io.Writer) error {
	const tag = 0 // tells kinds of messages apart; here there is one kind

	// All ranks run the same program. They differ in their rank alone.
	text := fmt.Sprintf("hello from rank %d of %d, process %d", world.Rank(), world.Size(), os.Getpid())
	if world.Rank() != 0 {
		return mpi.Send(world, []byte(text), 0, tag)
	}

	fmt.Fprintln(out, text)
	buf := make([]byte, 100)
	for src := 1; src < world.Size(); src++ {
		// To take greetings as they come, say mpi.AnySource instead of src;
		// st.Source then tells whose it is.
		st, err := mpi.Recv(world, buf, src, tag)
		if err != nil {
			return err
		}
		text := buf[:st.Count()] // a message may be shorter than the buffer, never longer

		// A rank that returns an error ends the job with a message and exit code 1.
		var rank, size int
		if _, err := fmt.Sscanf(string(text), "hello from rank %d of %d", &rank, &size); err != nil {
			return fmt.Errorf("greeting %q of rank %d: %w", text, src, err)
		}
		if rank != src || size != world.Size() {
			return fmt.Errorf("rank %d greets as rank %d of %d", src, rank, size)
		}
		fmt.Fprintf(out, "%s\n", text)
	}
	return nil
}
