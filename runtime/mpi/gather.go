package mpi

// gatherAll gives every rank the values of all, by rank: Bruck's allgather,
// ceil(log2 n) rounds. With more ranks than processors every round costs each rank a change of
// context, so there rank 0 gathers and sends all of them, unless ranks may die on the way and leave the others waiting.
func gatherAll[T any](c *Comm, mine T) ([]T, error) {
	n, i := c.size, c.internal()
	if n > 4 && c.eng.Crowded() && !c.eng.Job().FaultsReturn() {
		return gatherByFirst(i, mine)
	}
	have := make([]T, n)
	have[0] = mine
	for d := 1; d < n; d *= 2 {
		k := min(d, n-d)
		if _, err := Sendrecv(i, have[:k], (c.rank-d+n)%n, 0, have[d:d+k], (c.rank+d)%n, 0); err != nil {
			return nil, err
		}
	}
	all := make([]T, n)
	for j, v := range have {
		all[(c.rank+j)%n] = v
	}
	return all, nil
}

// gatherByFirst is gatherAll by rank 0: n-1 messages to it, and n-1 from it.
func gatherByFirst[T any](c *Comm, mine T) ([]T, error) {
	all := make([]T, c.size)
	if c.rank != 0 {
		if err := Send(c, []T{mine}, 0, 0); err != nil {
			return nil, err
		}
		_, err := Recv(c, all, 0, 0)
		return all, err
	}
	all[0] = mine
	for r := 1; r < c.size; r++ {
		if _, err := Recv(c, all[r:r+1], r, 0); err != nil {
			return nil, err
		}
	}
	for r := 1; r < c.size; r++ {
		if err := Send(c, all, r, 0); err != nil {
			return nil, err
		}
	}
	return all, nil
}
