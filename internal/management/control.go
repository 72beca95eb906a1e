package management

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"

	"github.com/harebellmq/harebell/internal/auth"
)

// Control returns the handler for a socket that only those can open who may do
// everything: it has the whole API without a login, and ownResources besides. Who comes
// by anything but a unix socket is refused.
func (s *Server) Control() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); !ok || at.Network() != "unix" {
			errNoCredentials.write(w)
			return
		}
		route(s.control, "", w, r)
	})
}

// ownResources is the table of what RabbitMQ's command line tools do that its API does
// not offer. Only the control socket has it.
func (s *Server) ownResources() []resource {
	return []resource{
		{path: "/control/broker", who: administrators, get: s.getBroker},
		{path: "/control/settings", who: administrators, get: s.listSettings},
		{path: "/control/stop", who: administrators, post: s.stop},
		{path: "/control/log-level", who: administrators, put: s.putLogLevel},
		{path: "/control/memory-high-watermark", who: administrators, put: s.putMemoryLimit},
		{path: "/control/disk-free-limit", who: administrators, put: s.putDiskFreeLimit},
		{path: "/control/authentication", who: administrators, post: s.authenticate},
		{path: "/control/channel-max", who: administrators, put: s.putChannelMax},
		{path: "/control/loopback-users", who: administrators, put: s.putLoopbackUsers},
	}
}

// getBroker answers with which broker this is.
func (s *Server) getBroker(c *call) error {
	product, _ := s.broker.Presents()["product"].(string)
	own, _ := s.broker.Presents()["harebell"].(string)
	return c.write(struct {
		Node     string `json:"node"`
		PID      int    `json:"pid"`
		Product  string `json:"product"`
		Version  string `json:"version"` // that it presents itself as
		Harebell string `json:"harebell"`
	}{s.node, os.Getpid(), product, s.version(), own})
}

func (s *Server) listSettings(c *call) error {
	if s.options.Settings == nil {
		return errNotFound
	}
	return c.list(all(s.options.Settings()))
}

// stop has the broker end, in order.
func (s *Server) stop(c *call) error {
	if s.options.Stop == nil {
		return errNotFound
	}
	s.options.Stop()
	return c.done(false)
}

func (s *Server) putLogLevel(c *call) error {
	level, err := valueOf[string](c)
	if err != nil {
		return err
	}
	if s.options.SetLogLevel == nil || !s.options.SetLogLevel(level) {
		return badRequest(fmt.Sprintf("level %s is not supported. Try one of debug, info, warning, error, critical, none", level))
	}
	return c.done(false)
}

// putMemoryLimit sets above which memory publishers are blocked.
func (s *Server) putMemoryLimit(c *call) error {
	octets, err := s.octets(c)
	if err != nil {
		return err
	}
	if s.options.Memory == nil {
		return badRequest("nobody watches the memory of this broker")
	}
	s.options.Memory.SetLimit(octets)
	return c.done(false)
}

// putDiskFreeLimit sets below which room on the disk publishers are blocked.
func (s *Server) putDiskFreeLimit(c *call) error {
	octets, err := s.octets(c)
	if err != nil {
		return err
	}
	if s.options.Disk == nil || s.options.DataDir == "" {
		return badRequest("this broker keeps everything in memory: there is no disk to watch")
	}
	s.options.Disk.SetLimit(octets)
	return c.done(false)
}

// octets reads how many octets a body means, which may be a part of the machine's
// memory.
func (s *Server) octets(c *call) (int64, error) {
	b, err := c.body()
	if err != nil {
		return 0, err
	}
	var octets int64
	var relative float64
	switch {
	case b.has("octets") && json.Unmarshal(b["octets"], &octets) == nil && octets > 0:
		return octets, nil
	case !b.has("relative") || json.Unmarshal(b["relative"], &relative) != nil || relative < 0:
		return 0, badRequest("want octets, or relative to the memory of the machine")
	case s.options.MachineMemory == 0:
		return 0, badRequest("the memory of this machine is not known: want octets")
	}
	return int64(min(relative*float64(s.options.MachineMemory), math.MaxInt64/2)), nil
}

// authenticate finds out whether somebody could log in with a name and a password.
func (s *Server) authenticate(c *call) error {
	b, err := c.body("username", "password")
	if err != nil {
		return err
	}
	texts, err := b.texts("username", "password")
	if err != nil {
		return err
	}
	_, err = s.broker.Backend().Login(c.Context(), texts[0], texts[1], nil)
	if err != nil && !errors.Is(err, auth.ErrRefused) {
		return err
	}
	return c.write(struct {
		OK bool `json:"ok"`
	}{err == nil})
}

// putChannelMax sets how many channels connections may have that are opened from now on.
func (s *Server) putChannelMax(c *call) error {
	most, err := valueOf[uint16](c)
	if err != nil {
		return err
	}
	s.broker.SetChannelMax(most)
	return c.done(false)
}

// putLoopbackUsers sets who may log in from this machine only.
func (s *Server) putLoopbackUsers(c *call) error {
	names, err := valueOf[[]string](c)
	if err != nil {
		return err
	}
	s.users.SetLoopbackOnly(names)
	return c.done(false)
}

// valueOf reads the value that a body sets something to.
func valueOf[T any](c *call) (value T, err error) {
	b, err := c.body("value")
	if err != nil {
		return value, err
	}
	if json.Unmarshal(b["value"], &value) != nil {
		return value, badRequest(fmt.Sprintf("value is %s: want %T", b["value"], value))
	}
	return value, nil
}
