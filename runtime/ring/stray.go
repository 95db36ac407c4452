package ring

import (
	"fmt"
	"sync/atomic"
)

// Stray says what is wrong when the word where the next record will appear holds neither that record nor zero: a
// record that was overwritten, which would be waited for in vain. Honest peers leave no other word there: the consumer zeroes
// the first word of every line, the producer that of a second cell (see the package comment). One load.
func (r *Rx) Stray() error {
	if w0 := atomic.LoadUint64((*uint64)(r.slot)); w0 != 0 && w0&0xffff != r.want {
		return fmt.Errorf("ring: word %#x at cell %d is no record of this lap", w0, r.pos&r.mask)
	}
	return nil
}
