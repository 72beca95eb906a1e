package bench

import (
	"io/fs"
	"path/filepath"
	"sync"
	"time"
)

// A watch looks at the processes of a broker, and at its data directory, while
// there is load.
type watch struct {
	system system
	pids   []int
	dir    string // "" for none

	quit    chan struct{}
	looking sync.WaitGroup

	mu       sync.Mutex // guards what follows
	samples  []usage
	diskPeak int64
}

const (
	watchEvery = 25 * time.Millisecond
	diskEvery  = 10 // looks at processes for each at the disk, which takes longer
)

// newWatch begins to watch a process and those that descend from it, which must
// have started.
func newWatch(s system, pid int, dir string) *watch {
	w := &watch{system: s, pids: s.tree(pid), dir: dir, quit: make(chan struct{})}
	w.look()
	w.looking.Go(func() {
		ticks := time.NewTicker(watchEvery)
		defer ticks.Stop()
		for n := 0; ; n++ {
			if n%diskEvery == 0 {
				w.lookAtDisk()
			}
			select {
			case <-ticks.C:
				w.look()
			case <-w.quit:
				w.look()
				return
			}
		}
	})
	return w
}

// stop ends the watching. What was seen stays. A nil watch has seen nothing.
func (w *watch) stop() {
	if w == nil {
		return
	}
	close(w.quit)
	w.looking.Wait()
}

func (w *watch) look() {
	u := w.system.usage(w.pids, time.Now())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.samples = append(w.samples, u)
}

func (w *watch) lookAtDisk() {
	if w.dir == "" {
		return
	}
	size := directorySize(w.dir)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.diskPeak = max(w.diskPeak, size)
}

// between returns the usage at two moments. What lies between two looks is
// interpolated.
func (w *watch) between(from, to time.Time) (a, b usage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return interpolate(w.samples, from), interpolate(w.samples, to)
}

func interpolate(samples []usage, at time.Time) usage {
	for i, s := range samples {
		switch {
		case s.at.Before(at):
			continue
		case i == 0:
			return s
		}
		before := samples[i-1]
		part := float64(at.Sub(before.at)) / float64(s.at.Sub(before.at))
		mix := func(a, b int64) int64 { return a + int64(part*float64(b-a)) }
		return usage{
			at:      at,
			cpu:     time.Duration(mix(int64(before.cpu), int64(s.cpu))),
			kernel:  time.Duration(mix(int64(before.kernel), int64(s.kernel))),
			anon:    mix(before.anon, s.anon),
			rss:     mix(before.rss, s.rss),
			written: mix(before.written, s.written),
		}
	}
	return samples[len(samples)-1]
}

// anonPeak returns the most anonymous memory there was between two moments.
func (w *watch) anonPeak(from, to time.Time) (octets int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.samples {
		if !s.at.Before(from) && !s.at.After(to) {
			octets = max(octets, s.anon)
		}
	}
	return octets
}

// span returns the moments of the first and the last look.
func (w *watch) span() (from, to time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.samples[0].at, w.samples[len(w.samples)-1].at
}

// directorySize returns the octets that the files of a directory take on the
// disk. Those that come and go meanwhile may be missed.
func directorySize(dir string) (octets int64) {
	// An error is a file that has gone: it takes nothing.
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			octets += allocated(info)
		}
		return nil
	})
	return octets
}
