package main

import (
	"context"
	"errors"
	stdlog "log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/internal/metrics"
	"github.com/harebellmq/harebell/internal/testapi"
	"github.com/harebellmq/harebell/store"
)

// serveTests runs a broker until ctx is done that tests may do with whatever they
// like, over HTTP. To clients it is the one that serve runs.
func serveTests(ctx context.Context, c config.Config, log zerolog.Logger, again *reloader) (err error) {
	if c.OTLPEndpoint != "" {
		return errors.New("--otlp-endpoint: want no --test-api with it, whose journal tells of each message")
	}
	who, err := readLogins(c, log)
	if err != nil {
		return err
	}
	st, err := openStore(c, log)
	if err != nil {
		return err
	}
	open, err := openDoors(c, log)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	api, err := listen([]string{c.TestAPIListen})
	if err != nil {
		return errors.Join(err, open.close(), st.Close())
	}
	running := lives{short: make(map[string]bool)}
	watched := newWatches(c, log, running.setAlarm)
	ctx, end := context.WithCancel(ctx)
	defer end()
	running.options = managed(c, log, again, watched, end, &open)
	running.metered = func(s *server.Server, m *management.Server) metrics.Options { return metered(c, log, s, watched, m) }
	b, err := amqptest.Start(st, log, testOptions(c, who, log, &running)...)
	if err != nil {
		return errors.Join(err, open.close(), closeAll(api), st.Close())
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	watched.start()
	defer watched.stop()
	if err := load(c, running.server.Users, running.server.VHosts, log); err != nil {
		return err
	}

	for protocol, l := range open.clients.all() {
		if err := b.Serve(l); err != nil {
			return err
		}
		logListener(log, protocol, l)
	}
	served := make(chan error, open.count())
	for protocol, l := range open.management.all() {
		defer serveHTTP(l, &running, log, served).Close()
		logListener(log, protocol, l)
	}
	for protocol, l := range open.prometheus.all() {
		defer serveHTTP(l, http.HandlerFunc(running.serveMetrics), log, served).Close()
		logListener(log, protocol, l)
	}
	if open.commands != nil {
		defer serveHTTP(open.commands, http.HandlerFunc(running.control), log, served).Close()
	}
	defer serveHTTP(api[0], testapi.New(b, clientURL(c, open.clients)), log, served).Close()
	log.Info().Str("protocol", "http").Stringer("address", api[0].Addr()).Msg("test API listening")
	again.certificates, again.log, again.apply = open.certificates, log, running.change
	defer again.onHangup()()
	logStarted(log, c)
	notify(log, daemon.SdNotifyReady)
	defer keepWatchdog(log, running.alive)()

	select {
	case <-ctx.Done():
	case err = <-served:
	}
	log.Info().Msg("shutting down")
	notify(log, daemon.SdNotifyStopping)
	return err
}

// serveHTTP answers HTTP on l until it is closed, and tells of an end before.
func serveHTTP(l net.Listener, h http.Handler, log zerolog.Logger, ended chan<- error) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: stdlog.New(log, "", 0)}
	go func() { ended <- s.Serve(l) }()
	return s
}

// testOptions makes a broker for tests out of the settings.
func testOptions(c config.Config, who logins, log zerolog.Logger, running *lives) []amqptest.Option {
	opts := []amqptest.Option{
		amqptest.WithDefaultVHost(c.DefaultVHost),
		amqptest.WithEventVHost(eventVHost(c)),
		amqptest.WithRules(c.Compat),
		amqptest.WithUser(c.DefaultUser, c.DefaultPass),
		amqptest.WithServer(func(s *server.Server) {
			configure(s, c)
			who.in(s)
			running.begin(s)
		}),
	}
	if !c.Memory {
		opts = append(opts,
			amqptest.WithMemoryLimit(bodies(c)),
			amqptest.WithReopen(func() (store.Store, error) { return openStore(c, log) }))
	}
	return opts
}

// clientURL is where the default user finds the broker that listens there.
func clientURL(c config.Config, cs clients) url.URL {
	u := url.URL{User: url.UserPassword(c.DefaultUser, c.DefaultPass)}
	for protocol, l := range cs.all() {
		u.Scheme, u.Host = protocol, l.Addr().String()
		break
	}
	return u
}

// lives are what a broker is over its restarts. They tell each server what it is
// short of, and answer the management API and Prometheus for the one that runs.
type lives struct {
	// immutable
	options management.Options
	metered func(*server.Server, *management.Server) metrics.Options

	mu      sync.Mutex      // guards what follows
	short   map[string]bool // of which resources
	changed *config.Config  // in force instead of what the broker started with; nil if nothing has changed
	server  *server.Server
	manager *management.Server
	meter   *metrics.Server
}

func (l *lives) setAlarm(resource string, short bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.short[resource] = short
	l.server.SetAlarm(resource, short)
}

// begin notes the server of a life that begins.
func (l *lives) begin(s *server.Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server, l.manager = s, management.New(s, l.options)
	l.meter = metrics.New(s, l.metered(s, l.manager))
	if l.changed != nil {
		change(s, *l.changed)
	}
	for resource, short := range l.short {
		s.SetAlarm(resource, short)
	}
}

// change has this life and those to come do as the settings say now.
func (l *lives) change(c config.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = &c
	change(l.server, c)
}

// alive returns if the broker of this life is.
func (l *lives) alive() {
	l.mu.Lock()
	s := l.server
	l.mu.Unlock()
	s.Connections()
}

// ServeHTTP implements http.Handler.
func (l *lives) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.now().ServeHTTP(w, r) }

// control answers who has come by the control socket.
func (l *lives) control(w http.ResponseWriter, r *http.Request) { l.now().Control().ServeHTTP(w, r) }

// now returns the management API of this life.
func (l *lives) now() *management.Server {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.manager
}

// serveMetrics answers Prometheus.
func (l *lives) serveMetrics(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	meter := l.meter
	l.mu.Unlock()
	meter.ServeHTTP(w, r)
}
