package server

import (
	"testing"

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
	registry, err := vhost.Open(vhost.Broker{Store: st, Clock: clock.System}, vhost.Default)
	if err != nil {
		tb.Fatal(err)
	}
	users := new(auth.Users)
	users.Set("guest", "guest")
	return &Server{VHosts: registry, Users: users, Store: st}
}
