package conformance

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// A trial is one rule, or one part of a rule, while it is checked. It behaves as
// *testing.T does; the trial of all rules has no parent.
type trial struct {
	name   string
	parent *trial
	turns  chan struct{} // holds a token for each trial that may go in parallel
	limit  time.Duration // for a function of it
	clock  *time.Timer   // fires when the function has taken too long

	suspended chan struct{} // closed when Run may return: it ended or is parallel
	returned  chan struct{} // closed when its function has returned
	ended     chan struct{} // closed after all parts and cleanups
	parallel  bool          // has a turn; only its own goroutines touch it
	began     time.Time     // not counting the wait for its turn

	mu       sync.Mutex // guards the fields below
	failed   bool
	skipped  bool
	messages []string            // of failures, or why it was skipped
	helpers  map[string]struct{} // names of functions
	cleanups []func()
	parts    []*trial // that wait until the function has returned
}

// newTrial returns a trial that has not begun.
func newTrial(name string, parent *trial, turns chan struct{}, limit time.Duration) *trial {
	return &trial{
		name: name, parent: parent, turns: turns, limit: limit,
		suspended: make(chan struct{}), returned: make(chan struct{}), ended: make(chan struct{}),
		helpers: make(map[string]struct{}),
	}
}

// start runs a function and returns when it has ended, or waits for its turn.
func (t *trial) start(f func(T)) {
	go t.carryOut(f)
	<-t.suspended
}

// carryOut runs the function, the parallel parts of it, and the cleanups.
func (t *trial) carryOut(f func(T)) {
	t.began = time.Now()
	t.protect(func() { f(t) })
	t.runParts()
	for cleanup := t.popCleanup(); cleanup != nil; cleanup = t.popCleanup() {
		t.protect(cleanup)
	}
	if t.isFailed() && t.parent != nil {
		t.parent.fail("")
	}
	if t.parallel {
		t.turns <- struct{}{}
	} else {
		close(t.suspended)
	}
	close(t.ended)
}

// protect calls f on a goroutine of its own, so that f may end that, and waits.
// One that takes longer than the limit is left behind.
func (t *trial) protect(f func()) {
	t.clock = time.NewTimer(t.limit)
	defer t.clock.Stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if cause := recover(); cause != nil {
				t.fail(fmt.Sprintf("panic: %v\n%s", cause, debug.Stack()))
			}
		}()
		f()
	}()
	select {
	case <-done:
	case <-t.clock.C:
		t.fail(fmt.Sprintf("not finished after %v", t.limit))
	}
}

// runParts lets the parallel parts go, with the turn of the trial itself, and
// waits for them.
func (t *trial) runParts() {
	close(t.returned)
	t.mu.Lock()
	parts := slices.Clone(t.parts)
	t.mu.Unlock()
	if len(parts) == 0 {
		return
	}
	if t.parallel {
		t.turns <- struct{}{}
		defer func() { <-t.turns }()
	}
	for _, part := range parts {
		<-part.ended
	}
}

func (t *trial) popCleanup() func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.cleanups) == 0 {
		return nil
	}
	last := len(t.cleanups) - 1
	cleanup := t.cleanups[last]
	t.cleanups = t.cleanups[:last]
	return cleanup
}

func (t *trial) Name() string { return t.name }

func (t *trial) Run(name string, part func(T)) bool {
	name = strings.ReplaceAll(name, " ", "_")
	child := newTrial(t.name+"/"+name, t, t.turns, t.limit)
	child.start(part)
	return !child.isFailed()
}

func (t *trial) Parallel() {
	t.clock.Stop()
	t.parallel = true
	if t.parent != nil {
		t.parent.mu.Lock()
		t.parent.parts = append(t.parent.parts, t)
		t.parent.mu.Unlock()
		close(t.suspended)
		<-t.parent.returned
	}
	<-t.turns
	t.began = time.Now()
	t.clock.Reset(t.limit)
}

func (t *trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

func (t *trial) Helper() {
	var callers [1]uintptr
	if runtime.Callers(2, callers[:]) == 0 {
		return
	}
	frame, _ := runtime.CallersFrames(callers[:]).Next()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.helpers[frame.Function] = struct{}{}
}

// Log and Logf drop what they are told: a report says what differed, not what
// was thought on the way.
func (t *trial) Log(...any)          {}
func (t *trial) Logf(string, ...any) {}

func (t *trial) Error(values ...any) { t.fail(t.place() + fmt.Sprintln(values...)) }

func (t *trial) Errorf(format string, values ...any) {
	t.fail(t.place() + fmt.Sprintf(format, values...))
}

func (t *trial) Fatal(values ...any) {
	t.fail(t.place() + fmt.Sprintln(values...))
	runtime.Goexit()
}

func (t *trial) Fatalf(format string, values ...any) {
	t.fail(t.place() + fmt.Sprintf(format, values...))
	runtime.Goexit()
}

func (t *trial) Skip(values ...any) {
	t.mu.Lock()
	t.skipped = true
	t.mu.Unlock()
	t.tell(fmt.Sprintln(values...))
	runtime.Goexit()
}

// fail marks the trial, and says why unless a part of it has.
func (t *trial) fail(why string) {
	t.mu.Lock()
	t.failed = true
	t.mu.Unlock()
	if why != "" {
		t.tell(why)
	}
}

func (t *trial) isFailed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// conclude fills in what came of a trial that has ended.
func (t *trial) conclude(r *Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Seconds = time.Since(t.began).Seconds()
	r.Messages = slices.Clone(t.messages)
	switch {
	case t.failed:
		r.Outcome = Failed
	case t.skipped:
		r.Outcome = Skipped
	default:
		r.Outcome, r.Messages = Passed, nil
	}
}

// tell hands a message to the rule, with the part it comes from.
func (t *trial) tell(message string) {
	rule := t
	for rule.parent != nil && rule.parent.parent != nil {
		rule = rule.parent
	}
	if part := strings.TrimPrefix(t.name, rule.name+"/"); rule != t {
		message = strings.ReplaceAll(part, "_", " ") + ": " + message
	}
	rule.mu.Lock()
	defer rule.mu.Unlock()
	rule.messages = append(rule.messages, strings.TrimSpace(message))
}

// place returns file and line of the caller that is to blame: the first that is
// no helper.
func (t *trial) place() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		frame, more := frames.Next()
		if _, isHelper := t.helpers[frame.Function]; !isHelper || !more {
			return fmt.Sprintf("%s:%d: ", filepath.Base(frame.File), frame.Line)
		}
	}
}
