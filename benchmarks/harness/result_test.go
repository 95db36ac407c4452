package harness

import (
	"slices"
	"strings"
	"testing"
)

func TestReadResults(t *testing.T) {
	const out = `WARNING: something about the network
{"case":"affinity","ranks":2,"masks":["1","2"]}

{"case":"latency","bytes":8,"ranks":2,"unit":"us","value":0.16962,"iterations":3486}
`
	got, noise, err := ReadResults(strings.NewReader(out), 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !slices.Equal(got[0].Masks, []string{"1", "2"}) || got[1].Case != "latency" || got[1].Bytes != 8 || got[1].Value != 0.16962 || got[1].Iterations != 3486 {
		t.Errorf("results %+v", got)
	}
	if !slices.Equal(noise, []string{"WARNING: something about the network"}) {
		t.Errorf("noise %q", noise)
	}
	for _, bad := range []string{
		`{"case":"latency","bytes":8,`,
		`{"case":"latency","bytes":8,"ranks":1,"unit":"us","value":1}`, // every rank thinks it is alone: the wrong mpirun
		`{"case":"latency","bytes":8,"ranks":2,"unit":"ms","value":1}`,
		`{"case":"latancy","bytes":8,"ranks":2,"unit":"us","value":1}`,
	} {
		if _, _, err := ReadResults(strings.NewReader(bad), 2); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
