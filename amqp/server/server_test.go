package server

import (
	"testing"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// testServer returns a server with a memory of its own and the user guest.
func testServer(tb testing.TB) *Server {
	tb.Helper()
	return serverOn(tb, store.NewMemory())
}

// serverOn returns a server on a store.
func serverOn(tb testing.TB, st store.Store) *Server {
	tb.Helper()
	return serverBy(tb, st, clock.System)
}

// serverBy returns a server on a store, whose messages live by a clock.
func serverBy(tb testing.TB, st store.Store, c clock.Clock) *Server {
	tb.Helper()
	registry, err := vhost.Open(vhost.Broker{Store: st, Clock: c}, vhost.Default)
	if err != nil {
		tb.Fatal(err)
	}
	users, err := auth.Open(st, zerolog.Nop())
	if err != nil {
		tb.Fatal(err)
	}
	if err := users.First(auth.User{Name: "guest"}.WithPassword("guest"), auth.Everything("guest", vhost.Default)); err != nil {
		tb.Fatal(err)
	}
	return &Server{VHosts: registry, Users: users, Store: st}
}
