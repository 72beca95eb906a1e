package main

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/internal/tracing"
)

// traceTimeout is how long a broker that stops waits for its last spans to be sent.
const traceTimeout = 5 * time.Second

// traced returns who is to make spans of what happens to messages, nil if nobody is. stop
// sends the last ones.
func traced(ctx context.Context, c config.Config, log zerolog.Logger) (watch event.Watcher, stop func(), err error) {
	if c.OTLPEndpoint == "" {
		return nil, func() {}, nil
	}
	t, err := tracing.Start(ctx, tracing.Options{
		Endpoint: c.OTLPEndpoint, Ratio: c.OTLPSampleRatio, Node: c.NodeName(), Version: version(), Log: log,
	})
	if err != nil {
		return nil, nil, err
	}
	log.Info().Str("endpoint", c.OTLPEndpoint).Msg("spans of messages are sent")
	return t, func() {
		ctx, cancel := context.WithTimeout(context.Background(), traceTimeout)
		defer cancel()
		if err := t.Stop(ctx); err != nil {
			log.Warn().Err(err).Msg("last spans not sent")
		}
	}, nil
}
