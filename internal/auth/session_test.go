package auth

import (
	"sync"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/limits"
)

func TestSessionsNeedPermissions(t *testing.T) {
	s := newSite(t)
	_, err := s.Enter("ann", "v", nil)
	s.wantError(err, amqp.NotAllowed, "access to vhost 'v' refused for user 'ann'")
	_, err = s.Enter("nobody", "v", nil)
	s.wantError(err, amqp.NotAllowed, "access to vhost 'v' refused for user 'nobody'")
	s.permit("", "", "") // to do nothing is enough
	s.enter()
	_, err = s.Enter("ann", "w", nil)
	s.wantError(err, amqp.NotAllowed, "access to vhost 'w' refused for user 'ann'")
}

func TestWhatSessionsAllow(t *testing.T) {
	s := newSite(t)
	s.permit("^c", "^w|^amq.default$", "^r")
	session := s.enter()
	const who = " in vhost 'v' refused for user 'ann'"
	tests := []struct {
		name string
		err  error
		want string // "" if allowed
	}{
		{"configure", session.Configure(Queue, "c1"), ""},
		{"write", session.Write(Queue, "w1"), ""},
		{"read", session.Read(Exchange, "r1"), ""},
		{"configure what may only be written to", session.Configure(Queue, "w1"), "configure access to queue 'w1'"},
		{"write to what may only be read", session.Write(Exchange, "r1"), "write access to exchange 'r1'"},
		{"read what may only be configured", session.Read(Queue, "c1"), "read access to queue 'c1'"},
		{"the default exchange has a name", session.Write(Exchange, ""), ""},
		{"and is refused under it", session.Read(Exchange, ""), "read access to exchange 'amq.default'"},
		{"an empty queue name is one", session.Write(Queue, ""), "write access to queue ''"},
		{"know what may be configured", session.Know(Queue, "c1"), ""},
		{"know what may be written to", session.Know(Exchange, "w1"), ""},
		{"know what may be read", session.Know(Exchange, "r1"), ""},
		{"know what may not be touched", session.Know(Exchange, "x"), "configure access to exchange 'x'"},
		{"publish", session.Publish("w1"), ""},
		{"publish again", session.Publish("w1"), ""},
		{"publish to another", session.Publish("x"), "write access to exchange 'x'"},
		{"publish to the default exchange", session.Publish(""), ""},
		{"topics without topic permissions", session.WriteTopic("w1", "k"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.want != "" {
				s.wantError(test.err, amqp.AccessRefused, test.want+who)
			} else if test.err != nil {
				t.Error(test.err)
			}
		})
	}
}

func TestSessionsFollowChanges(t *testing.T) {
	s := newSite(t)
	s.permit(".*", ".*", ".*")
	session := s.enter()
	publishes := func(want bool) {
		t.Helper()
		for range 2 { // from memory the second time
			if err := session.Publish("x"); (err == nil) != want {
				t.Errorf("got %v, want allowed %v", err, want)
			}
		}
	}
	publishes(true)
	s.permit(".*", "^y", ".*")
	publishes(false)
	s.permit(".*", "^x", ".*")
	publishes(true)
	s.ok(s.ClearPermissions("", "ann", "v"))
	publishes(false)
	s.permit(".*", ".*", ".*")
	publishes(true)
	s.Forget("", "v")
	publishes(false)
	s.permit(".*", ".*", ".*")
	publishes(true)
	s.ok(s.Delete("", "ann"))
	publishes(false)
	s.put(User{Name: "ann"}) // another ann
	s.permit(".*", ".*", ".*")
	publishes(false)
}

func TestTopicPermissions(t *testing.T) {
	s := newSite(t)
	s.permit(".*", ".*", ".*")
	session := s.enter()
	if session.HasTopics() {
		t.Error("there are topic permissions, want none")
	}
	s.narrow("x", "^{username}\\.", "")
	if err := session.Publish("x"); err != nil || !session.HasTopics() {
		t.Errorf("there are no topic permissions, want some; error %v", err)
	}
	for name, err := range map[string]error{
		"write":                session.WriteTopic("x", "ann.a"),
		"read":                 session.ReadTopic("x", ""),
		"write elsewhere":      session.WriteTopic("y", "bob.a"),
		"read elsewhere":       session.ReadTopic("", "bob.a"),
		"write, if it matches": session.WriteTopic("x", "ann.bob"),
	} {
		if err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s.wantError(session.WriteTopic("x", "bob.a"), amqp.AccessRefused, "write access to topic 'bob.a' in exchange 'x' in vhost 'v' refused for user 'ann'")
	s.wantError(session.ReadTopic("x", "ann.a"), amqp.AccessRefused, "read access to topic 'ann.a' in exchange 'x' in vhost 'v' refused for user 'ann'")

	// rabbitmq: the empty name is the default exchange's, not all exchanges'
	s.narrow("", "^$", "^$")
	if err := session.WriteTopic("y", "k"); err != nil {
		t.Error(err)
	}
	if created, err := s.SetTopicPermissions("", TopicPermissions{User: "ann", VHost: "w"}, anything); !created || err != nil {
		t.Errorf("in another virtual host: got created %v, error %v", created, err)
	}
	s.ok(s.ClearTopicPermissions("", "ann", "v"))
	if err := session.Publish("x"); err != nil || session.HasTopics() || len(s.AllTopicPermissions()) != 1 {
		t.Errorf("after clearing: got %v, error %v", s.AllTopicPermissions(), err)
	}
}

func TestLimitsOfUsers(t *testing.T) {
	s := newSite(t)
	s.permit("", "", "")
	s.ok(s.SetLimit("", "ann", limits.MaxConnections, 2))
	s.ok(s.SetLimit("", "ann", limits.MaxChannels, 3))
	first, second := s.enter(), s.enter()
	_, err := s.Enter("ann", "w", nil) // the limit is looked at before the permissions
	s.wantError(err, amqp.NotAllowed, "connection refused for user 'ann': user connection limit (2) is reached")

	for _, session := range []*Session{first, first, second} {
		s.ok(session.OpenChannel())
	}
	const full = "number of channels opened for user 'ann' has reached the maximum allowed user limit of 3"
	s.wantError(second.OpenChannel(), amqp.NotAllowed, full)
	second.CloseChannel()
	s.ok(second.OpenChannel())
	s.wantError(second.OpenChannel(), amqp.NotAllowed, full)
	first.Leave()
	s.ok(second.OpenChannel())
	s.ok(second.OpenChannel())
	s.wantError(second.OpenChannel(), amqp.NotAllowed, full)
	s.enter()
	s.ok(s.SetLimit("", "ann", limits.MaxConnections, -1))
	s.enter()
}

func TestTagsAreThoseOfTheBeginning(t *testing.T) {
	s := newSite(t)
	s.permit("", "", "")
	before := s.enter()
	s.put(User{Name: "ann", Tags: []string{Impersonator}})
	after := s.enter()
	s.put(User{Name: "ann"})
	if before.Impersonates() || !after.Impersonates() {
		t.Errorf("got %v and %v, want false and true", before.Impersonates(), after.Impersonates())
	}
}

func BenchmarkPublish(b *testing.B) {
	s := newSite(b)
	s.permit("^nothing$", "^(orders|amq\\.gen).*", "")
	session := s.enter()
	b.ReportAllocs()
	for b.Loop() {
		if err := session.Publish("orders.eu"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestChangesWhileSessionsAsk is for the race detector, and for what is counted.
func TestChangesWhileSessionsAsk(t *testing.T) {
	s := newSite(t)
	s.permit(".*", ".*", ".*")
	var asking sync.WaitGroup
	for range 3 {
		session := s.enter()
		asking.Go(func() {
			defer session.Leave()
			for range 300 {
				if err := session.OpenChannel(); err != nil {
					t.Error(err)
				}
				session.Publish("x") // allowed or not
				session.WriteTopic("x", "k")
				session.ReadTopic("x", "k")
				session.Know(Queue, "q")
				session.CloseChannel()
			}
			session.OpenChannel()
		})
	}
	for range 100 {
		s.permit("", "^x", "")
		s.narrow("x", "k", "k")
		s.ok(s.ClearTopicPermissions("", "ann", "v"))
		s.ok(s.ClearPermissions("", "ann", "v"))
		s.ok(s.SetLimit("", "ann", limits.MaxChannels, 1000))
		s.All()
	}
	asking.Wait()
	if a := s.accounts["ann"]; a.channels != 0 || len(a.seats) != 0 {
		t.Errorf("%d channels and %d sessions are left", a.channels, len(a.seats))
	}
}
