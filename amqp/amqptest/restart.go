package amqptest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/harebellmq/harebell/store"
)

// closeTimeout is how long clients get to answer connection.close.
const closeTimeout = time.Second

// Restart stops the broker in order, or finds it killed, and starts it again. What
// is durable is there again, at the same addresses; all else is gone, alarms and a
// failed disk included. Clients are told, as by any broker that is shut down:
// connection.close with 320. Faults, users, the clock and the journal go on.
//
// The error says what went wrong, in the old life or the new one. A broker made by
// Start on a store of the caller's restarts only if that is in memory, or WithReopen
// says how to open it again.
func (b *Broker) Restart() error {
	b.turning.Lock()
	defer b.turning.Unlock()
	old, err := b.down()
	if err != nil {
		return fmt.Errorf("amqptest: restart: %w", err)
	}
	var stopped error
	if old != nil {
		stopped = old.stop()
		b.last = old.store
	}
	st, err := b.reopenStore()
	if err != nil {
		return fmt.Errorf("amqptest: restart: %w", errors.Join(stopped, err))
	}
	r, err := b.begin(st)
	if err != nil {
		return fmt.Errorf("amqptest: restart: %w", errors.Join(stopped, err, st.Close()))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = r
	if err := errors.Join(stopped, b.reopen(r)); err != nil {
		return fmt.Errorf("amqptest: restart: %w", err)
	}
	return nil
}

// Kill ends the broker as kill -9 would: nobody is told, and what is not on disk
// is lost. Whoever dials it meets a closed port until Restart.
func (b *Broker) Kill() error {
	b.turning.Lock()
	defer b.turning.Unlock()
	r, err := b.down()
	switch {
	case err != nil:
		return fmt.Errorf("amqptest: kill: %w", err)
	case r == nil:
		return fmt.Errorf("amqptest: kill: %w", ErrDown)
	}
	b.last = r.store
	return r.kill()
}

// CutConnections ends all connections without a word, as a network does. Clients
// may come back at once.
func (b *Broker) CutConnections() {
	if r, err := b.running(); err == nil {
		r.server.CutConnections()
	}
}

// down takes the run away, nil if there is none.
func (b *Broker) down() (*run, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrClosed
	}
	r := b.now
	b.now = nil
	return r, nil
}

// reopenStore opens what the last run has closed.
func (b *Broker) reopenStore() (store.Store, error) {
	if open := b.options.reopen; open != nil {
		return open()
	}
	if m, ok := b.last.(*store.Memory); ok {
		return m.Reopen(), nil
	}
	return nil, fmt.Errorf("do not know how to open a %T again: want WithReopen", b.last)
}

// stop ends the run in order.
func (r *run) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := r.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		r.server.Log.Warn().Err(err).Msg("connections cut off")
		err = nil // nothing is wrong with the broker if a client does not answer
	}
	r.serving.Wait()
	r.registry.Stop()
	return errors.Join(err, errors.Join(r.lost...), r.store.Close())
}

// kill ends the run at once. The store goes first: what connections and queues do
// as they end would not happen if the process were gone.
func (r *run) kill() error {
	err := r.store.Close()
	r.server.Close()
	r.serving.Wait()
	r.registry.Stop()
	return errors.Join(err, errors.Join(r.lost...))
}
