package server

import (
	"bytes"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/auth"
)

// external is the mechanism of clients whom a certificate has made known.
const external = "EXTERNAL"

// mechanisms are the SASL mechanisms on offer, the one most clients want first.
func (c *connection) mechanisms() []string {
	offered := []string{"PLAIN", "AMQPLAIN"}
	if c.certificate() != nil {
		offered = append(offered, external)
	}
	return offered
}

// errAccessRefused is a login that was not let in.
type errAccessRefused struct {
	user      string // who the client says it is
	mechanism string
	cause     error
}

func (e *errAccessRefused) Error() string { return e.cause.Error() }

// login finds out who the client is.
//
// spec: connection.start-ok
func (c *connection) login() error {
	c.state = stateStarting
	m, err := c.expect()
	if err != nil {
		return err
	}
	start, is := m.(*amqp.ConnectionStartOk)
	if !is {
		return c.misplaced(m)
	}
	c.clientProperties, c.mechanism = start.ClientProperties, start.Mechanism
	if name := c.clientName(); name != "" {
		c.log = c.log.With().Str("client", name).Logger()
	}
	c.mechanism = start.Mechanism
	if c.identity, err = c.identify(start); err != nil {
		c.server.logins.refused.Add(1)
		c.tellLogin(err)
		return withMethod(err, m.ID())
	}
	c.server.logins.admitted.Add(1)
	c.user = c.identity.User().Name
	c.log = c.log.With().Str("user", c.user).Logger()
	c.tellLogin(nil)
	return nil
}

// identify finds the user by what the client has sent, or by its certificate.
func (c *connection) identify(start *amqp.ConnectionStartOk) (identity auth.Identity, err error) {
	var name, password string
	backend, peer := c.server.Backend(), c.conn.RemoteAddr()
	switch certificate := c.certificate(); {
	case start.Mechanism == "PLAIN":
		name, password, err = plain(start.Response)
	case start.Mechanism == "AMQPLAIN":
		name, password, err = amqplain(start.Response)
	case start.Mechanism == external && certificate != nil:
		name = c.server.CertificateLogin.name(certificate)
		if identity, err = backend.LoginAs(name, peer); err != nil {
			err = &errAccessRefused{user: name, mechanism: start.Mechanism, cause: err}
		}
		return identity, err
	default:
		err = amqp.Errorf(amqp.CommandInvalid, "unknown authentication mechanism '%s'; offered are %v", start.Mechanism, c.mechanisms())
	}
	if err != nil {
		return nil, err
	}
	if identity, err = backend.Login(c.alive, name, password, peer); err != nil {
		err = &errAccessRefused{user: name, mechanism: start.Mechanism, cause: err}
	}
	return identity, err
}

// plain reads NUL user NUL password.
//
// rabbitmq: an authorization identity in front is not accepted.
func plain(response string) (user, password string, err error) {
	parts := bytes.Split([]byte(response), []byte{0})
	if len(parts) != 3 || len(parts[0]) != 0 {
		return "", "", amqp.Errorf(amqp.SyntaxError, "response of mechanism PLAIN is not NUL, user, NUL, password")
	}
	return string(parts[1]), string(parts[2]), nil
}

// amqplain reads a field table without its length.
func amqplain(response string) (user, password string, err error) {
	t, err := amqp.ParseTable([]byte(response))
	if err != nil {
		return "", "", amqp.Errorf(amqp.SyntaxError, "response of mechanism AMQPLAIN is not a field table: %v", err)
	}
	text := func(key string) string {
		switch v := t[key].(type) {
		case string:
			return v
		case []byte:
			return string(v)
		}
		err = amqp.Errorf(amqp.SyntaxError, "response of mechanism AMQPLAIN has no text %s", key)
		return ""
	}
	return text("LOGIN"), text("PASSWORD"), err
}

// capable reports whether the client has declared a capability.
func (c *connection) capable(name string) bool {
	t, _ := c.clientProperties["capabilities"].(amqp.Table)
	yes, _ := t[name].(bool)
	return yes
}

// refusal is what a client is told whose login failed.
//
// rabbitmq: the reason stays in the log
func (e *errAccessRefused) refusal() *amqp.Error {
	return amqp.Errorf(amqp.AccessRefused, "Login was refused using authentication mechanism %s. For details see the broker logfile.", e.mechanism)
}
