// Package process is what the broker takes of its machine, as a process: memory by what
// it is for, garbage, goroutines and files.
package process

import (
	"os"
	"runtime/metrics"
)

// Usage is what the Go runtime has at one moment. Memory is in octets; Objects, Unused,
// Free, Stacks and Rest are nothing to each other, and together Used.
type Usage struct {
	Objects int64 // on the heap, with garbage that is not collected yet
	Unused  int64 // of the heap, between objects
	Free    int64 // of the heap, and not given back to the system yet
	Stacks  int64 // of goroutines
	Rest    int64 // what the runtime has for itself

	Collections int64 // how often garbage was collected
	Collected   int64 // octets that this has freed
	Runnable    int64 // goroutines that wait for a processor
}

// Used is the memory that the process has from the system, without what is mapped from
// files.
func (u Usage) Used() int64 { return u.Objects + u.Unused + u.Free + u.Stacks + u.Rest }

// Now returns the usage of this moment.
func Now() Usage {
	var u Usage
	var released, total int64
	of := []struct {
		name string
		to   *int64
	}{
		{"/memory/classes/heap/objects:bytes", &u.Objects},
		{"/memory/classes/heap/unused:bytes", &u.Unused},
		{"/memory/classes/heap/free:bytes", &u.Free},
		{"/memory/classes/heap/stacks:bytes", &u.Stacks},
		{"/memory/classes/heap/released:bytes", &released},
		{"/memory/classes/total:bytes", &total},
		{"/gc/cycles/total:gc-cycles", &u.Collections},
		{"/gc/heap/frees:bytes", &u.Collected},
		{"/sched/goroutines/runnable:goroutines", &u.Runnable},
	}
	samples := make([]metrics.Sample, len(of))
	for i := range of {
		samples[i].Name = of[i].name
	}
	metrics.Read(samples)
	for i := range of {
		if samples[i].Value.Kind() == metrics.KindUint64 { // or this version of Go does not know it
			*of[i].to = int64(samples[i].Value.Uint64())
		}
	}
	u.Rest = max(0, total-released-u.Objects-u.Unused-u.Free-u.Stacks)
	return u
}

// OpenFiles returns how many files and sockets the process has open, and false where
// nobody can tell.
func OpenFiles() (n int, ok bool) {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, false
	}
	return len(open) - 1, true // without the directory itself
}
