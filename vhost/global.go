package vhost

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/harebellmq/harebell/store"
)

// A Global is something that was said of the broker as a whole. What it means is for
// whoever asks.
//
// rabbitmq: global parameters
type Global struct {
	Name  string `json:"name"`
	Value any    `json:"value"` // as encoding/json decodes it
}

func globalKey(name string) string { return store.Key("", "", name) }

// Globals returns all, by name.
func (r *Registry) Globals() []Global {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var all []Global
	for _, name := range slices.Sorted(maps.Keys(r.globals)) {
		all = append(all, Global{name, r.globals[name]})
	}
	return all
}

// Global returns the value of that name, nil if there is none.
func (r *Registry) Global(name string) any {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.globals[name]
}

// SetGlobal says something, which is on disk when SetGlobal returns.
func (r *Registry) SetGlobal(name string, value any) (created bool, err error) {
	if len(name) > store.NameMost || !utf8.ValidString(name) {
		return false, ErrName
	}
	doc, err := document(store.Parameters, globalKey(name), Global{name, value})
	if err != nil {
		return false, err
	}
	r.changing.Lock()
	r.mu.Lock()
	_, there := r.globals[name]
	r.globals[name] = value
	r.mu.Unlock()
	r.keep(doc)
	r.changing.Unlock()
	return !there, r.sync()
}

// ClearGlobal takes back what was said, and reports false if there was nothing.
func (r *Registry) ClearGlobal(name string) (found bool, err error) {
	r.changing.Lock()
	r.mu.Lock()
	_, found = r.globals[name]
	delete(r.globals, name)
	r.mu.Unlock()
	r.keep(store.Doc{Kind: store.Parameters, Key: globalKey(name)})
	r.changing.Unlock()
	return found, r.sync()
}

func (r *Registry) keep(doc store.Doc) {
	r.broker.Store.Append(store.Batch{Docs: []store.Doc{doc}})
}

// sync returns when what was kept is on disk.
func (r *Registry) sync() error {
	if err := r.broker.Store.Sync(); err != nil {
		return fmt.Errorf("write a global parameter: %w", err)
	}
	return nil
}

// loadGlobal takes one over.
func (r *Registry) loadGlobal(d store.Doc) error {
	var doc Global
	if err := json.Unmarshal(d.Value, &doc); err != nil {
		return err
	}
	if d.Key != globalKey(doc.Name) {
		return store.ErrForeign
	}
	r.globals[doc.Name] = doc.Value
	return nil
}
