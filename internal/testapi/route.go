package testapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A Route is something that can be asked of the API.
type Route struct {
	Method string `json:"method"`
	Path   string `json:"path"`            // names in braces stand for one segment each
	Query  string `json:"query,omitempty"` // the parameters there are, with commas
	Takes  string `json:"takes,omitempty"` // an example of the body
	Does   string `json:"does"`

	handle handle
}

// A handle answers a request: with what becomes JSON, or nil for nothing to say.
type handle func(h *Handler, r *http.Request) (any, error)

// Routes returns all routes.
func Routes() []Route {
	return []Route{
		{"GET", "/api/test", "", "", "where clients find the broker, and these routes", (*Handler).index},

		{"GET", "/api/test/clock", "", "", "the broker's time", (*Handler).clock},
		{"POST", "/api/test/clock/advance", "", `{"by": "1h30m"}`, "moves the clock on, and returns when all that became due is done", (*Handler).advance},
		{"POST", "/api/test/clock/set", "", `{"to": "2040-01-01T00:00:00Z"}`, "the same, to a time that is later than now", (*Handler).setClock},

		{"GET", "/api/test/vhosts", "", "", "the virtual hosts, with the URL of each", (*Handler).vhosts},
		{"POST", "/api/test/vhosts", "", "", "makes one with a name that nobody else has", (*Handler).createVHost},
		{"DELETE", "/api/test/vhosts/{vhost}", "", "", "deletes one with all that is in it and its faults, and closes its connections", (*Handler).deleteVHost},
		{"POST", "/api/test/reset", "", `{"vhost": "/"}`, "empties a virtual host: no queues, bindings, exchanges; connections stay", (*Handler).reset},

		{"GET", "/api/test/snapshots", "", "", "the snapshots there are: the last 100", (*Handler).listSnapshots},
		{"POST", "/api/test/snapshots", "", `{"vhost": "/"}`, "notes all that is in a virtual host, messages included", (*Handler).takeSnapshot},
		{"POST", "/api/test/snapshots/{id}/restore", "", `{"vhost": "/"}`, "empties a virtual host, and fills it from a snapshot; its own unless another is named", (*Handler).restoreSnapshot},
		{"DELETE", "/api/test/snapshots/{id}", "", "", "forgets a snapshot", (*Handler).deleteSnapshot},

		{"GET", "/api/test/queues", "", "", "the queues of all virtual hosts, with their numbers of messages and consumers", (*Handler).allQueues},
		{"GET", "/api/test/queues/{vhost}", "", "", "those of one", (*Handler).queues},
		{"GET", "/api/test/queues/{vhost}/{queue}", "", "", "one queue", (*Handler).queue},
		{"GET", "/api/test/queues/{vhost}/{queue}/messages", "count", "", "the first messages that are ready, 100 unless count says otherwise; they stay", (*Handler).messages},
		{"GET", "/api/test/exchanges", "", "", "the exchanges of all virtual hosts, with their bindings", (*Handler).allExchanges},
		{"GET", "/api/test/exchanges/{vhost}", "", "", "those of one", (*Handler).exchanges},
		{"GET", "/api/test/exchanges/{vhost}/{exchange}", "", "", "one exchange; the default one is amq.default", (*Handler).exchange},

		{"POST", "/api/test/publish", "", `{"vhost": "/", "exchange": "", "routing_key": "orders", "properties": {"delivery_mode": 2, "headers": {"n": 1}}, "payload": "text", "payload_encoding": "string"}`,
			"publishes a message, and returns when its queues have it", (*Handler).publish},
		{"POST", "/api/test/purge", "", `{"vhost": "/", "queue": "orders"}`, "drops the messages of a queue that are ready", (*Handler).purge},
		{"POST", "/api/test/await", "", `{"vhost": "/", "queue": "orders", "messages": 3, "messages_ready": 2, "messages_unacknowledged": 1, "consumers": 1, "timeout": "5s"}`,
			"returns when a queue has these numbers, those that are given", (*Handler).await},
		{"POST", "/api/test/idle", "", `{"timeout": "5s"}`, "returns when all that clients have sent is carried out, and all there is to tell them written", (*Handler).idle},

		{"GET", "/api/test/journal", "kind,vhost,exchange,routing_key,queue,client,body,after,limit,wait,timeout", "",
			"what has happened to which message; with wait returns when so many events are there", (*Handler).journal},
		{"DELETE", "/api/test/journal", "", "", "forgets what has happened", (*Handler).eraseJournal},
		{"GET", "/api/test/journal/check", "vhost", "", "fails if a delivery was left unacked, or a message went to no queue", (*Handler).check},

		{"GET", "/api/test/faults", "", "", "the faults that are injected, with how often each has happened", (*Handler).listFaults},
		{"POST", "/api/test/faults", "", `{"fault": "nack publish", "exchange": "orders", "times": 2}`, "has something go wrong; the table of faults says what", (*Handler).addFault},
		{"GET", "/api/test/faults/{id}", "", "", "one fault", (*Handler).fault},
		{"DELETE", "/api/test/faults/{id}", "", "", "ends a fault; what it has blocked goes on", (*Handler).deleteFault},
		{"DELETE", "/api/test/faults", "", "", "ends all faults", (*Handler).deleteFaults},

		{"PUT", "/api/test/alarms/{resource}", "", "", "has the broker be short of disk, memory or whatever: publishers are blocked", (*Handler).setAlarm},
		{"DELETE", "/api/test/alarms/{resource}", "", "", "ends that", (*Handler).clearAlarm},
		{"POST", "/api/test/disk/fail", "", `{"reason": "no space left on device"}`, "has all writes fail until a restart; with --memory only", (*Handler).failDisk},
		{"GET", "/api/test/connections", "", "", "the connections that are open", (*Handler).connections},
		{"DELETE", "/api/test/connections", "", "", "cuts them all without a word", (*Handler).cutConnections},
		{"POST", "/api/test/restart", "", "", "stops the broker in order and starts it again; what is not durable is gone", (*Handler).restart},
		{"POST", "/api/test/kill", "", "", "ends the broker as kill -9 would, until restart", (*Handler).kill},
	}
}

// route answers a request by the route that it is for. http.ServeMux does not know
// a segment that is a slash, as the name of the virtual host / is.
func (h *Handler) route(w http.ResponseWriter, r *http.Request) (any, error) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // without the body, which net/http sees to
	}
	var others []string // methods of the path
	for _, route := range Routes() {
		names, ok := route.match(r.URL.EscapedPath())
		switch {
		case !ok:
		case route.Method != method:
			others = append(others, route.Method)
		default:
			r.Pattern = route.Path
			for name, value := range names {
				r.SetPathValue(name, value)
			}
			return route.answer(h, r)
		}
	}
	if len(others) > 0 {
		allowed := strings.Join(others, ", ")
		w.Header().Set("Allow", allowed)
		return nil, &Problem{http.StatusMethodNotAllowed, MethodNotAllowed, fmt.Sprintf("%s %s: want %s", r.Method, r.URL.EscapedPath(), allowed)}
	}
	return nil, &Problem{http.StatusNotFound, NotFound, r.URL.EscapedPath() + ": there is no such path: GET /api/test lists those there are"}
}

// match reports whether a path, with its escapes, is that of the route, and returns
// the names that it has in the place of braces.
func (route Route) match(path string) (names map[string]string, ok bool) {
	segments, pattern := strings.Split(path, "/"), strings.Split(route.Path, "/")
	if len(segments) != len(pattern) {
		return nil, false
	}
	names = make(map[string]string)
	for i, segment := range segments {
		name, variable := strings.CutPrefix(pattern[i], "{")
		value, err := url.PathUnescape(segment)
		switch {
		case err != nil, variable && value == "", !variable && value != name:
			return nil, false
		case variable:
			names[strings.TrimSuffix(name, "}")] = value
		}
	}
	return names, true
}

// answer answers a request, if it has no parameters that the route does not know.
func (route Route) answer(h *Handler, r *http.Request) (any, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("query: %v", err)
	}
	known := strings.Split(route.Query, ",")
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case route.Query == "":
			return nil, badRequest("parameter %q: %s %s takes none", name, route.Method, route.Path)
		case !slices.Contains(known, name):
			return nil, badRequest("parameter %q: want some of %s", name, strings.Join(known, ", "))
		}
	}
	return route.handle(h, r)
}

// created is the answer to what has made something.
type created struct{ what any }

// write writes an answer, or what is wrong.
func write(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		p := problem(err)
		status, answer = p.Status, p
	} else if made, ok := answer.(created); ok {
		status, answer = http.StatusCreated, made.what
	}
	w.Header().Set("Cache-Control", "no-store")
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError) // no answer has what JSON has not
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // whoever has gone does not miss it
}

// An Index says what the API is about.
type Index struct {
	URL    string  `json:"url"` // of the default virtual host
	Routes []Route `json:"routes"`
}

func (h *Handler) index(r *http.Request) (any, error) {
	return Index{URL: h.vhostURL(r, h.broker.Name()), Routes: Routes()}, nil
}
