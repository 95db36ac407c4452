package kernel

import (
	"reflect"
	"testing"
)

// TestOf: which operation takes which kind.
func TestOf(t *testing.T) {
	known := map[reflect.Kind]subject{}
	for _, s := range subjects() {
		known[s.kind] = s
	}
	for kind := reflect.Invalid; kind <= reflect.UnsafePointer+1; kind++ {
		for op := range ops + 2 {
			k, ok := Of(op, kind)
			if _, want := known[kind].ops[op]; ok != want || ok != (k.Fold != nil) || ok != (k.FoldAll != nil) {
				t.Errorf("op %d of %v: %v, want %v", op, kind, ok, want)
			}
		}
	}
}

// TestForms: what has a vector form, and that it is used.
func TestForms(t *testing.T) {
	f := forms()
	v, ok := f["avx2"]
	if !ok {
		t.Skip("no AVX2")
	}
	entry := func(fn any) uintptr { return reflect.ValueOf(fn).Pointer() }
	for kind, row := range f["twin"] {
		for op, twin := range row {
			kind, op := reflect.Kind(kind), Op(op)
			want := twin.Fold != nil
			switch kind {
			case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
				want = want && op != Prod
			}
			if got := v[kind][op].Fold != nil; got != want {
				t.Errorf("vector form of %s of %v: %v, want %v", opNames[op], kind, got, want)
			}
			if k, ok := Of(op, kind); ok {
				vector := entry(k.Fold) != entry(twin.Fold) && entry(k.FoldAll) != entry(twin.FoldAll)
				if want := want && !raceDetector; vector != want {
					t.Errorf("Of gives the vector form for %s of %v: %v, want %v", opNames[op], kind, vector, want)
				}
			}
		}
	}
}
