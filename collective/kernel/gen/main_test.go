package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCommitted: package kernel has what this program writes.
func TestCommitted(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: go generate ./collective/kernel", name)
		}
	}
}
