package amqptest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A fakeTB notes how a test would have fared.
type fakeTB struct {
	testing.TB
	said     []string
	cleanups []func()
}

func (f *fakeTB) Helper() {}

func (f *fakeTB) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

// run runs a test, and what it has left to do at its end.
func (f *fakeTB) run(test func()) {
	for _, step := range []func(){test, f.cleanup} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			step()
		}()
		<-done
	}
}

func (f *fakeTB) cleanup() {
	for len(f.cleanups) > 0 {
		last := len(f.cleanups) - 1
		c := f.cleanups[last]
		f.cleanups = f.cleanups[:last]
		c()
	}
}

// wantSaid fails t unless exactly one thing was said, and that names want.
func (f *fakeTB) wantSaid(t *testing.T, want string) {
	t.Helper()
	if len(f.said) != 1 || !strings.Contains(f.said[0], want) {
		t.Errorf("said: got %q, want one text with %q", f.said, want)
	}
}
