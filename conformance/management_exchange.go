package conformance

import (
	"encoding/json"
	"net/url"
	"strings"
)

func TestAPIExchanges(t T) {
	t.Parallel()
	const refused = `{"error":"not_authorised","reason":"Access refused."}`
	requests(t,
		request{"PUT", "exchanges/{v}/x", "", 201, ""},
		request{"PUT", "exchanges/{v}/x", `{}`, 204, ""},
		request{"PUT", "exchanges/{v}/x", `{"type":"topic"}`, 400, bad(`"inequivalent arg 'type' for exchange 'x' in vhost '{v}': received 'topic' but current is 'direct'"`)},
		request{"GET", "exchanges/{v}/x", "", 200, `{"name":"x","vhost":"{v}","type":"direct","durable":false,"auto_delete":false,"internal":false,"arguments":{}}`},
		request{"PUT", "exchanges/{v}/y", `{"type":"topic","durable":true,"auto_delete":true,"internal":true,"arguments":{"alternate-exchange":"x"}}`, 201, ""},
		request{"GET", "exchanges/{v}/y", "", 200, `{"type":"topic","durable":true,"auto_delete":true,"internal":true,"arguments":{"alternate-exchange":"x"}}`},
		request{"PUT", "exchanges/{v}/z", `{"type":"round"}`, 400, ""},
		request{"PUT", "exchanges/{v}/amq.x", "", 401, refused},
		request{"PUT", "exchanges/{v}/amq.direct", `{"durable":true}`, 204, ""},
		request{"PUT", "exchanges/{v}/amq.default", "", 401, refused},
		request{"GET", "exchanges/{v}/amq.default", "", 200, `{"name":"","type":"direct","durable":true}`},
		request{"DELETE", "exchanges/{v}/amq.direct", "", 401, refused},
		request{"DELETE", "exchanges/{v}/amq.default", "", 401, refused},
		request{"POST", "bindings/{v}/e/x/e/y", "", 201, ""},
		request{"DELETE", "exchanges/{v}/x?if-unused=true", "", 400, bad(`"exchange 'x' in vhost '{v}' in use"`)},
		request{"DELETE", "exchanges/{v}/x", "", 204, ""},
		request{"DELETE", "exchanges/{v}/x", "", 404, notThere},
		request{"GET", "exchanges/{v}/x", "", 404, notThere},
		request{"GET", "exchanges/{v}.not", "", 404, notThere},
		request{"GET", "exchanges/{v}?columns=name&page=1&name=%5Ey&use_regex=true", "", 200, `{"filtered_count":1,"items":[{"name":"y"}]}`},
	)
}

func TestAPIBindings(t T) {
	t.Parallel()
	const refused = `{"error":"not_authorised","reason":"Access refused."}`
	binding := func(to, kind, key, properties string) string {
		return toJSON(map[string]any{"source": "x", "vhost": "{v}", "destination": to, "destination_type": kind,
			"routing_key": key, "arguments": map[string]any{}, "properties_key": properties})
	}
	none, hash := binding("q", "queue", "", "~"), binding("q", "queue", "#", "%23")
	implicit := `{"source":"","vhost":"{v}","destination":"q","destination_type":"queue","routing_key":"q","arguments":{},"properties_key":"q"}`
	requests(t,
		request{"PUT", "queues/{v}/q", `{"durable":true}`, 201, ""},
		request{"PUT", "exchanges/{v}/x", "", 201, ""},
		request{"PUT", "exchanges/{v}/y", "", 201, ""},
		request{"GET", "bindings/{v}/e/x/q/q", "", 200, `[]`},
		request{"POST", "bindings/{v}/e/x/q/q", "", 201, ""},
		request{"POST", "bindings/{v}/e/x/q/q", `{"routing_key":"#"}`, 201, ""},
		request{"GET", "bindings/{v}/e/x/q/q", "", 200, "[" + none + "," + hash + "]"},
		request{"GET", "bindings/{v}/e/x/q/q/~", "", 200, none},
		request{"GET", "bindings/{v}/e/x/q/q/%2523", "", 200, hash},
		request{"GET", "bindings/{v}/e/x/q/q/%23", "", 200, hash},
		request{"GET", "bindings/{v}/e/x/q/q/other", "", 404, notThere},
		request{"PUT", "bindings/{v}/e/x/q/q/~", "", 405, ""},
		request{"GET", "queues/{v}/q/bindings", "", 200, "[" + implicit + "," + none + "," + hash + "]"},
		request{"GET", "bindings/{v}/e/amq.default/q/q/q", "", 200, implicit},
		request{"DELETE", "bindings/{v}/e/amq.default/q/q/q", "", 401, refused},
		request{"POST", "bindings/{v}/e/amq.default/q/q", `{"routing_key":"k"}`, 401, refused},
		request{"POST", "bindings/{v}/e/x/q/other", "", 404, `{"error":"not_found","reason":"no queue 'other' in vhost '{v}'"}`},
		request{"POST", "bindings/{v}/e/other/q/q", "", 404, `{"error":"not_found","reason":"no exchange 'other' in vhost '{v}'"}`},
		request{"DELETE", "bindings/{v}/e/x/q/q/~", "", 204, ""},
		request{"DELETE", "bindings/{v}/e/x/q/q/~", "", 404, notThere},
		request{"POST", "bindings/{v}/e/x/e/y", `{"routing_key":"k"}`, 201, ""},
		request{"GET", "exchanges/{v}/x/bindings/source", "", 200, "[" + hash + "," + binding("y", "exchange", "k", "k") + "]"},
		request{"GET", "exchanges/{v}/y/bindings/destination", "", 200, "[" + binding("y", "exchange", "k", "k") + "]"},
		request{"GET", "bindings/{v}", "", 200, "[" + implicit + "," + hash + "," + binding("y", "exchange", "k", "k") + "]"},
		request{"GET", "bindings/{v}/e/other/q/other", "", 200, `[]`},
		request{"DELETE", "bindings/{v}/e/x/e/y/k", "", 204, ""},
	)
}

func TestAPIKnowsABindingByItsPropertiesKey(t T) {
	t.Parallel()
	a := administer(t)
	vhost := a.newVHost()
	a.do("PUT", []string{"queues", vhost, "q"}, map[string]any{"durable": true})
	between := []string{"bindings", vhost, "e", "amq.topic", "q", "q"}
	bodies := []string{`{}`, `{"routing_key":"a/b c"}`, `{"routing_key":"a/b c","arguments":{"k":"v"}}`, `{"routing_key":"a/b c","arguments":{"k":"w"}}`, `{"arguments":{"k":"v"}}`}
	for _, body := range bodies {
		got := a.ask("POST", between, body)
		if location := got.header.Get("location"); got.status != 201 || !strings.HasPrefix(location, "q/") {
			t.Errorf("%s: got %d, location %q, want 201 and q/ with the properties key", body, got.status, location)
		}
	}
	var bindings []struct {
		Key string `json:"properties_key"`
	}
	if err := json.Unmarshal([]byte(a.ask("GET", between, "").body), &bindings); err != nil {
		t.Fatalf("bindings: %v", err)
	}
	keys := make(map[string]bool)
	for _, b := range bindings {
		keys[b.Key] = true
		path := "/api/bindings/" + vhost + "/e/amq.topic/q/q/" + url.PathEscape(b.Key)
		a.want(a.askURL("GET", path, ""), 200, `{"properties_key":"`+b.Key+`"}`)
		a.want(a.askURL("DELETE", path, ""), 204, "")
	}
	if len(keys) != len(bodies) || !keys["~"] || !keys["a%2Fb+c"] {
		t.Errorf("got %v, want %d keys, ~ and a%%2Fb+c among them", keys, len(bodies))
	}
	a.want(a.ask("GET", between, ""), 200, `[]`)
}
