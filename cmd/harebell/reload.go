package main

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/config"
)

// A reloader reads again what may change while the broker runs: certificates, and
// some of the settings.
type reloader struct {
	// immutable
	read         func() (*config.Settings, error) // nil if settings stay as they are
	certificates allKeepers                       // none without TLS
	apply        func(config.Config)              // puts in force what may change
	log          zerolog.Logger

	started *config.Settings // read when the broker started

	mu     sync.Mutex       // guards what follows
	latest *config.Settings // read last
}

// current returns the settings that were read last, nil if there are none.
func (r *reloader) current() *config.Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

// reread returns a function that reads settings again. Their first ones are given.
func reread(first *config.Settings, read func() (*config.Settings, error)) *reloader {
	return &reloader{read: read, started: first, latest: first}
}

// onHangup reloads on each SIGHUP, until stop is called.
func (r *reloader) onHangup() (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			told := notifyReloading(r.log)
			r.reload()
			told()
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}

func (r *reloader) reload() {
	if len(r.certificates) > 0 {
		if err := r.certificates.reload(); err != nil {
			r.log.Error().Err(err).Msg("certificates not read, those from before still hold")
		} else {
			r.log.Info().Msg("certificates read again")
		}
	}
	if r.read == nil {
		return
	}
	next, err := r.read()
	if err != nil {
		r.log.Error().Err(err).Msg("settings not read, those from before still hold")
		return
	}
	changed, _ := r.current().Changes(next)
	_, waiting := r.started.Changes(next)
	r.mu.Lock()
	r.latest = next
	r.mu.Unlock()
	r.apply(next.Config())
	r.log.Info().Strs("changed", changed).Msg("settings read again")
	if len(waiting) > 0 {
		slices.Sort(waiting)
		r.log.Warn().Strs("keys", waiting).Msg("settings changed that need a restart")
	}
}
