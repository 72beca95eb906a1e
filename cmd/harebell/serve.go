package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/disk"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/store/badger"
	"github.com/harebellmq/harebell/vhost"
)

// shutdownTime is how long clients have to take their leave.
const shutdownTime = 10 * time.Second

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the broker",
		Description: "Settings come from the file, then the environment, then the flags; the last one\n" +
			"wins. SIGINT and SIGTERM shut the broker down in order.",
		Flags: settingFlags(),
		Action: func(c *cli.Context) error {
			s, err := readSettings(c)
			if err != nil {
				return err
			}
			settings := s.Config()
			log := newLogger(os.Stderr, settings.LogLevel, settings.LogFormat)
			for _, ignored := range s.Ignored() {
				log.Warn().Str("key", ignored.Key).Str("origin", ignored.Origin).Msg("setting has no meaning here")
			}
			ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second signal ends the process at once
			if settings.TestAPI {
				return serveTests(ctx, settings, log)
			}
			return serve(ctx, settings, log)
		},
	}
}

// serve runs a broker until ctx is done. Its ports open when it is ready.
func serve(ctx context.Context, c config.Config, log zerolog.Logger) (err error) {
	st, err := openStore(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	vhosts, err := vhost.Open(vhost.Broker{Store: st, Clock: clock.System, Memory: memory(c), Log: log}, c.DefaultVHost)
	if err != nil {
		return err
	}
	defer vhosts.Stop()

	listeners, err := listen(c.Listen)
	if err != nil {
		return err
	}
	srv := &server.Server{VHosts: vhosts, Store: st, Log: log}
	configure(srv, c)
	defer watchDisk(c, log, func(low bool) { srv.SetAlarm("disk", low) }).Stop()
	served := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { served <- srv.Serve(l) }()
		log.Info().Stringer("address", l.Addr()).Msg("listening")
	}
	log.Info().Str("version", version()).Bool("memory", c.Memory).Str("data_dir", c.DataDir).Msg("broker started")

	select {
	case <-ctx.Done():
	case err = <-served:
	}
	log.Info().Msg("shutting down")
	leave, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if late := srv.Shutdown(leave); late != nil {
		log.Warn().Err(late).Msg("connections cut off")
	}
	return err
}

// memory is the bound on message bodies in memory. Without a disk there is
// nowhere else for them.
func memory(c config.Config) *queue.Memory {
	if c.Memory {
		return nil
	}
	return queue.NewMemory(bodies(c))
}

// bodies is how many octets of bodies are kept in memory.
func bodies(c config.Config) int64 { return c.Bodies(config.MachineMemory(os.DirFS("/"))) }

// configure has a server do as the settings say.
func configure(s *server.Server, c config.Config) {
	s.Users = &auth.Users{LoopbackOnly: c.LoopbackUsers}
	s.Users.Set(c.DefaultUser, c.DefaultPass)
	s.FrameMax = c.FrameMax
	s.ChannelMax = c.ChannelMax
	s.Heartbeat = c.Heartbeat
	if c.Heartbeat == 0 {
		s.Heartbeat = -1 // none: the server's zero is its default
	}
	s.MaxMessageSize = c.MaxMessageSize
	s.HandshakeTimeout = c.HandshakeTimeout
	s.Properties = properties(c)
}

// watchDisk calls low when there is too little room on the disk, and again when
// that is over.
func watchDisk(c config.Config, log zerolog.Logger, low func(bool)) *disk.Watch {
	w := &disk.Watch{Dir: c.DataDir, Limit: c.DiskFreeLimit + badger.Headroom, Clock: clock.System, Log: log, Low: low}
	if !c.Memory {
		w.Start()
	}
	return w
}

// properties returns what clients are told about the server.
func properties(c config.Config) amqp.Table {
	p := server.Properties(c.Product, c.Version, version())
	for name, value := range c.ServerProperties {
		p[name] = value
	}
	return p
}

func openStore(c config.Config, log zerolog.Logger) (store.Store, error) {
	if c.Memory {
		return store.NewMemory(), nil
	}
	return badger.Open(c.DataDir, badger.Options{Logger: log})
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
		failed = append(failed, l.Close())
	}
	return errors.Join(failed...)
}
