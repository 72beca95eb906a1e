package oauth2

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/clock"
)

// How often keys are fetched.
const (
	// fetchPause is the least time between two: whoever shows tokens with keys that
	// nobody knows does not make us ask the issuer more often.
	fetchPause = 10 * time.Second

	// keysAge is the time after which keys are fetched again, when one is next needed,
	// so that a key which the issuer has withdrawn does not count for ever.
	keysAge = time.Hour
)

// keys are those that tokens may be signed with, by their ids.
type keys struct {
	// immutable
	fixed  map[string][]jose.JSONWebKey
	source *source // nil if there is nothing to fetch
	clock  clock.Clock
	log    zerolog.Logger

	mu       sync.Mutex // guards what follows
	fetched  map[string][]jose.JSONWebKey
	since    time.Time     // when they were fetched
	asked    time.Time     // when the last fetch began
	fetching chan struct{} // closed when it has ended; nil if none is under way
	failing  bool          // the last one failed
}

func newKeys(o *Options) *keys {
	k := &keys{source: newSource(o), clock: o.Clock, log: o.Log, fixed: make(map[string][]jose.JSONWebKey)}
	for id, key := range o.Keys {
		k.fixed[id] = []jose.JSONWebKey{{KeyID: id, Key: key}}
	}
	return k
}

func (k *keys) warm() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.source != nil && k.fetching == nil {
		k.fetch()
	}
}

// find returns the keys of an id. If there is none it waits for a fetch, or until
// ctx is done.
func (k *keys) find(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	found, pending := k.look(id)
	if found == nil && pending != nil {
		select {
		case <-pending:
			found, _ = k.look(id)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if found == nil {
		return nil, fmt.Errorf("key %q is not known%s", id, k.excuse())
	}
	return found, nil
}

// look returns the keys of an id that are known, and a fetch that may find others.
//
// rabbitmq: a key that was fetched comes before one of the file
func (k *keys) look(id string) (found []jose.JSONWebKey, pending <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if found = k.fetched[id]; found == nil {
		found = k.fixed[id]
	}
	if k.source == nil {
		return found, nil
	}
	now := k.clock.Now()
	old := found == nil || now.Sub(k.since) >= keysAge
	if k.fetching == nil && old && (k.asked.IsZero() || now.Sub(k.asked) >= fetchPause) {
		k.fetch()
	}
	return found, k.fetching
}

// excuse says why a key may not be known that the issuer has.
func (k *keys) excuse() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failing {
		return ", and the issuer's keys cannot be fetched"
	}
	return ""
}

// fetch begins to fetch. The lock is held.
func (k *keys) fetch() {
	done := make(chan struct{})
	k.fetching, k.asked = done, k.clock.Now()
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		fetched, err := k.source.keys(ctx)
		k.note(fetched, err)
	}()
}

// note takes over what was fetched. If that has failed, what was fetched before still
// counts. It is told once, until it goes well again.
func (k *keys) note(fetched map[string][]jose.JSONWebKey, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fetching = nil
	failed := k.failing
	k.failing = err != nil
	switch {
	case err != nil && !failed:
		k.log.Error().Err(err).Msg("keys for tokens not fetched: tokens signed with a key not known yet are refused")
	case err == nil:
		k.fetched, k.since = fetched, k.clock.Now()
		k.log.Info().Strs("keys", slices.Sorted(maps.Keys(fetched))).Msg("keys for tokens fetched")
	}
}
