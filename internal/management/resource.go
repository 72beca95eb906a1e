package management

import (
	"net/http"
	"strings"
)

// A resource is a path of the API: who may use it, and what each verb does there,
// nil for nothing.
type resource struct {
	path   string // a pattern of http.ServeMux
	who    rule
	public bool // nobody need log in

	get, put, post, delete action
}

// An action carries out a call. Its error, if it is a *refusal, is the client's
// answer.
type action func(*call) error

// allowed lists the verbs there are.
//
// rabbitmq: their order
func (r *resource) allowed() string {
	var verbs []string
	for _, v := range []struct {
		verb string
		do   action
	}{{"HEAD", r.get}, {"GET", r.get}, {"POST", r.post}, {"PUT", r.put}, {"DELETE", r.delete}} {
		if v.do != nil {
			verbs = append(verbs, v.verb)
		}
	}
	return strings.Join(append(verbs, "OPTIONS"), ", ")
}

// action returns what a verb does, nil for nothing.
func (r *resource) action(verb string) action {
	switch verb {
	case http.MethodGet, http.MethodHead:
		return r.get
	case http.MethodPut:
		return r.put
	case http.MethodPost:
		return r.post
	case http.MethodDelete:
		return r.delete
	}
	return nil
}

// A served resource is one of a server. It is an http.Handler.
type served struct {
	resource
	server *Server
	local  bool // of the control socket
}

// ServeHTTP implements http.Handler.
//
// rabbitmq: the verb is looked at before the user; nobody need log in for OPTIONS
func (r *served) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	do := r.action(request.Method)
	switch {
	case request.Method == http.MethodOptions:
		w.Header().Set("allow", r.allowed())
		w.WriteHeader(http.StatusOK)
		return
	case do == nil:
		w.Header().Set("allow", r.allowed())
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	c := &call{Request: request, server: r.server, w: w, local: r.local}
	var err error
	if r.public {
		err = do(c)
	} else {
		err = c.carryOut(r.who, do)
	}
	if err != nil {
		c.refuse(err)
	}
}
