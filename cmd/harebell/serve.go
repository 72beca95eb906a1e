package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/compat/follow"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/internal/metrics"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the broker",
		Description: "Settings come from the file, then the environment, then the flags; the last one\n" +
			"wins. SIGINT and SIGTERM shut the broker down in order, a second one at once. SIGHUP\n" +
			"has it read certificates, the log level, loopback users and limits again.",
		Flags: settingFlags(),
		Action: func(c *cli.Context) error {
			s, err := readSettings(c)
			if err != nil {
				return err
			}
			settings := s.Config()
			setLogLevel(settings.LogLevel)
			log := newLogger(logOutput(settings.LogTo), settings.LogFormat)
			logSettings(log, s, config.Strange(os.DirFS("/")))
			again := reread(s, func() (*config.Settings, error) { return readSettings(c) })
			collectLater()
			ctx, stop := untilSignal(c.Context)
			defer stop()
			if settings.TestAPI {
				return serveTests(ctx, settings, log, again)
			}
			return serve(ctx, settings, log, again)
		},
	}
}

// untilSignal returns a context that is done with the first signal to end. A second
// one ends the process at once.
func untilSignal(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	ctx, stop = context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals) // before anybody can tell that the first has been heard
		stop()
	}()
	return ctx, stop
}

// collectLater has the heap grow to three times of what is alive before garbage is
// collected, unless the environment says otherwise: 11 % less CPU for each message
// of 16 octets, for some 25 MB.
func collectLater() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// serve runs a broker until ctx is done. Its ports open when it is ready. Settings are
// read again as again says.
func serve(ctx context.Context, c config.Config, log zerolog.Logger, again *reloader) (err error) {
	who, err := readLogins(c, log)
	if err != nil {
		return err
	}
	st, err := openStore(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	users, err := auth.Open(st, log)
	if err != nil {
		return err
	}
	broker := vhost.Broker{
		Store: st, Clock: clock.System, Memory: memory(c), Log: log, Forget: users.Forget, Events: eventVHost(c), Node: c.NodeName(),
		DefaultQueueType: queue.Type(c.DefaultQueueType),
	}
	follow.InVHosts(c.Compat, &broker)
	watch, stopTracing, err := traced(ctx, c, log)
	if err != nil {
		return err
	}
	defer stopTracing()
	broker.Watch = watch
	vhosts, err := vhost.Open(broker, c.DefaultVHost)
	if err != nil {
		return err
	}
	defer vhosts.Stop()
	users.Tell = vhosts.Tell
	if err := nameCluster(vhosts); err != nil {
		return err
	}
	if c.EventVHost != "" { // rabbitmq: it is made if it is not there
		if _, err := vhosts.Create(c.EventVHost); err != nil {
			return fmt.Errorf("event_exchange.vhost %q: %w", c.EventVHost, err)
		}
	}
	if err := begin(c, users, vhosts, log); err != nil {
		return err
	}

	open, err := openDoors(c, log)
	if err != nil {
		return err
	}
	srv := &server.Server{VHosts: vhosts, Users: users, Store: st, Watch: watch, Tell: vhosts.Tell, Log: log}
	configure(srv, c)
	who.in(srv)
	watched := newWatches(c, log, srv.SetAlarm)
	ctx, end := context.WithCancel(ctx)
	defer end()
	manager := management.New(srv, managed(c, log, again, watched, end, &open))
	meter := metrics.New(srv, metered(c, log, srv, watched, manager))
	watched.start()
	defer watched.stop()
	served := make(chan error, open.count())
	serveAll(open.clients.all(), log, served, srv.Serve)
	serveAll(open.management.all(), log, served, manager.Serve)
	serveAll(open.prometheus.all(), log, served, meter.Serve)
	if open.commands != nil {
		defer serveHTTP(open.commands, manager.Control(), log, served).Close()
	}
	again.certificates, again.log = open.certificates, log
	again.apply = func(c config.Config) { change(srv, c) }
	defer again.onHangup()()
	logStarted(log, c)
	notify(log, daemon.SdNotifyReady)
	defer keepWatchdog(log, func() { srv.Connections() })()

	select {
	case <-ctx.Done():
	case err = <-served:
	}
	log.Info().Msg("shutting down")
	notify(log, daemon.SdNotifyStopping)
	leave, cancel := context.WithTimeout(context.Background(), c.ShutdownTimeout)
	defer cancel()
	settle, cancel := context.WithTimeout(leave, c.ShutdownTimeout/2)
	defer cancel()
	if srv.Drain(settle) != nil {
		log.Warn().Msg("deliveries not acked in time")
	}
	if late := srv.Shutdown(leave); late != nil {
		log.Warn().Err(late).Msg("connections cut off")
	}
	if late := errors.Join(manager.Shutdown(leave), meter.Shutdown(leave)); late != nil {
		log.Warn().Err(late).Msg("requests cut off")
	}
	return err
}

// serveAll serves on listeners, by their protocols, and tells of an end of one.
func serveAll(listeners iter.Seq2[string, net.Listener], log zerolog.Logger, ended chan<- error, serve func(net.Listener) error) {
	for protocol, l := range listeners {
		go func() { ended <- serve(l) }()
		logListener(log, protocol, l)
	}
}

// listen opens all addresses, or none.
func listen(addresses []string) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot listen on %s: %w", address, cause(err)), closeAll(listeners))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// cause strips the address that a network error repeats.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

func closeAll(listeners []net.Listener) error {
	var failed []error
	for _, l := range listeners {
		if l != nil {
			failed = append(failed, l.Close())
		}
	}
	return errors.Join(failed...)
}
