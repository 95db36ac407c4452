package mpi_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

type tree struct {
	Name string
	Tags map[string][]int
	Kids []*tree
}

type hidden struct{ x int }

// carry sends v from rank 0 to rank 1, who compares.
func carry[V any](c *mpi.Comm, v V) error {
	if c.Rank() == 0 {
		return mpi.SendValue(c, v, 1, 4)
	}
	got, st, err := mpi.RecvValue[V](c, mpi.AnySource, mpi.AnyTag)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, v) || st.Source != 0 || st.Tag != 4 || st.Bytes() == 0 {
		return fmt.Errorf("%T: got %v, want %v; %+v", v, got, v, st)
	}
	return nil
}

func TestValues(t *testing.T) {
	deep := &tree{"root", map[string][]int{"a": {1, 2}, "b": nil}, []*tree{{Name: "kid", Kids: []*tree{{Name: "grandchild"}}}}}
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		return errors.Join(carry(c, 42), carry(c, ""), carry(c, "text"), carry(c, deep), carry(c, *deep), carry(c, []string{"x", ""}),
			carry(c, map[string]float64{"pi": 3.14}), carry(c, strings.Repeat("large ", 100000)), carry(c, [3]bool{true}))
	})
}

// What doesn't fit is an error that names both types, on the side that can know, and the next message is in order.
func TestValuesThatDontFit(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			for what, err := range map[string]error{
				"chan int": mpi.SendValue(c, make(chan int), 1, 0),
				"*int":     mpi.SendValue(c, (*int)(nil), 1, 0),
				"func()":   mpi.SendValue(c, func() {}, 1, 0),
				"hidden":   mpi.SendValue(c, hidden{1}, 1, 0),
			} {
				var e *mpi.Error
				if !errors.As(err, &e) || e.Op != "SendValue" || e.Peer != 1 || !strings.Contains(err.Error(), what) {
					return fmt.Errorf("%s: %v", what, err)
				}
			}
			return errors.Join(mpi.SendValue(c, "text", 1, 1), mpi.SendValue(c, map[string]int{"x": 1}, 1, 2), mpi.Send(c, []byte("no value"), 1, 3),
				mpi.Send(c, []byte{}, 1, 4), mpi.SendValue(c, tree{Name: "too long"}, 1, 5), mpi.SendValue(c, 7, 1, 6))
		}
		_, _, text := mpi.RecvValue[int](c, 0, 1)
		_, _, table := mpi.RecvValue[tree](c, 0, 2)
		_, _, bytes := mpi.RecvValue[string](c, 0, 3)
		_, _, nothing := mpi.RecvValue[string](c, 0, 4)
		for want, err := range map[string]error{"into int:": text, "into mpi_test.tree:": table, "8 bytes into string:": bytes, "0 bytes into string:": nothing} {
			var e *mpi.Error
			if !errors.As(err, &e) || e.Op != "RecvValue" || e.Peer != 0 || !strings.Contains(err.Error(), want) {
				return fmt.Errorf("want %q in: %v", want, err)
			}
		}
		if st, err := mpi.Recv(c, make([]byte, 5), 0, 5); !errors.Is(err, mpi.ErrTruncated) || st.Bytes() <= 5 {
			return fmt.Errorf("a value into 5 bytes: %+v, %v", st, err)
		}
		if v, _, err := mpi.RecvValue[int](c, 0, mpi.AnyTag); v != 7 || err != nil {
			return fmt.Errorf("after all this: %d, %v", v, err)
		}
		return nil
	})
}
