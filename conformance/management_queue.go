package conformance

import "strings"

func TestAPIQueues(t T) {
	t.Parallel()
	requests(t,
		request{"PUT", "queues/{v}/q", `{"durable":true}`, 201, ""},
		request{"PUT", "queues/{v}/q", `{"durable":"true","auto_delete":false}`, 204, ""},
		request{"PUT", "queues/{v}/q", `{"durable":true,"auto_delete":true}`, 400, bad(`"inequivalent arg 'auto_delete' for queue 'q' in vhost '{v}': received 'true' but current is 'false'"`)},
		request{"GET", "queues/{v}/q", "", 200, `{"name":"q","vhost":"{v}","type":"classic","durable":true,"auto_delete":false,"exclusive":false,"arguments":{},"consumer_details":[]}`},
		request{"PUT", "queues/{v}/a%2Fb", `{"durable":"true","auto_delete":true,"arguments":{"x-max-length":3,"x-foo":[1,2.5,{"a":"b"}]}}`, 201, ""},
		request{"GET", "queues/{v}/a%2Fb", "", 200, `{"name":"a/b","durable":true,"auto_delete":true,"arguments":{"x-max-length":3,"x-foo":[1,2.5,{"a":"b"}]}}`},
		request{"GET", "queues/{v}?columns=name", "", 200, `[{"name":"a/b"},{"name":"q"}]`},
		request{"GET", "queues/{v}?columns=name&page=1&page_size=1&name=Q", "", 200, `{"filtered_count":1,"item_count":1,"items":[{"name":"q"}],"page":1,"page_count":1,"page_size":1,"total_count":2}`},
		request{"GET", "queues/{v}?columns=name,auto_delete&sort=auto_delete&sort_reverse=true", "", 200, `[{"name":"a/b","auto_delete":true},{"name":"q","auto_delete":false}]`},
		request{"GET", "queues/{v}?disable_stats=true&enable_queue_totals=true", "", 200,
			`[{"name":"a/b","vhost":"{v}","messages":0,"messages_ready":0,"messages_unacknowledged":0},{"name":"q","messages":0}]`},
		request{"DELETE", "queues/{v}/q/contents", "", 204, ""},
		request{"DELETE", "queues/{v}/q", "", 204, ""},
		request{"DELETE", "queues/{v}/q", "", 404, notThere},
		request{"GET", "queues/{v}/q", "", 404, notThere},
		request{"DELETE", "queues/{v}/q/contents", "", 404, notThere},
		request{"GET", "queues/{v}/q/contents", "", 405, ""},
		request{"GET", "queues/{v}.not", "", 404, notThere},
		request{"PUT", "queues/{v}.not/q", "", 404, `{"error":"not_found","reason":"vhost_not_found"}`},
	)
}

func TestAPISortsWhatIsNotThereAsZero(t T) {
	t.Parallel()
	requests(t,
		request{"PUT", "queues/{v}/a", `{"durable":true,"arguments":{"x-max-length":3}}`, 201, ""},
		request{"PUT", "queues/{v}/b", `{"durable":true}`, 201, ""},
		request{"PUT", "queues/{v}/c", `{"durable":true,"arguments":{"x-max-length":0}}`, 201, ""},
		request{"PUT", "queues/{v}/d", `{"durable":true,"arguments":{"x-max-length":20}}`, 201, ""},
		request{"GET", "queues/{v}?columns=name&page=1&sort=arguments.x-max-length&sort_reverse=true", "", 200,
			`{"items":[{"name":"d"},{"name":"a"},{"name":"c"},{"name":"b"}]}`},
	)
}

func TestAPIRefusesQueuesThatCannotBe(t T) {
	t.Parallel()
	const refused = `{"error":"not_authorised","reason":"Access refused."}`
	requests(t,
		request{"PUT", "queues/{v}/amq.q", "", 401, refused},
		request{"PUT", "queues/{v}/q", `{"durable":true,"arguments":{"x-message-ttl":-1}}`, 400, bad(`"invalid arg 'x-message-ttl' for queue 'q' in vhost '{v}': {value_negative,-1}"`)},
		request{"PUT", "queues/{v}/q", `{"durable":5}`, 400, bad(`["not_boolean",5]`)},
		request{"PUT", "queues/{v}/q", `[]`, 400, bad(`"not_json"`)},
		request{"PUT", "queues/{v}/q", `{"node":"not@here"}`, 400, bad(`"Node not@here could not be contacted"`)},
		request{"GET", "queues/{v}/q", "", 404, notThere},
	)
}

func TestAPIDeletesQueuesUnderConditions(t T) {
	t.Parallel()
	requests(t,
		request{"PUT", "queues/{v}/q", `{"durable":true}`, 201, ""},
		request{"POST", "exchanges/{v}/amq.default/publish", posting("q", "m"), 200, `{"routed":true}`},
		request{"DELETE", "queues/{v}/q?if-empty=true", "", 400, bad(`"queue 'q' in vhost '{v}' not empty"`)},
		request{"DELETE", "queues/{v}/q?if-unused=true", "", 204, ""},
	)
}

// posting is the body of a publish without properties.
func posting(key, payload string) string {
	return toJSON(map[string]any{"properties": map[string]any{}, "routing_key": key, "payload": payload, "payload_encoding": "string"})
}

func TestAPIQueueActionsAreGone(t T) {
	t.Parallel()
	sync := request{"POST", "queues/{v}/q/actions", `{"action":"sync"}`, 204, ""}
	if always(t, "4.0", "there are no mirrors to synchronise") {
		sync.status, sync.want = 400, bad(`["unknown","sync"]`)
	}
	requests(t,
		request{"PUT", "queues/{v}/q", `{"durable":true}`, 201, ""},
		sync,
		request{"POST", "queues/{v}/q/actions", `{"action":"dance"}`, 400, bad(`["unknown","dance"]`)},
		request{"POST", "queues/{v}/q/actions", "", 400, bad(`"[{key_missing,action}]"`)},
	)
}

func TestAPIShowsThePolicyOfAQueue(t T) {
	t.Parallel()
	a := administer(t)
	vhost := a.newVHost()
	a.do("PUT", []string{"policies", vhost, "p"}, map[string]any{"pattern": "^q$", "definition": map[string]any{"max-length": 5}})
	a.do("PUT", []string{"operator-policies", vhost, "o"}, map[string]any{"pattern": "^q$", "definition": map[string]any{"max-length": 3}})
	a.do("PUT", []string{"queues", vhost, "q"}, map[string]any{"durable": true})
	var got answer
	eventually(t, "numbers of the queue", func() bool {
		got = a.ask("GET", []string{"queues", vhost, "q"}, "")
		return strings.Contains(got.body, "effective_policy_definition")
	})
	a.want(got, 200, `{"policy":"p","operator_policy":"o","effective_policy_definition":{"max-length":3}}`)
}

func TestAPIUserNeedsThePermissionsOfAChannel(t T) {
	t.Parallel()
	a := administer(t)
	user, vhost := a.newUser("management"), a.newVHost()
	a.permit(user, vhost, "^mine", "^mine", "^mine")
	a.do("PUT", []string{"queues", vhost, "yours"}, map[string]any{"durable": true})
	m := a.as(user)
	refused := `{"error":"not_authorised","reason":"Access refused."}`
	m.want(m.ask("PUT", []string{"queues", vhost, "mine"}, `{"durable":true}`), 201, "")
	m.want(m.ask("PUT", []string{"queues", vhost, "other"}, ""), 401, refused)
	m.want(m.ask("DELETE", []string{"queues", vhost, "yours"}, ""), 401, refused)
	m.want(m.ask("DELETE", []string{"queues", vhost, "yours", "contents"}, ""), 401, refused)
	m.want(m.ask("PUT", []string{"exchanges", vhost, "x"}, ""), 401, refused)
	m.want(m.ask("POST", []string{"bindings", vhost, "e", "amq.direct", "q", "mine"}, "{}"), 401, refused)
	m.want(m.ask("GET", []string{"queues", vhost, "yours"}, ""), 200, `{"name":"yours"}`)
	m.want(m.ask("PUT", []string{"queues", target.vhost, "mine"}, ""), 401, `{"error":"not_authorised","reason":"User not authorised to access virtual host"}`)
}
