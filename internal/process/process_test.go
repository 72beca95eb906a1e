package process

import (
	"os"
	"runtime"
	"testing"
)

// kept keeps what a test makes from being collected.
var kept []byte

func TestUsageGrows(t *testing.T) {
	before := Now()
	kept = make([]byte, 50<<20)
	kept[0] = 1
	runtime.GC()
	after := Now()
	if after.Objects-before.Objects < 40<<20 || after.Used()-before.Used() < 40<<20 {
		t.Errorf("50 MiB made %d of objects, and %d of all", after.Objects-before.Objects, after.Used()-before.Used())
	}
	if after.Collections <= before.Collections {
		t.Errorf("got %d collections, %d before", after.Collections, before.Collections)
	}
	kept = nil
}

func TestFilesAreCounted(t *testing.T) {
	before, ok := OpenFiles()
	if !ok {
		t.Skip("nobody can tell here")
	}
	for range 5 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	if after, _ := OpenFiles(); after != before+5 {
		t.Errorf("got %d files, want 5 more than %d", after, before)
	}
	if most, ok := MaxFiles(); !ok || most < before {
		t.Errorf("got %d files at most, and %d are open", most, before)
	}
}
