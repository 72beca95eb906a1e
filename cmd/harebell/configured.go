package main

import (
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/compat/follow"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/store/badger"
)

// managed is what the management API is told of the broker.
func managed(c config.Config, log zerolog.Logger, again *reloader, w *watches, end func(), open *doors) management.Options {
	o := management.Options{
		Node: c.NodeName(), Log: log, Memory: w.memory, Disk: w.disk, MachineMemory: machineMemory(),
		Listeners: open.listed(), PathPrefix: c.Management.PathPrefix, Certificates: open.certificates.shown,
		Settings: again.settings, SetLogLevel: changeLogLevel, Stop: end,
	}
	if !c.Memory {
		o.DataDir = c.DataDir
	}
	return o
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
func bodies(c config.Config) int64 { return c.Bodies(machineMemory()) }

// eventVHost is the virtual host with the exchange for events.
func eventVHost(c config.Config) string {
	if c.EventVHost == "" {
		return c.DefaultVHost
	}
	return c.EventVHost
}

// defaultUser is the user of a broker that has none yet.
func defaultUser(c config.Config) (auth.User, auth.Permissions) {
	user := auth.User{Name: c.DefaultUser, Tags: c.DefaultUserTags}.WithPassword(c.DefaultPass)
	may := c.DefaultPermissions
	return user, auth.Permissions{User: user.Name, VHost: c.DefaultVHost, Configure: may.Configure, Write: may.Write, Read: may.Read}
}

// configure has a server do as the settings say.
func configure(s *server.Server, c config.Config) {
	s.Users.LoopbackOnly = c.LoopbackUsers
	s.FrameMax = c.FrameMax
	s.ChannelMax = c.ChannelMax
	s.Heartbeat = orNone(c.Heartbeat)
	s.MaxMessageSize = c.MaxMessageSize
	s.Limits = limits(c)
	s.HandshakeTimeout = c.HandshakeTimeout
	s.ConsumerTimeout = orNone(c.ConsumerTimeout)
	s.Node = c.NodeName()
	s.CertificateLogin = server.CertificateLogin(c.TLS.LoginFrom)
	s.Properties = properties(c)
	follow.InServer(c.Compat, s)
}

// limits are of what clients open.
func limits(c config.Config) server.Limits {
	return server.Limits{Connections: c.ConnectionMax, Channels: c.ChannelsMax, ConsumersPerChannel: c.ConsumersMax}
}

// change has a server that runs do as the settings say now: those that may change.
func change(s *server.Server, c config.Config) {
	setLogLevel(c.LogLevel)
	s.SetLimits(limits(c))
	s.Users.SetLoopbackOnly(c.LoopbackUsers)
}

// orNone is how a server is told of a time that is 0 for none: its own zero is the
// default.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func machineMemory() int64 { return config.MachineMemory(os.DirFS("/")) }

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
