package vhost

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

func TestMetadataAndLimitsLast(t *testing.T) {
	s := newSite(t)
	want := Metadata{Description: "of others", Tags: []string{"a", "b"}, DefaultQueueType: "classic", Protected: true}
	for _, created := range []bool{true, false} {
		if got, err := s.registry.Put("", "other", want); got != created || err != nil {
			t.Errorf("put: got created %v, error %v, want created %v", got, err, created)
		}
	}
	v, err := s.registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int64{limits.MaxConnections: -1, limits.MaxQueues: 7} {
		if err := v.SetLimit("", name, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.ClearLimit("", limits.MaxConnections); err != nil {
		t.Fatal(err)
	}
	s.restart()
	if v, err = s.registry.Get("other"); err != nil {
		t.Fatal(err)
	}
	if got := v.Metadata(); !reflect.DeepEqual(got, want) {
		t.Errorf("metadata: got %+v, want %+v", got, want)
	}
	if got := v.Limits(); !maps.Equal(got, limits.Set{limits.MaxQueues: 7}) {
		t.Errorf("limits: got %v", got)
	}
	if got := s.VirtualHost.Metadata(); got.Description != "Default virtual host" || got.Tags == nil {
		t.Errorf("metadata of the first: got %+v", got)
	}

	if err := v.ClearLimit("", limits.MaxQueues); err != nil {
		t.Fatal(err)
	}
	s.wantDocs(store.Parameters, 0)
}

func TestProtectedVirtualHostIsNotDeleted(t *testing.T) {
	s := newSite(t)
	if _, err := s.registry.Put("", "other", Metadata{Protected: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.registry.Delete("", "other"); err != ErrProtected || !s.registry.Has("other") {
		t.Errorf("got %v, want it refused", err)
	}
	if _, err := s.registry.Put("", "other", Metadata{}); err != nil {
		t.Fatal(err)
	}
	if err := s.registry.Delete("", "other"); err != nil || s.registry.Has("other") {
		t.Errorf("got %v, want it deleted", err)
	}
}

func TestDeletionForgetsLimitsAndIsTold(t *testing.T) {
	s := newSite(t)
	var told []string
	registry, err := Open(Broker{Store: s.store, Clock: clock.System, Forget: func(_, name string) { told = append(told, name) }}, Default)
	if err != nil {
		t.Fatal(err)
	}
	v, err := registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.SetLimit("", limits.MaxQueues, 1); err != nil {
		t.Fatal(err)
	}
	if err := registry.Delete("", "other"); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(told, []string{"other"}) {
		t.Errorf("told of %q", told)
	}
	s.wantDocs(store.Parameters, 0)
	s.wantError(v.SetLimit("", limits.MaxQueues, 1), amqp.NotAllowed, "vhost other not found")
}

func TestNamesOfVirtualHosts(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{strings.Repeat("n", 256), "\xff"} {
		if _, err := s.registry.Create(name); err != ErrName {
			t.Errorf("%q: got %v, want %v", name, err, ErrName)
		}
	}
	for _, name := range []string{strings.Repeat("n", 255), "a/b", ""} {
		if _, err := s.registry.Create(name); err != nil || !s.registry.Has(name) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if got, want := s.registry.Names(), []string{"", "/", "a/b", strings.Repeat("n", 255)}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLimitOfConnections(t *testing.T) {
	s := newSite(t)
	if err := s.SetLimit("", limits.MaxConnections, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Enter("first", "ann", func() {}); err != nil {
		t.Fatal(err)
	}
	s.wantError(s.Enter("second", "ann", func() {}), amqp.NotAllowed, "access to vhost '/' refused for user 'ann': connection limit (1) is reached")
	s.Release("first")
	if err := s.Enter("second", "ann", func() {}); err != nil {
		t.Errorf("after the first has left: got %v", err)
	}
}

func TestLimitOfQueues(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q"})
	if err := s.SetLimit("", limits.MaxQueues, 1); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.DeclareQueue(queue.Declaration{Name: "r"}, nil, nil)
	s.wantError(err, amqp.PreconditionFailed, "cannot declare queue 'r': queue limit in vhost '/' (1) is reached")
	s.queue(queue.Declaration{Name: "q"}) // it is there already
	if _, err := s.NewReplyQueue(); err != nil {
		t.Errorf("a reply queue is none that counts: got %v", err)
	}
	s.DeleteQueue("q", nil, false, false)
	s.queue(queue.Declaration{Name: "r"})
}
