// Package web serves HTTP to anybody who comes, with bounds on what one client may take.
package web

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

// What a client may take.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 5 * time.Minute // longer than there is between two scrapes
	headerMost    = 64 << 10        // octets
)

// ErrServerClosed is returned by Serve after Shutdown.
var ErrServerClosed = http.ErrServerClosed

// A Server answers clients on listeners.
type Server struct{ http http.Server }

// NewServer returns a server that answers by a handler. What goes wrong with a client is
// logged under the protocol's name.
func NewServer(h http.Handler, protocol string, to zerolog.Logger) *Server {
	return &Server{http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerMost,
		ErrorLog:          log.New(to.With().Str("protocol", protocol).Logger(), "", 0),
	}}
}

// Serve answers clients on l until Shutdown, and returns ErrServerClosed then, or
// the error that ended it. It closes l.
func (s *Server) Serve(l net.Listener) error { return s.http.Serve(l) }

// Shutdown stops accepting, waits for the requests under way, and cuts them off
// when ctx is done.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}
