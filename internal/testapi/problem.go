package testapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

// A Problem is the answer to what could not be done.
type Problem struct {
	Status int    `json:"-"` // of HTTP
	Code   string `json:"error"`
	Reason string `json:"reason"` // what was wrong, and what would be right
}

// The codes of problems.
const (
	BadRequest       = "bad_request"        // 400, and 413 for a body that is too large
	Forbidden        = "forbidden"          // 403: a web page asks that is not to
	NotFound         = "not_found"          // 404: the reason lists what there is
	MethodNotAllowed = "method_not_allowed" // 405
	NotMet           = "not_met"            // 409: what was awaited has not come in time
	CheckFailed      = "check_failed"       // 409: messages were lost
	Conflict         = "conflict"           // 409: the broker is in no state for it
	Failed           = "failed"             // 500: it was done, and something went wrong
	Down             = "broker_down"        // 503: it was killed
)

// Error returns the reason.
func (p *Problem) Error() string { return p.Reason }

func badRequest(format string, args ...any) error {
	return &Problem{http.StatusBadRequest, BadRequest, fmt.Sprintf(format, args...)}
}

// problem makes a problem of an error.
func problem(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	reason := reason(err)
	switch {
	case errors.Is(err, amqptest.ErrNotFound):
		return &Problem{http.StatusNotFound, NotFound, reason}
	case errors.Is(err, amqptest.ErrDown), errors.Is(err, amqptest.ErrClosed):
		return &Problem{http.StatusServiceUnavailable, Down, reason}
	case errors.As(err, new(late)):
		return &Problem{http.StatusConflict, NotMet, reason}
	}
	return &Problem{http.StatusConflict, Conflict, reason}
}

// reason returns the text of an error of amqptest, without its name.
func reason(err error) string { return strings.ReplaceAll(err.Error(), "amqptest: ", "") }

// late is the error of what has not come in so much time.
type late time.Duration

func (l late) Error() string { return fmt.Sprintf("not within %v", time.Duration(l)) }
