package conformance

import "strings"

func TestAPIExportsAVirtualHost(t T) {
	t.Parallel()
	requests(t,
		request{"PUT", "queues/{v}/q", `{"durable":true,"arguments":{"x-max-length":5}}`, 201, ""},
		request{"PUT", "exchanges/{v}/x", `{"type":"topic","durable":true}`, 201, ""},
		request{"POST", "bindings/{v}/e/x/q/q", `{"routing_key":"a.#","arguments":{"k":"v"}}`, 201, ""},
		request{"PUT", "policies/{v}/p", `{"pattern":"^q","definition":{"max-length":3},"apply-to":"queues","priority":1}`, 201, ""},
		request{"PUT", "vhost-limits/{v}/max-queues", `{"value":9}`, 204, ""},
		request{"GET", "definitions/{v}", "", 200, `{
			"queues":[{"name":"q","durable":true,"auto_delete":false,"arguments":{"x-max-length":5}}],
			"exchanges":[{"name":"x","type":"topic","durable":true,"auto_delete":false,"internal":false,"arguments":{}}],
			"bindings":[{"source":"x","destination":"q","destination_type":"queue","routing_key":"a.#","arguments":{"k":"v"}}],
			"policies":[{"name":"p","pattern":"^q","apply-to":"queues","definition":{"max-length":3},"priority":1}],
			"parameters":[{"component":"vhost-limits","name":"limits","value":{"max-queues":9}}]}`},
	)
}

func TestAPIImportsIntoAVirtualHost(t T) {
	t.Parallel()
	requests(t,
		request{"PUT", "queues/{v}/q", `{"durable":true}`, 201, ""},
		request{"POST", "definitions/{v}", `{
			"queues":[{"name":"q","durable":true,"auto_delete":true,"arguments":{}},{"name":"r","durable":true,"auto_delete":false,"arguments":{"x-max-length":5}}],
			"exchanges":[{"name":"x","type":"fanout","durable":true,"auto_delete":false,"internal":false,"arguments":{}}],
			"bindings":[{"source":"x","destination":"r","destination_type":"queue","routing_key":"","arguments":{}}],
			"policies":[{"name":"p","pattern":"^q","apply-to":"queues","definition":{"max-length":3},"priority":1}]}`, 204, ""},
		request{"GET", "queues/{v}/q", "", 200, `{"auto_delete":false}`}, // what is there stays
		request{"GET", "queues/{v}/r", "", 200, `{"durable":true,"arguments":{"x-max-length":5}}`},
		request{"GET", "bindings/{v}/e/x/q/r", "", 200, `[{"properties_key":"~"}]`},
		request{"GET", "policies/{v}/p", "", 200, `{"definition":{"max-length":3}}`},
		request{"POST", "definitions/{v}", "{}", 204, ""},
		request{"POST", "definitions/{v}.not", "{}", 404, `{"reason":"vhost_not_found"}`},
	)
}

func TestAPIImportsUsersAndVirtualHosts(t T) {
	t.Parallel()
	a := administer(t)
	user, vhost := a.newUser("management"), a.newVHost()
	fresh := vhost + ".new"
	t.Cleanup(func() { a.ask("DELETE", []string{"vhosts", fresh}, "") })
	const hash = "IlkGH+PPzbGVZqLMnrgqng5V+7O2b3QhisHsKHdKuTU6poJE" // of guest
	body := strings.NewReplacer("{u}", user, "{v}", fresh).Replace(`{
		"users":[{"name":"{u}","password_hash":"` + hash + `","hashing_algorithm":"rabbit_password_hashing_sha256","tags":["monitoring"],"limits":{"max-channels":9}}],
		"vhosts":[{"name":"{v}"}],
		"permissions":[{"user":"{u}","vhost":"{v}","configure":"c","write":"w","read":"r"}],
		"topic_permissions":[{"user":"{u}","vhost":"{v}","exchange":"amq.topic","write":"w","read":"r"}],
		"parameters":[{"vhost":"{v}","component":"vhost-limits","name":"limits","value":{"max-queues":9}}],
		"queues":[{"name":"q","vhost":"{v}","durable":true,"auto_delete":false,"arguments":{}}],
		"bindings":[{"source":"amq.topic","vhost":"{v}","destination":"q","destination_type":"queue","routing_key":"k","arguments":{}}]}`)
	a.want(a.ask("POST", []string{"definitions"}, body), 204, "")
	a.want(a.ask("GET", []string{"users", user}, ""), 200, `{"password_hash":"`+hash+`","tags":["monitoring"],"limits":{"max-channels":9}}`)
	a.want(a.ask("GET", []string{"permissions", fresh, user}, ""), 200, `{"configure":"c","write":"w","read":"r"}`)
	a.want(a.ask("GET", []string{"topic-permissions", fresh, user}, ""), 200, `[{"exchange":"amq.topic","write":"w","read":"r"}]`)
	a.want(a.ask("GET", []string{"vhost-limits", fresh}, ""), 200, `[{"value":{"max-queues":9}}]`)
	a.want(a.ask("GET", []string{"bindings", fresh, "e", "amq.topic", "q", "q"}, ""), 200, `[{"routing_key":"k"}]`)
	exported := a.ask("GET", []string{"definitions"}, "")
	for _, want := range []string{`"` + fresh + `"`, hash, `"global_parameters":`, `"topic_permissions":`} {
		if !strings.Contains(exported.body, want) {
			t.Errorf("exported definitions: no %s", want)
		}
	}
}

func TestAPIRefusesDefinitionsThatAreNone(t T) {
	t.Parallel()
	a := administer(t)
	for _, body := range []string{"nonsense", "[]", `"{}"`, "{"} {
		if got := a.ask("POST", []string{"definitions"}, body); got.status != 400 {
			t.Errorf("%s: got %d %s, want 400", body, got.status, got.body)
		}
	}
}
