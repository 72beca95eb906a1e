package management

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// A refusal is an answer that says why not.
type refusal struct {
	status int
	code   string // of the error, "" for no body
	reason any    // text, or a list
	ask    bool   // for other credentials
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %v", r.code, r.reason) }

// The refusals that are always the same.
//
// rabbitmq: also of things that are not there
var (
	errNotFound         = &refusal{status: http.StatusNotFound, code: "Object Not Found", reason: "Not Found"}
	errNoVHost          = &refusal{status: http.StatusNotFound, code: "not_found", reason: "vhost_not_found"}
	errNoCredentials    = &refusal{status: http.StatusUnauthorized, ask: true}
	errWrongCredentials = &refusal{status: http.StatusUnauthorized, code: "not_authorized", reason: "Not_Authorized", ask: true}
)

func notAuthorised(reason string) *refusal {
	return &refusal{status: http.StatusUnauthorized, code: "not_authorised", reason: reason}
}

// badRequest refuses with a text, or with several values as a list.
func badRequest(reason ...any) *refusal {
	r := &refusal{status: http.StatusBadRequest, code: "bad_request", reason: reason}
	if len(reason) == 1 {
		r.reason = reason[0]
	}
	return r
}

// write sends the refusal.
func (r *refusal) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("vary", vary)
	if r.ask {
		h.Set("www-authenticate", `Basic realm="RabbitMQ Management"`)
	}
	if r.code == "" {
		w.WriteHeader(r.status)
		return
	}
	body := marshal(struct {
		Error  string `json:"error"`
		Reason any    `json:"reason"`
	}{r.code, r.reason})
	h.Set("content-type", "application/json")
	h.Set("content-length", strconv.Itoa(len(body)))
	w.WriteHeader(r.status)
	w.Write(body) // if it fails nobody is there to be told
}

// refuse answers a call that has failed. What is no refusal is the broker's own
// trouble, and concerns the log.
func (c *call) refuse(err error) {
	if r, ok := errors.AsType[*refusal](err); ok {
		r.write(c.w)
		return
	}
	c.server.log.Error().Err(err).Str("method", c.Method).Str("path", c.URL.Path).Msg("request failed")
	r := &refusal{status: http.StatusInternalServerError, code: "internal_server_error", reason: "the broker failed; see its log"}
	r.write(c.w)
}

func notFound(w http.ResponseWriter, _ *http.Request) { errNotFound.write(w) }
