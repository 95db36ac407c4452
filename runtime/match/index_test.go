package match

import (
	"fmt"
	"testing"
)

// Look-ups are O(1) only while chains are short. Programs number tags in
// patterns, and so do communicators and ranks: none may pile up in a bucket.
func TestHashSpreadsPatterns(t *testing.T) {
	const n = 10000
	patterns := map[string]func(i int) (word, int32){
		"tags":              func(i int) (word, int32) { return wordOf(1, int32(i)), 0 },
		"tags from the top": func(i int) (word, int32) { return wordOf(1, int32(1<<31-1-i)), 5 },
		"contexts":          func(i int) (word, int32) { return wordOf(uint32(i), 0), 0 },
		"sources":           func(i int) (word, int32) { return wordOf(1, 0), int32(i) },
		"any tag of all":    func(i int) (word, int32) { return wordOf(1, AnyTag), int32(i) },
		"tags of any":       func(i int) (word, int32) { return wordOf(1, int32(i)), AnySource },
		"source and tag":    func(i int) (word, int32) { return wordOf(1, int32(i%100)), int32(i / 100) },
		"source is tag":     func(i int) (word, int32) { return wordOf(1, int32(i)), int32(i) },
		"context and tag":   func(i int) (word, int32) { return wordOf(uint32(i/100), int32(i%100)), 3 },
	}
	for k := 1; k <= 17; k++ { // 10000 << 17 is the largest tag
		patterns[fmt.Sprintf("tags by 2^%d", k)] = func(i int) (word, int32) { return wordOf(1, int32(i<<k)), 1 }
		patterns[fmt.Sprintf("contexts by 2^%d", k)] = func(i int) (word, int32) { return wordOf(uint32(i<<k), 7), 1 }
	}
	for name, key := range patterns {
		var x index
		for i := range n {
			w, src := key(i)
			x.push(w, src, int32(i+1))
		}
		longest, probes := 0, 0
		for _, b := range x.buckets {
			length := 0
			for ; b != 0; b = x.bins[b].next {
				length++
				probes += length
			}
			longest = max(longest, length)
		}
		// At this load (0.61) a random function needs 1.3 comparisons and has a longest chain of 6 to 8.
		if mean := float64(probes) / n; longest > 14 || mean > 1.6 {
			t.Errorf("%s: longest chain %d, %.2f comparisons on average", name, longest, mean)
		}
	}
}
