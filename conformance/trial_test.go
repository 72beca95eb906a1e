package conformance

import (
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// outcomes checks rules and returns what came of them.
func outcomes(o Options, rules ...Rule) []Result {
	return judgeAll([]Chapter{{Title: "Rules", Rules: rules}}, o)
}

func TestOutcomesOfRules(t *testing.T) {
	for name, c := range map[string]struct {
		check func(T)
		want  Outcome
		says  string
	}{
		"holds":         {func(T) {}, Passed, ""},
		"error":         {func(t T) { t.Errorf("got %d, want 2", 1) }, Failed, "got 1, want 2"},
		"fatal":         {func(t T) { t.Fatal("lost"); panic("went on") }, Failed, "lost"},
		"skip":          {func(t T) { t.Skip("not offered"); panic("went on") }, Skipped, "not offered"},
		"panic":         {func(T) { panic("oh") }, Failed, "panic: oh"},
		"cleanup fails": {func(t T) { t.Cleanup(func() { t.Fatal("left over") }) }, Failed, "left over"},
		"part fails":    {func(t T) { t.Run("a part", func(t T) { t.Error("wrong") }) }, Failed, "wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcomes(Options{}, Rule{"TestIt", c.check})[0]
			if got.Outcome != c.want {
				t.Errorf("outcome: got %s, want %s", got.Outcome, c.want)
			}
			if said := strings.Join(got.Messages, "\n"); !strings.Contains(said, c.says) {
				t.Errorf("messages: got %q, want %q", said, c.says)
			}
		})
	}
}

func TestHelpersAreNotToBlame(t *testing.T) {
	var line int
	got := outcomes(Options{}, Rule{"TestIt", func(t T) {
		_, _, line, _ = runtime.Caller(0)
		fails(t) // one line below
	}})[0]
	want := fmt.Sprintf("trial_test.go:%d: by a helper", line+1)
	if len(got.Messages) != 1 || got.Messages[0] != want {
		t.Errorf("messages: got %q, want %q", got.Messages, want)
	}
}

func fails(t T) {
	t.Helper()
	t.Error("by a helper")
}

func TestTrialsTakeTheirOrder(t *testing.T) {
	var mu sync.Mutex
	var got []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, what)
	}
	outcomes(Options{Parallel: 1},
		Rule{"TestParallel", func(t T) {
			t.Parallel()
			note("parallel")
			t.Cleanup(func() { note("cleanup 2") })
			t.Cleanup(func() { note("cleanup 1") })
			t.Run("later", func(t T) {
				t.Parallel()
				note("part")
			})
			t.Run("now", func(T) { note("first part") })
		}},
		Rule{"TestAlone", func(T) { note("alone") }},
	)
	want := []string{"alone", "parallel", "first part", "part", "cleanup 1", "cleanup 2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("order:\n got %q\nwant %q", got, want)
	}
}

func TestNoMoreTrialsThanTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		check := func(t T) {
			t.Parallel()
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second) // of the fake clock: all that may run are running
			now.Add(-1)
		}
		var rules []Rule
		for range 10 {
			rules = append(rules, Rule{"TestIt", check})
		}
		outcomes(Options{Parallel: 3}, rules...)
		if most.Load() != 3 {
			t.Errorf("at a time: got %d, want 3", most.Load())
		}
	})
}

func TestTrialThatDoesNotEndIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		got := outcomes(Options{}, Rule{"TestHangs", func(t T) {
			t.Parallel()
			<-release
		}}, Rule{"TestHolds", func(t T) { t.Parallel() }})
		if got[0].Outcome != Failed || got[1].Outcome != Passed {
			t.Errorf("got %s and %s, want failed and passed", got[0].Outcome, got[1].Outcome)
		}
	})
}

func TestOnlyMatchingRulesAreChecked(t *testing.T) {
	hold := func(T) {}
	got := outcomes(Options{Only: regexp.MustCompile("TTL$")}, Rule{"TestTTL", hold}, Rule{"TestTTLs", hold})
	if len(got) != 1 || got[0].Rule != "TestTTL" {
		t.Errorf("checked: got %+v, want TestTTL alone", got)
	}
}

func TestSentence(t *testing.T) {
	for name, want := range map[string]string{
		"TestMaxLengthDropsTheOldest":      "Max length drops the oldest",
		"TestQueueTTLExpiresMessages":      "Queue TTL expires messages",
		"TestMalformedFramesAre501":        "Malformed frames are 501",
		"TestLongReplyTextIsCutAt255Octet": "Long reply text is cut at 255 octet",
		"TestBodyAbove512MiBIsRefused":     "Body above 512 MiB is refused",
		"TestFieldTagUIsA16BitNumber":      "Field tag U is a 16 bit number",
		"TestAReplyCounts":                 "A reply counts",
	} {
		if got := sentence(name); got != want {
			t.Errorf("sentence(%q): got %q, want %q", name, got, want)
		}
	}
}
