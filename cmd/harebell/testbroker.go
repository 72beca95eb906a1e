package main

import (
	"context"
	"errors"
	stdlog "log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/testapi"
	"github.com/harebellmq/harebell/store"
)

// serveTests runs a broker until ctx is done that tests may do with whatever they
// like, over HTTP. To clients it is the one that serve runs.
func serveTests(ctx context.Context, c config.Config, log zerolog.Logger) (err error) {
	st, err := openStore(c, log)
	if err != nil {
		return err
	}
	listeners, err := listen(append(slices.Clone(c.Listen), c.TestAPIListen))
	if err != nil {
		return errors.Join(err, st.Close())
	}
	var room diskRoom
	b, err := amqptest.Start(st, log, testOptions(c, log, &room)...)
	if err != nil {
		return errors.Join(err, closeAll(listeners), st.Close())
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	defer watchDisk(c, log, room.set).Stop()

	last := len(listeners) - 1
	for _, l := range listeners[:last] {
		if err := b.Serve(l); err != nil {
			return err
		}
		log.Info().Stringer("address", l.Addr()).Msg("listening")
	}
	api := &http.Server{
		Handler:           testapi.New(b, clientURL(c, listeners[0])),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          stdlog.New(log, "", 0),
	}
	served := make(chan error, 1)
	go func() { served <- api.Serve(listeners[last]) }()
	defer api.Close()
	log.Info().Stringer("address", listeners[last].Addr()).Msg("test API listening")
	log.Info().Str("version", version()).Bool("memory", c.Memory).Str("data_dir", c.DataDir).Msg("broker started")

	select {
	case <-ctx.Done():
	case err = <-served:
	}
	log.Info().Msg("shutting down")
	return err
}

// testOptions makes a broker for tests out of the settings.
func testOptions(c config.Config, log zerolog.Logger, room *diskRoom) []amqptest.Option {
	opts := []amqptest.Option{
		amqptest.WithDefaultVHost(c.DefaultVHost),
		amqptest.WithServer(func(s *server.Server) {
			configure(s, c)
			room.serve(s)
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
func clientURL(c config.Config, l net.Listener) url.URL {
	return url.URL{Scheme: "amqp", User: url.UserPassword(c.DefaultUser, c.DefaultPass), Host: l.Addr().String()}
}

// A diskRoom tells the server, and after a restart the next one, whether the disk
// is low.
type diskRoom struct {
	mu     sync.Mutex // guards what follows
	low    bool
	server *server.Server
}

func (d *diskRoom) set(low bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.low = low
	d.server.SetAlarm("disk", low)
}

func (d *diskRoom) serve(s *server.Server) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server = s
	s.SetAlarm("disk", d.low)
}
