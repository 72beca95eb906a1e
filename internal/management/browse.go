package management

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// RabbitMQ shows messages only by getting them, which marks them as redelivered, and
// moves all of a queue or none. These resources are our own:
//
//	GET    /api/messages/{vhost}/{queue}            ?from= &count= &truncate=
//	GET    /api/messages/{vhost}/{queue}/{id}       ?truncate=
//	DELETE /api/messages/{vhost}/{queue}/{id}
//	POST   /api/messages/{vhost}/{queue}/{id}/move  {"queue"} or {"exchange", "routing_key"}, "forget_deaths"
//	POST   /api/messages/{vhost}/{queue}/{id}/copy  the same
//
// Looking changes nothing in the queue. Who looks or removes may read from the queue,
// who moves may also write to where the message goes.

const (
	// browseUsual and browseMost are how many messages are shown if the query does not
	// say how many, and at most; browseBytes is how much of them altogether.
	browseUsual = 50
	browseMost  = 500
	browseBytes = 8 << 20

	// previewUsual is how many octets of each body are shown unless the query says
	// otherwise.
	previewUsual = 4 << 10
)

// A browsedMessage is how a message is shown that stays in its queue.
type browsedMessage struct {
	ID              string `json:"id"` // of a stream, its offset
	Exchange        string `json:"exchange"`
	RoutingKey      string `json:"routing_key"`
	Redelivered     bool   `json:"redelivered"`
	Expires         int64  `json:"expires,omitempty"`   // Unix milliseconds
	Published       int64  `json:"published,omitempty"` // the same, of a stream
	PayloadBytes    int    `json:"payload_bytes"`
	Payload         string `json:"payload"`
	PayloadEncoding string `json:"payload_encoding"`
	Properties      any    `json:"properties"`
}

// A browsedQueue is some messages of a queue. Next is what to go on from.
type browsedQueue struct {
	Messages []browsedMessage `json:"messages"`
	Next     *string          `json:"next"`
	First    *string          `json:"first_offset,omitempty"` // of a stream
	Last     *string          `json:"last_offset,omitempty"`
}

// An id names a message in its queue: the offset in a stream, otherwise the number in
// its priority, which comes first if it is not 0: "5.17". As one number it would be
// more than JavaScript can count.
type id struct{ stream bool }

func idsOf(q queue.Queue) id { return id{q.Declaration().Type() == queue.Stream} }

func (i id) text(number uint64) *string {
	lane, n := number>>store.LaneShift, number&(1<<store.LaneShift-1)
	text := strconv.FormatUint(n, 10)
	switch {
	case i.stream:
		text = strconv.FormatUint(number-1, 10)
	case lane > 0:
		text = strconv.FormatUint(lane, 10) + "." + text
	}
	return &text
}

// number returns what a text names, and false if it is no id.
func (i id) number(text string) (uint64, bool) {
	priority, n, two := strings.Cut(text, ".")
	if !two {
		priority, n = "0", text
	}
	lane, err1 := strconv.ParseUint(priority, 10, 8)
	number, err2 := strconv.ParseUint(n, 10, store.LaneShift)
	if err1 != nil || err2 != nil || i.stream && two {
		return 0, false
	}
	if i.stream {
		return number + 1, true
	}
	return lane<<store.LaneShift | number, true
}

// look reads from the query what is wanted.
func (c *call) look(ids id) (want queue.Look, truncate int, err error) {
	want = queue.Look{Messages: browseUsual, Bytes: browseBytes}
	query := c.URL.Query()
	if text := query.Get("count"); text != "" {
		if want.Messages, err = strconv.Atoi(text); err != nil || want.Messages < 1 || want.Messages > browseMost {
			return want, 0, badRequest("count is '" + text + "': want a number from 1 to " + strconv.Itoa(browseMost))
		}
	}
	if truncate, err = c.truncate(previewUsual); err != nil {
		return want, 0, err
	}
	switch from := query.Get("from"); from {
	case "", "first":
	case "last":
		want.Newest = true
	default:
		number, ok := ids.number(from)
		if !ok {
			return want, 0, badRequest("from is '" + from + "': want first, last, or the id of a message")
		}
		want.From = number
	}
	return want, truncate, nil
}

// truncate reads from the query how many octets of a body are shown.
func (c *call) truncate(usual int) (int, error) {
	text := c.URL.Query().Get("truncate")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, badRequest("truncate is '" + text + "': want a number of octets")
	}
	return n, nil
}

// browse shows messages.
func (s *Server) browse(c *call) error {
	return c.browsing(func(_ *server.Visit, q queue.Queue) error {
		ids := idsOf(q)
		want, truncate, err := c.look(ids)
		if err != nil {
			return err
		}
		seen, err := q.Peek(want)
		if err != nil {
			return err
		}
		shown := browsedQueue{Messages: []browsedMessage{}}
		for i := range seen.Entries {
			m, err := showBrowsed(ids, &seen.Entries[i], truncate)
			if err != nil {
				return err
			}
			shown.Messages = append(shown.Messages, m)
		}
		if seen.Next != 0 {
			shown.Next = ids.text(seen.Next)
		}
		if seen.First != 0 {
			shown.First, shown.Last = ids.text(seen.First), ids.text(seen.Last)
		}
		return c.write(shown)
	})
}

func showBrowsed(ids id, e *queue.Entry, truncate int) (browsedMessage, error) {
	m := e.Outgoing()
	got, err := getting{truncate: truncate}.show(m, e.Redelivered, 0)
	if err != nil {
		return browsedMessage{}, err
	}
	shown := browsedMessage{
		ID: *ids.text(e.Number()), Exchange: got.Exchange, RoutingKey: got.RoutingKey, Redelivered: got.Redelivered,
		PayloadBytes: got.PayloadBytes, Payload: got.Payload, PayloadEncoding: got.PayloadEncoding, Properties: got.Properties,
	}
	if ids.stream {
		shown.Published = e.Expires()
	} else {
		shown.Expires = e.Expires()
	}
	return shown, nil
}

// browsing finds the queue of the path for a user who may read from it.
func (c *call) browsing(do func(*server.Visit, queue.Queue) error) error {
	if _, _, err := c.queue(); err != nil {
		return err
	}
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		q, err := visit.Queue(c.name("queue"))
		if err != nil {
			return err
		}
		return do(visit, q)
	})
}

// message is browsing for the message of the path.
func (c *call) message(do func(visit *server.Visit, q queue.Queue, number uint64) error) error {
	return c.browsing(func(visit *server.Visit, q queue.Queue) error {
		number, ok := idsOf(q).number(c.name("id"))
		if !ok {
			return errNotFound
		}
		return do(visit, q, number)
	})
}

// getBrowsed shows one message, whole unless the query says otherwise.
func (s *Server) getBrowsed(c *call) error {
	return c.message(func(visit *server.Visit, q queue.Queue, number uint64) error {
		truncate, err := c.truncate(-1)
		if err != nil {
			return err
		}
		e, err := visit.Message(q, number)
		switch {
		case err != nil:
			return err
		case e == nil:
			return errNotFound
		}
		shown, err := showBrowsed(idsOf(q), e, truncate)
		if err != nil {
			return err
		}
		return c.write(shown)
	})
}

func (s *Server) deleteBrowsed(c *call) error {
	return c.message(func(visit *server.Visit, q queue.Queue, number uint64) error {
		found, err := visit.Remove(q, number)
		switch {
		case err != nil:
			return err
		case !found:
			return errNotFound
		}
		return c.done(false)
	})
}

// moveBrowsed moves a message: it is removed when it has arrived.
func (s *Server) moveBrowsed(c *call) error {
	return c.message(func(visit *server.Visit, q queue.Queue, number uint64) error {
		to, err := c.place()
		if err != nil {
			return err
		}
		found, err := visit.Move(q, number, to)
		return c.moved(found, err)
	})
}

// copyBrowsed is moveBrowsed for a message that stays.
func (s *Server) copyBrowsed(c *call) error {
	return c.message(func(visit *server.Visit, q queue.Queue, number uint64) error {
		to, err := c.place()
		if err != nil {
			return err
		}
		e, err := visit.Message(q, number)
		if err == nil && e != nil {
			err = visit.Copy(e.Message, to)
		}
		return c.moved(e != nil, err)
	})
}

// moved answers whether a message has arrived.
func (c *call) moved(found bool, err error) error {
	switch {
	case errors.Is(err, server.ErrUnroutable), errors.Is(err, server.ErrRefused):
		return &refusal{status: http.StatusConflict, code: "not_moved", reason: err.Error() + "; the message is where it was"}
	case err != nil:
		return err
	case !found:
		return errNotFound
	}
	return c.done(false)
}

// place reads where a message is to go.
func (c *call) place() (to server.Place, err error) {
	b, err := c.body()
	if err != nil {
		return to, err
	}
	texts, err := b.texts("queue", "exchange", "routing_key")
	if err != nil {
		return to, err
	}
	to = server.Place{Queue: texts[0], Exchange: texts[1], Key: texts[2]}
	if to.Exchange == defaultExchange {
		to.Exchange = ""
	}
	if to.ForgetDeaths, err = b.flag("forget_deaths"); err != nil {
		return to, err
	}
	if (to.Queue != "") == b.has("exchange") {
		return to, badRequest("where to? want queue, or exchange and routing_key")
	}
	if err := isShort("queue", to.Queue); err != nil {
		return to, err
	}
	return to, isShort("routing_key", to.Key)
}
