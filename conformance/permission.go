package conformance

import "strings"

// alternateTo are the arguments of an exchange with an alternate.
func alternateTo(exchange string) fields { return table(text("alternate-exchange", exchange)) }

// deadTo are the arguments of a queue whose dead letters go to an exchange.
func deadTo(exchange string) fields { return table(text("x-dead-letter-exchange", exchange)) }

func TestExchangeDeclareNeedsConfigure(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(exchangeDeclare("w", "fanout", 0, nil))
	g.permit("^c", "^w", "^r")
	g.refused("configure", "exchange 'x'", exchangeDeclare("x", "fanout", 0, nil))
	g.refused("configure", "exchange 'w'", exchangeDeclare("w", "fanout", 0, nil)) // though it is there
	g.allowed(exchangeDeclare("c", "fanout", 0, nil))
}

func TestAlternateExchangeNeedsReadAndWrite(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("^c", "^w", "^cr")
	g.refused("read", "exchange 'c'", exchangeDeclare("c", "fanout", 0, alternateTo("w")))
	g.refused("read", "exchange 'c'", exchangeDeclare("c", "fanout", 0, alternateTo("x")))
	g.refused("write", "exchange 'x'", exchangeDeclare("cr", "fanout", 0, alternateTo("x")))
	g.refused("write", "exchange 'amq.default'", exchangeDeclare("cr", "fanout", 0, alternateTo("")))
	g.allowed(exchangeDeclare("cr", "fanout", 0, alternateTo("w")))
}

func TestAlternateExchangeOfWhatIsThereNeedsNothing(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(exchangeDeclare("c", "fanout", 0, alternateTo("x")))
	g.permit("^c", "", "")
	g.allowed(exchangeDeclare("c", "fanout", 0, alternateTo("x")))
}

func TestExchangeDeleteNeedsConfigure(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(exchangeDeclare("c", "fanout", 0, nil))
	g.furnish(exchangeDeclare("w", "fanout", 0, nil))
	g.permit("^c", "^w", "^w")
	g.refused("configure", "exchange 'w'", exchangeDelete("w", 0))
	g.allowed(exchangeDelete("c", 0))
}

func TestExchangeBindNeedsWriteToTheDestinationAndReadFromTheSource(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(exchangeDeclare("w", "fanout", 0, nil))
	g.furnish(exchangeDeclare("r", "fanout", 0, nil))
	g.permit("", "^w", "^r")
	for _, bind := range []func(destination, source, key string, args fields) []byte{exchangeBind, exchangeUnbind} {
		g.refused("write", "exchange 'r'", bind("r", "w", "", nil)) // the destination comes first
		g.refused("read", "exchange 'w'", bind("w", "w", "", nil))
		g.allowed(bind("w", "r", "", nil))
	}
}

func TestQueueDeclareNeedsConfigure(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("w", durable, nil))
	g.permit("^c", "^w", "^r")
	g.refused("configure", "queue 'x'", queueDeclare("x", durable, nil))
	g.refused("configure", "queue 'w'", queueDeclare("w", durable, nil))
	g.refused("configure", "queue 'x'", queueDeclare("x", exclusive, nil))
	g.refused("configure", "queue 'x'", queueDeclare("x", durable, table(number("x-expires", 0)))) // whatever else is wrong
	g.allowed(queueDeclare("c", durable, nil))
}

func TestServerNamedQueueIsCheckedUnderItsName(t T) {
	t.Parallel()
	g := invite(t)
	g.permit(`^c`, "", "")
	g.send(1, queueDeclare("", durable, nil))
	a := g.expect(1, 20, 40)
	code, got := a.short(), a.shortstr()
	before, after := accessTo(t, "configure", "queue 'amq.gen-"), "' in vhost '"+g.vhost+"' refused for user '"+g.user+"'"
	if code != 403 || !strings.HasPrefix(got, "ACCESS_REFUSED - "+before) || !strings.HasSuffix(got, after) {
		t.Errorf("got %d %s, want 403 ACCESS_REFUSED - %s...%s", code, got, before, after)
	}
	g.reopen()
	g.permit(`^amq\.gen-`, "", "")
	g.allowed(queueDeclare("", durable, nil))
}

func TestDeadLetterExchangeNeedsReadAndWrite(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("^c", "^w", "^cr")
	g.refused("read", "queue 'c'", queueDeclare("c", durable, deadTo("w")))
	g.refused("read", "queue 'c'", queueDeclare("c", durable, deadTo("x")))
	g.refused("write", "exchange 'x'", queueDeclare("cr", durable, deadTo("x")))
	g.refused("write", "exchange 'amq.default'", queueDeclare("cr", durable, deadTo("")))
	g.allowed(queueDeclare("cr", durable, deadTo("w")))
}

func TestDeadLetterExchangeOfWhatIsThereNeedsNothing(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("c", durable, deadTo("x")))
	g.permit("^c", "", "")
	g.allowed(queueDeclare("c", durable, deadTo("x")))
}

func TestDeadLettersThemselvesNeedNoPermission(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("dead", durable, nil))
	g.furnish(queueDeclare("q", durable, table(text("x-dead-letter-exchange", ""), text("x-dead-letter-routing-key", "dead"))))
	g.furnisher.publish(1, "", "q", nil, "m")
	g.furnisher.ping(1)
	g.permit("", "", "^q$")
	g.call(1, basicGet("q", 0), 71)
	g.content(1)
	g.send(1, basicReject(1, 0))
	eventually(t, "one dead letter", func() bool {
		a := g.furnisher.call(1, queueDeclare("dead", passive, nil), 11)
		a.shortstr()
		return a.long() == 1
	})
}

func TestQueueDeleteNeedsConfigure(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("c", durable, nil))
	g.furnish(queueDeclare("w", durable, nil))
	g.permit("^c", "^w", "^w")
	g.refused("configure", "queue 'w'", queueDelete("w", 0))
	g.allowed(queueDelete("c", 0))
}

func TestQueueBindNeedsWriteToTheQueueAndReadFromTheExchange(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(exchangeDeclare("r", "fanout", 0, nil))
	g.furnish(exchangeDeclare("w", "fanout", 0, nil))
	g.furnish(queueDeclare("w", durable, nil))
	g.furnish(queueDeclare("r", durable, nil))
	g.permit("", "^w", "^r")
	for _, bind := range []func(queue, exchange, key string, args fields) []byte{queueBind, queueUnbind} {
		g.refused("write", "queue 'r'", bind("r", "w", "", nil)) // the queue comes first
		g.refused("read", "exchange 'w'", bind("w", "w", "", nil))
		g.allowed(bind("w", "r", "", nil))
	}
}

func TestPurgeGetAndConsumeNeedRead(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("r", durable, nil))
	g.furnish(queueDeclare("w", durable, nil))
	g.permit("^w", "^w", "^r")
	g.refused("read", "queue 'w'", queuePurge("w"))
	g.refused("read", "queue 'w'", basicGet("w", 0))
	g.refused("read", "queue 'w'", basicConsume("w", "tag", 0, nil))
	g.allowed(queuePurge("r"))
	g.call(1, basicGet("r", 0), 72)
	g.allowed(basicConsume("r", "tag", 0, nil))
}

func TestPublishNeedsWrite(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(exchangeDeclare("w", "fanout", 0, nil))
	g.furnish(exchangeDeclare("r", "fanout", 0, nil))
	g.permit("^r", "^w", "^r")
	for range 2 {
		g.publish(1, "r", "", nil, "m")
		g.expectRefusal("write", "exchange 'r'", 60, 40)
		g.publish(1, "w", "", nil, "m")
		g.publish(1, "w", "", nil, "m")
		g.ping(1)
	}
}

func TestPermissionsHoldWhenATransactionPublishesNotWhenItCommits(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("q", durable, nil))
	g.allowed(txSelect())
	g.publish(1, "", "q", nil, "m")
	g.ping(1)
	g.permit("", "", "")
	g.allowed(txCommit())
	a := g.furnisher.call(1, queueDeclare("q", passive, nil), 11)
	if a.shortstr(); a.long() != 1 {
		t.Error("the message is not there, though it was allowed when it was published")
	}
	g.call(1, channelClose(), 41)
	g.openChannel(1)
	g.allowed(txSelect())
	g.publish(1, "", "q", nil, "m")
	g.expectRefusal("write", "exchange 'amq.default'", 60, 40)
}

func TestDefaultExchangeIsAmqDefaultInPermissions(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("", "", "")
	g.publish(1, "", "nowhere", nil, "m")
	g.expectRefusal("write", "exchange 'amq.default'", 60, 40)
	g.permit("", `^amq\.default$`, "")
	g.publish(1, "", "nowhere", nil, "m")
	g.ping(1)
}

func TestPassiveDeclareNeedsAnyPermission(t T) {
	t.Parallel()
	needed := always(t, "4.2.7", "passive declarations need one of the three permissions, but not in 4.3.0")
	if !target.harebell && target.presents == [3]int{4, 3, 0} {
		needed = false
	}
	g := invite(t)
	for _, name := range []string{"c", "w", "r", "x"} {
		g.furnish(queueDeclare(name, durable, nil))
		g.furnish(exchangeDeclare(name, "fanout", 0, nil))
	}
	g.permit("^c", "^w", "^r")
	for _, name := range []string{"c", "w", "r"} {
		g.allowed(queueDeclare(name, passive, nil))
		g.allowed(exchangeDeclare(name, "", passive, nil))
	}
	if !needed {
		g.allowed(queueDeclare("x", passive, nil))
		g.allowed(exchangeDeclare("x", "", passive, nil))
		return
	}
	g.refused("configure", "queue 'x'", queueDeclare("x", passive, nil))
	g.refused("configure", "exchange 'x'", exchangeDeclare("x", "", passive, nil))
}

func TestPermissionsComeBeforeExistence(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("", "^allowed", "")
	g.refused("configure", "exchange 'nowhere'", exchangeDelete("nowhere", 0))
	g.refused("configure", "queue 'nowhere'", queueDelete("nowhere", 0))
	g.refused("write", "queue 'nowhere'", queueBind("nowhere", "neither", "", nil))
	g.refused("read", "exchange 'neither'", queueBind("allowed", "neither", "", nil))
	g.refused("write", "exchange 'nowhere'", exchangeBind("nowhere", "neither", "", nil))
	g.refused("write", "queue 'nowhere'", queueUnbind("nowhere", "neither", "", nil))
	g.refused("write", "exchange 'nowhere'", exchangeUnbind("nowhere", "neither", "", nil))
	g.refused("read", "queue 'nowhere'", queuePurge("nowhere"))
	g.refused("read", "queue 'nowhere'", basicGet("nowhere", 0))
	g.refused("read", "queue 'nowhere'", basicConsume("nowhere", "tag", 0, nil))
	g.publish(1, "nowhere", "", nil, "m")
	g.expectRefusal("write", "exchange 'nowhere'", 60, 40)
}

func TestPermissionsComeBeforeExclusiveOwners(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(queueDeclare("q", exclusive, nil))
	g.permit("", "", "")
	g.refused("read", "queue 'q'", basicGet("q", 0))
	g.refused("configure", "queue 'q'", queueDelete("q", 0))
}

func TestWhatNobodyMayDoComesBeforePermissions(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("", "^w", "")
	const onDefault = "operation not permitted on the default exchange"
	g.refusedAs(403, "queue name 'amq.x' contains reserved prefix 'amq.*'", queueDeclare("amq.x", durable, nil))
	g.refusedAs(403, onDefault, exchangeDeclare("", "fanout", 0, nil))
	g.refusedAs(403, onDefault, exchangeDelete("", 0))
	g.refusedAs(403, "deletion of system exchange 'amq.fanout' in vhost '"+g.vhost+"' not allowed", exchangeDelete("amq.fanout", 0))
	g.refusedAs(403, onDefault, queueBind("w", "", "", nil))
	g.refusedAs(403, onDefault, exchangeBind("w", "", "", nil))
	// But not everything does.
	g.refused("configure", "exchange 'amq.x'", exchangeDeclare("amq.x", "fanout", 0, nil))
	g.refused("write", "queue 'x'", queueBind("x", "", "", nil))
	g.refused("write", "exchange 'amq.default'", exchangeBind("", "amq.fanout", "", nil))
}

func TestDirectReplyToNeedsWriteToTheDefaultExchangeOnly(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("", "", "")
	g.allowed(queueDeclare(replyTo, durable, nil))
	g.allowed(basicConsume(replyTo, "tag", noAck, nil))
	g.refused("read", "queue '"+replyTo+"'", basicGet(replyTo, 0))
	g.permit("", `^amq\.default$`, "")
	g.allowed(basicConsume(replyTo, "tag", noAck, nil))
	g.publish(1, "", "nowhere", props(flagReplyTo, replyTo), "m")
	g.ping(1)
}

func TestPatternMatchesAnywhereInAName(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("foo", "", "")
	for _, name := range []string{"foo", "xfoo", "foox", "x.foo.x"} {
		g.allowed(queueDeclare(name, durable, nil))
	}
	g.refused("configure", "queue 'fo'", queueDeclare("fo", durable, nil))
	g.refused("configure", "queue 'FOO'", queueDeclare("FOO", durable, nil))
}

func TestEmptyPatternMatchesNothing(t T) {
	t.Parallel()
	g := invite(t)
	g.permit("", "", "")
	g.refused("configure", "queue 'q'", queueDeclare("q", durable, nil))
	g.refused("configure", "queue 'x'", queueDeclare("x", durable, nil))
}

func TestPermissionsAreThoseOfOneVirtualHost(t T) {
	t.Parallel()
	g := invite(t)
	other := g.admin.newVHost()
	g.admin.permit(g.user, other, "", "", "")
	g.allowed(queueDeclare("q", durable, nil))
	elsewhere := connectRaw(t, handshake{user: g.user, vhost: other})
	elsewhere.openChannel(1)
	elsewhere.send(1, queueDeclare("q", durable, nil))
	elsewhere.expectCode(1, 403)
}

func TestTagsGiveNoPermissions(t T) {
	t.Parallel()
	a := administer(t)
	user, vhost := a.newUser("administrator"), a.newVHost()
	refusedEntry(t, user, vhost, "access to vhost '"+vhost+"' refused for user '"+user+"'")
	a.permit(user, vhost, "", "", "")
	r := connectRaw(t, handshake{user: user, vhost: vhost})
	r.openChannel(1)
	r.send(1, queueDeclare("q", durable, nil))
	r.expectCode(1, 403)
}

// refusedEntry connects as a user and expects that the virtual host is not opened.
func refusedEntry(t T, user, vhost, why string) {
	t.Helper()
	r := tuneRaw(t, handshake{user: user})
	r.send(0, connectionOpen(vhost))
	r.expectClose(0, closing{530, why, 10, 40})
	r.send(0, connectionCloseOk())
}

func TestVirtualHostOpensWithPermissionsOnly(t T) {
	t.Parallel()
	a := administer(t)
	user, vhost := a.newUser(""), a.newVHost()
	why := "access to vhost '" + vhost + "' refused for user '" + user + "'"
	refusedEntry(t, user, vhost, why)
	a.permit(user, vhost, "", "", "") // to do nothing is enough
	connectRaw(t, handshake{user: user, vhost: vhost})
	a.do("DELETE", []string{"permissions", vhost, user}, nil)
	refusedEntry(t, user, vhost, why)
}

// followAtOnce reports whether a channel that has just been allowed something asks
// again for the next.
func followAtOnce(t T) bool {
	t.Helper()
	return ours(t, "changed permissions reach a channel at its next method, even if it was busy until then")
}

func TestTakenPermissionsReachOpenChannels(t T) {
	t.Parallel()
	g := invite(t)
	g.furnish(exchangeDeclare("x", "fanout", 0, nil))
	g.furnish(queueDeclare("q", durable, nil))
	for range 2 {
		g.publish(1, "x", "", nil, "m")
		g.call(1, basicGet("q", 0), 72)
		g.admin.do("DELETE", []string{"permissions", g.vhost, g.user}, nil)
		if !followAtOnce(t) {
			g.call(1, channelClose(), 41)
			g.openChannel(1)
		}
		g.refused("read", "queue 'q'", basicGet("q", 0))
		g.publish(1, "x", "", nil, "m")
		g.expectRefusal("write", "exchange 'x'", 60, 40)
		g.permit(".*", ".*", ".*")
	}
}

func TestGivenPermissionsReachOpenChannels(t T) {
	t.Parallel()
	g := invite(t)
	g.openChannel(2)
	g.permit("", "", "")
	g.refused("configure", "queue 'q'", queueDeclare("q", durable, nil))
	g.permit("", "", "^r")
	g.send(2, basicGet("r", 0))
	g.expectCode(2, 404)
	g.permit("^q", "", "")
	g.allowed(queueDeclare("q", durable, nil))
}
