package testapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/internal/amqpjson"
)

const (
	// bodyMost is how many octets a request may have.
	bodyMost = 16 << 20

	// patience is how long is waited unless a request says otherwise, and
	// patienceMost the most that it may say.
	patience     = 10 * time.Second
	patienceMost = 10 * time.Minute
)

// read reads the body of a request into a struct. Nothing is an empty object.
func read(r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyMost))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return &Problem{http.StatusRequestEntityTooLarge, BadRequest, fmt.Sprintf("the body has more than %d octets: want fewer", bodyMost)}
	case err != nil:
		return badRequest("read the body: %v", err)
	case len(body) == 0:
		return nil
	}
	if err := amqpjson.Decode(body, v); err != nil {
		return badRequest("%v", err)
	}
	return nil
}

// readNothing is for requests that take nothing.
func readNothing(r *http.Request) error { return read(r, new(struct{})) }

// number returns a parameter that is a number from least to most.
func number(r *http.Request, name string, standard, least, most int) (int, error) {
	query := r.URL.Query()
	if !query.Has(name) {
		return standard, nil
	}
	text := query.Get(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badRequest("%s %q: want a whole number from %d to %d", name, text, least, most)
	}
	return n, nil
}

// A Duration is written as text, such as "1h30m" or "500ms".
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return wrongDuration(string(data))
	}
	return d.parse(text)
}

func (d *Duration) parse(text string) error {
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return wrongDuration(strconv.Quote(text))
	}
	*d = Duration(parsed)
	return nil
}

func wrongDuration(got string) error {
	return badRequest(`got %s: want a duration as text, such as "500ms", "10s" or "1h30m"`, got)
}

// waiting returns the context of a request that waits for so long, or for the
// usual time if it does not say.
func waiting(r *http.Request, timeout Duration) (context.Context, context.CancelFunc, error) {
	d := time.Duration(timeout)
	if d == 0 {
		d = patience
	}
	if d < 0 || d > patienceMost {
		return nil, nil, badRequest("timeout %v: want more than 0, and %v at most", d, patienceMost)
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), d, late(d))
	return ctx, cancel, nil
}

// vhost returns the virtual host of that name, the default one for no name.
func (h *Handler) vhost(name string) (*amqptest.VirtualHost, error) {
	if name == "" {
		name = h.broker.Name()
	}
	return h.broker.FindVHost(name)
}
