package management

import (
	"errors"
	"net/http"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/vhost"
)

// visit does something in the virtual host of the path, as a channel of the user
// would.
func (c *call) visit(do func(*vhost.VirtualHost, *server.Visit) error) error {
	v, err := c.server.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNoVHost
	}
	visit, err := c.server.broker.Visit(c.identity, v.Name())
	if err != nil {
		return refused(err)
	}
	defer visit.Leave()
	return refused(do(v, visit))
}

// refused makes the refusal of an error that a client of AMQP would have been told.
//
// rabbitmq: of what is not allowed it does not say more
func refused(err error) error {
	told, ok := errors.AsType[*amqp.Error](err)
	switch {
	case !ok:
		return err
	case told.Code == amqp.AccessRefused || told.Code == amqp.NotAllowed:
		return notAuthorised("Access refused.")
	case told.Code == amqp.NotFound:
		return &refusal{status: http.StatusNotFound, code: "not_found", reason: told.Text}
	}
	return badRequest(told.Text)
}
