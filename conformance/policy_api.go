package conformance

func TestPoliciesAreShown(t T) {
	t.Parallel()
	requests(t,
		request{"GET", "policies/{v}", "", 200, `[]`},
		request{"GET", "policies/{v}/p", "", 404, notThere},
		request{"PUT", "policies/{v}/p", `{"pattern":"a","definition":{"max-length":3}}`, 201, ""},
		request{"GET", "policies/{v}/p", "", 200, `{"vhost":"{v}","name":"p","pattern":"a","apply-to":"all","priority":0,"definition":{"max-length":3}}`},
		request{"PUT", "policies/{v}/p", `{"pattern":"","apply-to":"queues","priority":7,"definition":{"overflow":"drop-head","expires":9}}`, 204, ""},
		request{"GET", "policies/{v}", "", 200, `[{"name":"p","pattern":"","apply-to":"queues","priority":7,"definition":{"overflow":"drop-head","expires":9}}]`},
		request{"GET", "operator-policies/{v}", "", 200, `[]`},
		request{"DELETE", "policies/{v}/p", "", 204, ""},
		request{"DELETE", "policies/{v}/p", "", 404, notThere},
		request{"PUT", "operator-policies/{v}/o", `{"pattern":"a","apply-to":"queues","definition":{"max-length":3}}`, 201, ""},
		request{"GET", "operator-policies/{v}/o", "", 200, `{"vhost":"{v}","name":"o","pattern":"a","apply-to":"queues","priority":0,"definition":{"max-length":3}}`},
		request{"DELETE", "operator-policies/{v}/o", "", 204, ""},
		request{"GET", "policies/no-such-vhost", "", 404, notThere},
		request{"PUT", "policies/no-such-vhost/p", `{"pattern":"a","definition":{"max-length":3}}`, 404, `{"error":"not_found","reason":"vhost_not_found"}`},
	)
}

func TestPoliciesAreValidated(t T) {
	t.Parallel()
	wrong := func(definition, text string) request {
		return request{"PUT", "policies/{v}/p", `{"pattern":"a","definition":` + definition + `}`, 400, bad(`"Validation failed\n\n` + text + `\n"`)}
	}
	requests(t,
		request{"PUT", "policies/{v}/p", `{}`, 400, bad(`"[{key_missing,pattern},{key_missing,definition}]"`)},
		wrong(`{}`, "no policy provided"),
		wrong(`{"no-such-key":1}`, `[{<<\"no-such-key\">>,1}] are not recognised policy settings`),
		wrong(`{"alternate-exchange":1}`, "1 is not a valid alternate exchange name"),
		wrong(`{"dead-letter-exchange":1}`, "1 is not a valid dead letter exchange name"),
		wrong(`{"dead-letter-routing-key":1}`, "1 is not a valid dead letter routing key"),
		wrong(`{"message-ttl":-1}`, "-1 is not a valid message TTL"),
		wrong(`{"message-ttl":"1"}`, `<<\"1\">> is not a valid message TTL`),
		wrong(`{"expires":0}`, "0 is not a valid queue expiry"),
		wrong(`{"max-length":-1}`, "-1 is not a valid maximum length"),
		wrong(`{"max-length-bytes":-1}`, "-1 is not a valid maximum length in bytes"),
		wrong(`{"overflow":"no"}`, `<<\"no\">> is not a valid overflow value`),
		wrong(`{"queue-mode":"no"}`, `<<\"no\">> is not a valid queue-mode value`),
		wrong(`{"delivery-limit":-1}`, "-1 is not a valid delivery limit"),
		request{"PUT", "policies/{v}/p", `{"pattern":"a","apply-to":"no","definition":{"max-length":1}}`, 400, ""},
		request{"PUT", "policies/{v}/p", `{"pattern":"(","definition":{"max-length":1}}`, 400, ""},
		request{"PUT", "policies/{v}/p", `{"pattern":"a","priority":"x","definition":{"max-length":1}}`, 400,
			bad(`"Validation failed\n\npriority should be a number, actually was <<\"x\">>\n"`)},
		request{"PUT", "operator-policies/{v}/o", `{"pattern":"a","apply-to":"queues","definition":{"alternate-exchange":"x"}}`, 400,
			bad(`"Validation failed\n\n[{<<\"alternate-exchange\">>,<<\"x\">>}] are not recognised policy settings\n"`)},
		request{"GET", "policies/{v}", "", 200, `[]`},
	)
}

func TestPoliciesNeedTags(t T) {
	t.Parallel()
	a := administer(t)
	vhost := a.newVHost()
	const body = `{"pattern":"a","definition":{"max-length":1}}`
	for tags, wants := range map[string]struct{ user, operator int }{
		"":              {401, 401},
		"management":    {401, 401},
		"monitoring":    {401, 401},
		"policymaker":   {201, 401},
		"administrator": {201, 201},
	} {
		user := a.newUser(tags)
		a.permit(user, vhost, "", "", "")
		as := a.as(user)
		if got := as.ask("PUT", []string{"policies", vhost, brief()}, body); got.status != wants.user {
			t.Errorf("tag %q, policy: got %d %s, want %d", tags, got.status, got.body, wants.user)
		}
		if got := as.ask("PUT", []string{"operator-policies", vhost, brief()}, body); got.status != wants.operator {
			t.Errorf("tag %q, operator policy: got %d %s, want %d", tags, got.status, got.body, wants.operator)
		}
	}
	stranger := a.as(a.newUser("policymaker"))
	if got := stranger.ask("PUT", []string{"policies", vhost, brief()}, body); got.status != 401 {
		t.Errorf("a policymaker without access: got %d %s, want 401", got.status, got.body)
	}
}
