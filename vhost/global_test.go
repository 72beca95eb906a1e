package vhost

import (
	"reflect"
	"testing"

	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

func TestGlobalsAreThereAfterARestart(t *testing.T) {
	b := Broker{Store: store.NewMemory(), Clock: clock.System}
	r, err := Open(b, Default)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{"b": "text", "a": map[string]any{"n": 1.5}, "gone": true} {
		if created, err := r.SetGlobal(name, value); err != nil || !created {
			t.Errorf("%s: created %v, error %v", name, created, err)
		}
	}
	if created, err := r.SetGlobal("b", "other"); err != nil || created {
		t.Errorf("again: created %v, error %v", created, err)
	}
	for _, found := range []bool{true, false} {
		if got, err := r.ClearGlobal("gone"); err != nil || got != found {
			t.Errorf("cleared: got %v, error %v, want %v", got, err, found)
		}
	}
	if r, err = Open(b, Default); err != nil {
		t.Fatal(err)
	}
	want := []Global{{"a", map[string]any{"n": 1.5}}, {"b", "other"}}
	if got := r.Globals(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
