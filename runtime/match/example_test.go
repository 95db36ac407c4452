package match_test

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/match"
)

// Both halves of the protocol: a receive that is called first and a message
// that comes first.
func Example() {
	const world = 1 // a context
	q := match.New[string, string](4)

	receive := func(src, tag int32, p string) {
		if u, ok, _ := q.Post(world, src, tag, p); ok {
			fmt.Printf("%s takes %s, which waited\n", p, u)
		}
	}
	message := func(src, tag int32, u string) {
		if p, ok := q.Arrive(world, src, tag); ok {
			fmt.Printf("%s goes to %s\n", u, p)
		} else {
			q.AddUnexpected(world, src, tag, u)
		}
	}

	receive(match.AnySource, 7, "the wildcard")
	receive(2, 7, "the exact receive")
	message(2, 7, "message A") // the wildcard is older
	message(2, 7, "message B")
	message(3, 9, "message C")
	fmt.Println("source 3 quiet:", q.Quiet(3))
	receive(3, match.AnyTag, "a late receive")
	fmt.Println("source 3 quiet:", q.Quiet(3))
	// Output:
	// message A goes to the wildcard
	// message B goes to the exact receive
	// source 3 quiet: false
	// a late receive takes message C, which waited
	// source 3 quiet: true
}
