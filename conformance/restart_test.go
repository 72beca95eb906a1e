package conformance

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// turn has restarts happen by a function while the test runs.
func turn(t *testing.T, broker func() error) {
	before := turning
	t.Cleanup(func() { turning = before })
	turning = restart{broker: broker}
}

func TestRestartIsSharedAndComesBeforeWhatIsParallel(t *testing.T) {
	var mu sync.Mutex
	var got []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, what)
	}
	turn(t, func() error {
		note("restart")
		return nil
	})
	surviving := func(t T) {
		turning.wanted = true
		note("before")
		t.Parallel()
		note("after")
	}
	outcomes(Options{},
		Rule{"TestParallel", func(t T) { t.Parallel(); note("after") }},
		Rule{"TestSurvives", surviving},
		Rule{"TestAlone", func(T) { note("before") }},
		Rule{"TestSurvivesToo", surviving},
	)
	if want := []string{"before", "before", "before", "restart", "after", "after", "after"}; !reflect.DeepEqual(got, want) {
		t.Errorf("order:\n got %q\nwant %q", got, want)
	}
}

func TestRestartThatNobodyWantsDoesNotHappen(t *testing.T) {
	turn(t, func() error {
		t.Error("restarted")
		return nil
	})
	outcomes(Options{}, Rule{"TestParallel", func(t T) { t.Parallel() }})
}

func TestRestartThatFailsIsTold(t *testing.T) {
	turn(t, func() error { return errors.New("it burns") })
	got := outcomes(Options{}, Rule{"TestSurvives", func(t T) {
		turning.wanted = true
		afterRestart(t)
	}})[0]
	if said := strings.Join(got.Messages, "\n"); got.Outcome != Failed || !strings.Contains(said, "restart: it burns") {
		t.Errorf("got %s with %q, want it failed for the restart", got.Outcome, said)
	}
}

func TestRestartCommand(t *testing.T) {
	if restartCommand("") != nil {
		t.Error("no command: got a way to restart")
	}
	if err := restartCommand("echo no such service; exit 3")(); err == nil || !strings.Contains(err.Error(), "no such service") {
		t.Errorf("command that fails: got %v, want what it said", err)
	}
	if err := restartCommand("true")(); err != nil {
		t.Errorf("command that does nothing, to a broker that is there: got %v", err)
	}
}
