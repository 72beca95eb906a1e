// Package testapi is what amqptest gives a Go test, over HTTP for tests in every
// other language: a clock to move on, a journal to read, faults to make.
//
//	POST /api/test/clock/advance   {"by": "1h"}
//	POST /api/test/await           {"queue": "orders", "messages_ready": 3, "timeout": "5s"}
//	GET  /api/test/journal?kind=delivered&queue=orders
//
// JSON goes in and comes out, spelled as by RabbitMQ's management API; in paths the
// virtual host / is %2F. What is wrong is answered with an error and a reason that
// says what would be right: see Problem. All routes are in Routes.
//
// There are neither users nor passwords: whoever reaches the API may do everything
// with the broker. Only web pages of other origins may not.
package testapi

import (
	"net/http"
	"net/url"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

// A Handler is the API of a broker.
type Handler struct {
	broker    *amqptest.Broker
	url       url.URL
	origins   *http.CrossOriginProtection
	snapshots snapshots
	faults    faults
}

// New returns the API of a broker. amqp is where clients find that, with user and
// password, and without a virtual host; if the host is unspecified, such as
// 0.0.0.0, each client is told the one by which it has found the API.
func New(b *amqptest.Broker, amqp url.URL) *Handler {
	return &Handler{broker: b, url: amqp, origins: http.NewCrossOriginProtection()}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.origins.Check(r); err != nil {
		write(w, nil, &Problem{http.StatusForbidden, Forbidden, "a web page of another origin may not use this API"})
		return
	}
	answer, err := h.route(w, r)
	write(w, answer, err)
}
