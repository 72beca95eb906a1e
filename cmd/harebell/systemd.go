package main

import (
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// notify tells systemd how the broker is doing, if that has started it and wants to
// know.
func notify(log zerolog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn().Err(err).Msg("systemd not told")
	}
}

// notifyReloading tells systemd that the broker reads its settings again, and when it
// is called that it has.
func notifyReloading(log zerolog.Logger) (done func()) {
	notify(log, daemon.SdNotifyReloading+"\n"+daemon.SdNotifyMonotonicUsec())
	return func() { notify(log, daemon.SdNotifyReady) }
}

// keepWatchdog tells systemd twice in the time it allows that the broker lives, if it
// wants to know, until stop is called. alive returns if it does.
func keepWatchdog(log zerolog.Logger, alive func()) (stop func()) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn().Err(err).Msg("watchdog not understood")
	}
	if within == 0 {
		return func() {}
	}
	ticks := time.NewTicker(within / 2)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticks.C:
				alive()
				notify(log, daemon.SdNotifyWatchdog)
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticks.Stop()
		close(done)
	}
}
