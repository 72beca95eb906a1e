package main

import (
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/disk"
	"github.com/harebellmq/harebell/internal/watermark"
	"github.com/harebellmq/harebell/store/badger"
)

// A watches is who looks at what the broker may be short of. Their limits may change
// while they look.
type watches struct {
	memory *watermark.Watch
	disk   *watermark.Watch // does not look if everything is in memory
	all    []*watermark.Watch
}

// newWatches makes watches that tell of each resource when the broker is short of it,
// and again when that is over.
func newWatches(c config.Config, log zerolog.Logger, short func(resource string, is bool)) *watches {
	w := &watches{
		memory: &watermark.Watch{What: "memory", Left: new(watermark.Memory).Left},
		disk: &watermark.Watch{What: "disk", Left: func(limit int64) (int64, error) {
			free, err := disk.Free(c.DataDir)
			return free - limit - badger.Headroom, err
		}},
	}
	w.memory.SetLimit(c.MemoryWatermark.Octets(machineMemory()))
	w.disk.SetLimit(c.DiskFreeLimit)
	w.all = []*watermark.Watch{w.memory}
	if !c.Memory {
		w.all = append(w.all, w.disk)
	}
	for _, one := range w.all {
		one.Clock, one.Log, one.Short = clock.System, log, func(is bool) { short(one.What, is) }
	}
	return w
}

func (w *watches) start() {
	for _, one := range w.all {
		one.Start()
	}
}

func (w *watches) stop() {
	for _, one := range w.all {
		one.Stop()
	}
}
