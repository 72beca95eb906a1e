package conformance

// topical is a guest of a virtual host with a topic exchange "t", a fanout exchange
// "f" and a queue "q".
func topical(t T) *guest {
	t.Helper()
	g := invite(t)
	g.furnish(exchangeDeclare("t", "topic", 0, nil))
	g.furnish(exchangeDeclare("f", "fanout", 0, nil))
	g.furnish(queueDeclare("q", durable, nil))
	return g
}

// refusesKey expects that a message is refused for one of its routing keys.
func (g *guest) refusesKey(exchange, key string, p properties, wrong string) {
	g.t.Helper()
	g.publish(1, exchange, key, p, "m")
	g.expectRefusal("write", "topic '"+wrong+"' in exchange '"+exchange+"'", 60, 40)
}

func TestTopicPermissionOnRoutingKeys(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", `^w\.`, "")
	g.publish(1, "t", "w.a", nil, "m")
	g.refusesKey("t", "a", nil, "a")
	g.refusesKey("t", "xw.a", nil, "xw.a")
	g.publish(1, "t", "w.b", nil, "m")
	g.ping(1)
}

func TestTopicPermissionOnKeysOfCCAndBCC(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", `^w\.`, "")
	for _, header := range []string{"CC", "BCC"} {
		also := headers(field(header, 'A', append(element('S', longstr("w.b")), element('S', longstr("a"))...)))
		if always(t, "4.0", "topic permissions are for the keys of CC and BCC too") {
			g.refusesKey("t", "w.a", also, "a")
		} else {
			g.publish(1, "t", "w.a", also, "m")
			g.ping(1)
		}
		g.publish(1, "t", "w.a", headers(field(header, 'A', element('S', longstr("w.b")))), "m")
		g.ping(1)
	}
}

func TestTopicPermissionOnBindingKeys(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", "", `^r\.`)
	const topic = "topic 'a' in exchange 't'"
	g.refused("read", topic, queueBind("q", "t", "a", nil))
	g.refused("read", topic, queueUnbind("q", "t", "a", nil))
	g.refused("read", topic, queueBind("nowhere", "t", "a", nil))
	g.refused("read", topic, exchangeBind("f", "t", "a", nil))
	g.refused("read", topic, exchangeUnbind("f", "t", "a", nil))
	g.allowed(queueBind("q", "t", "r.#", nil))
	g.allowed(queueUnbind("q", "t", "r.#", nil))
	g.allowed(exchangeBind("f", "t", "r.#", nil))
	g.allowed(exchangeBind("t", "f", "a", nil)) // the source counts
}

func TestTopicPermissionNarrowsTopicExchangesOnly(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("f", "^nothing$", "^nothing$")
	g.publish(1, "f", "a", nil, "m")
	g.allowed(queueBind("q", "f", "a", nil))
}

func TestTopicPermissionIsForOneExchange(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", "^nothing$", "^nothing$")
	g.publish(1, "amq.topic", "a", nil, "m")
	g.allowed(queueBind("q", "amq.topic", "a", nil)) // and before it the message was
	g.admin.do("DELETE", []string{"topic-permissions", g.vhost, g.user}, nil)
	g.narrow("", "^nothing$", "^nothing$") // the empty name is not for all
	g.publish(1, "t", "a", nil, "m")
	g.allowed(queueBind("q", "t", "a", nil))
}

func TestTopicPermissionNeedsThePermissionOfTheExchange(t T) {
	t.Parallel()
	g := topical(t)
	g.permit("", "", "")
	g.narrow("t", ".*", ".*")
	g.publish(1, "t", "a", nil, "m")
	g.expectRefusal("write", "exchange 't'", 60, 40)
}

func TestEmptyTopicPatternMatchesTheEmptyKeyOnly(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", "", "")
	g.refusesKey("t", "a", nil, "a")
	g.publish(1, "t", "", nil, "m")
	g.ping(1)
}

func TestTopicPermissionIsCheckedBeforeUserID(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", "^w", "")
	g.refusesKey("t", "a", props(flagUserID, "nobody"), "a")
}

func TestTopicPermissionAndExpirationInOrder(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", "^w", "")
	if !always(t, "4.0", "expiration, CC and BCC are checked before topic permissions") {
		g.refusesKey("t", "a", props(flagExpiration, "soon"), "a")
		return
	}
	g.publish(1, "t", "a", props(flagExpiration, "soon"), "m")
	g.expectClose(1, closing{406, "invalid expiration 'soon': no_integer", 60, 40})
}

func TestTopicPermissionReachesOpenChannels(t T) {
	t.Parallel()
	g := topical(t)
	g.publish(1, "t", "a", nil, "m")
	g.ping(1)
	g.narrow("t", "^w", "")
	if !followAtOnce(t) {
		g.call(1, channelClose(), 41)
		g.openChannel(1)
	}
	g.refusesKey("t", "a", nil, "a")
	g.admin.do("DELETE", []string{"topic-permissions", g.vhost, g.user}, nil)
	g.publish(1, "t", "a", nil, "m")
	g.ping(1)
}

func TestTopicPatternKnowsUserAndVirtualHost(t T) {
	t.Parallel()
	g := topical(t)
	g.narrow("t", "^{username}/{vhost}$", "^{username}$")
	g.publish(1, "t", g.user+"/"+g.vhost, nil, "m")
	g.allowed(queueBind("q", "t", g.user, nil))
	g.refusesKey("t", "{username}/{vhost}", nil, "{username}/{vhost}")
}

func TestNamesInTopicPatternsAreNoExpressions(t T) {
	t.Parallel()
	g := topical(t) // the user's name has dots in it
	g.narrow("t", "^{username}$", "")
	other := []byte(g.user)
	other[1] = 'x' // c.name, cxname
	if !ours(t, "a user's name in a topic pattern stands for itself, not for an expression") {
		g.publish(1, "t", string(other), nil, "m")
		g.ping(1)
		return
	}
	g.refusesKey("t", string(other), nil, string(other))
}
