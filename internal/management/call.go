package management

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/auth"
)

// A call is one request of a user.
type call struct {
	*http.Request
	server *Server
	w      http.ResponseWriter
	local  bool // it has come by the control socket, and needs no login

	// who asks, once that is known
	identity auth.Identity
	user     auth.User
}

// carryOut lets the user in and does what was asked for.
func (c *call) carryOut(who rule, do action) error {
	if err := c.login(); err != nil {
		return err
	}
	if err := who(c); err != nil {
		return err
	}
	return do(c)
}

// login finds out who the user is.
//
// rabbitmq: a token may come as such, or as a password; whose it is it says itself.
func (c *call) login() error {
	if c.local {
		c.identity, c.user = auth.Local{}, auth.Local{}.User()
		return nil
	}
	name, password, ok := c.BasicAuth()
	if !ok {
		password, ok = c.bearer()
	}
	if !ok {
		return errNoCredentials
	}
	identity, err := c.server.broker.Backend().Login(c.Context(), name, password, c.peer())
	if err == nil {
		c.server.admitted.Add(1)
	} else {
		c.server.turnedAway.Add(1)
		c.server.log.Warn().Err(err).Str("peer", c.RemoteAddr).Msg("HTTP access denied")
	}
	switch {
	case errors.Is(err, auth.ErrNotLocal):
		return notAuthorised("User can only log in via localhost")
	case err != nil:
		return errWrongCredentials
	}
	c.identity, c.user = identity, identity.User()
	return nil
}

// bearer returns the token that the request bears.
//
// RFC 6750, 2.1
func (c *call) bearer() (token string, ok bool) {
	scheme, token, ok := strings.Cut(c.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// An operator is a user of the API as who changes things.
type operator string

// User implements audit.Actor.
func (o operator) User() string { return string(o) }

// Process implements audit.Actor: an operator has no connection.
func (o operator) Process() audit.Process { return audit.Process{} }

func (c *call) operator() operator { return operator(c.user.Name) }

// name returns the name that stands for a variable of the resource's path.
func (c *call) name(variable string) string {
	name, err := url.PathUnescape(c.PathValue(variable))
	if err != nil {
		panic(fmt.Sprintf("unescape %q: %v", c.PathValue(variable), err)) // it was escaped by net/url
	}
	return name
}

// peer returns where the request comes from, which is nil for a pipe.
func (c *call) peer() net.Addr {
	peer, err := netip.ParseAddrPort(c.RemoteAddr)
	if err != nil {
		return nil
	}
	return net.TCPAddrFromAddrPort(peer)
}

// answer answers with those fields of a value that the query's columns name.
func (c *call) answer(value any) error { return c.write(c.columns().of(value)) }

// write answers with a value.
func (c *call) write(value any) error { return c.writeAs(http.StatusOK, value) }

// writeAs is write with another status.
func (c *call) writeAs(status int, value any) error {
	body := marshal(value)
	c.w.Header().Set("content-length", strconv.Itoa(len(body)))
	c.begin(status)
	c.w.Write(body) // if it fails nobody listens any more
	return nil
}

// begin begins an answer of JSON.
func (c *call) begin(status int) {
	h := c.w.Header()
	h.Set("content-type", "application/json")
	h.Set("cache-control", "no-cache")
	h.Set("vary", vary)
	c.w.WriteHeader(status)
}

// vary is the header of that name.
const vary = "accept, accept-encoding, origin"

// done answers that something was created, or changed.
func (c *call) done(created bool) error {
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	c.w.Header().Set("vary", vary)
	c.w.WriteHeader(status)
	c.server.log.Info().Str("user", c.user.Name).Str("method", c.Method).Str("path", c.URL.Path).Msg("administered")
	return nil
}
