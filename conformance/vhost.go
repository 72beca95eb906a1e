package conformance

func TestVirtualHostsAreSeparate(t T) {
	t.Parallel()
	a := administer(t)
	one, other := a.newVHost(), a.newVHost()
	r, s := connectRaw(t, handshake{vhost: one}), connectRaw(t, handshake{vhost: other})
	r.openChannel(1)
	s.openChannel(1)
	r.call(1, queueDeclare("q", exclusive, nil), 11)
	r.call(1, exchangeDeclare("x", "fanout", 0, nil), 11)
	s.call(1, queueDeclare("q", exclusive, nil), 11) // another q
	s.send(1, exchangeDeclare("x", "", passive, nil))
	s.expectClose(1, closing{404, "no exchange 'x' in vhost '" + other + "'", 40, 10})
	s.send(1, channelCloseOk())
	s.openChannel(1)
	r.publish(1, "", "q", nil, "m")
	r.call(1, basicGet("q", 1), 71)
	r.content(1)
	s.call(1, basicGet("q", 1), 72)
}

func TestNewVirtualHostHasThePredeclaredExchanges(t T) {
	t.Parallel()
	a := administer(t)
	r := connectRaw(t, handshake{vhost: a.newVHost()}) // whoever makes it may open it
	r.openChannel(1)
	for name, kind := range map[string]string{
		"amq.direct": "direct", "amq.fanout": "fanout", "amq.topic": "topic", "amq.headers": "headers", "amq.match": "headers",
	} {
		r.call(1, exchangeDeclare(name, kind, durable, nil), 11)
	}
}

func TestDeletedVirtualHostDisconnects(t T) {
	t.Parallel()
	a := administer(t)
	vhost := a.newVHost()
	r := connectRaw(t, handshake{vhost: vhost})
	r.openChannel(1)
	r.call(1, queueDeclare("q", durable, nil), 11)
	r.call(1, basicConsume("q", "tag", 0, nil), 21)
	a.do("DELETE", []string{"vhosts", vhost}, nil)
	cancel := r.expect(1, 60, 30) // consumers are cancelled first
	if tag := cancel.shortstr(); tag != "tag" {
		t.Errorf("cancelled consumer %q, want tag", tag)
	}
	why := "is deleted"
	if never(t, "4.0", "the text says that the virtual host is down, not deleted") {
		why = "is down"
	}
	r.expectClose(0, closing{320, "vhost '" + vhost + "' " + why, 0, 0})
	late := tuneRaw(t, handshake{})
	late.send(0, connectionOpen(vhost))
	late.expectClose(0, closing{530, "vhost " + vhost + " not found", 10, 40})
}

func TestDeletedVirtualHostLeavesNothing(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("q", durable, nil))
	g.narrow("amq.topic", "a", "b")
	g.admin.limit("vhost-limits", g.vhost, "max-queues", 5)
	g.admin.do("DELETE", []string{"vhosts", g.vhost}, nil)
	g.admin.do("PUT", []string{"vhosts", g.vhost}, nil)
	a := g.admin
	a.want(a.ask("GET", []string{"permissions", g.vhost, g.user}, ""), 404, "")
	a.want(a.ask("GET", []string{"topic-permissions", g.vhost, g.user}, ""), 404, "")
	a.want(a.ask("GET", []string{"vhost-limits", g.vhost}, ""), 200, "[]")
	r := connectRaw(t, handshake{vhost: g.vhost})
	r.openChannel(1)
	r.send(1, queueDeclare("q", passive, nil))
	r.expectCode(1, 404)
}
