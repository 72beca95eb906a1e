package policy

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
)

func must(t *testing.T, l List, p Policy) *Policy {
	t.Helper()
	made, err := New(l, p)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestPoliciesThatCannotBe(t *testing.T) {
	one := Definition{"max-length": int64(1)}
	tests := []struct {
		list List
		p    Policy
		want string
	}{
		{User, Policy{Name: strings.Repeat("n", 256), Pattern: "a", Definition: one}, "name of 256 octets, want 255 or fewer"},
		{User, Policy{Pattern: "a"}, "no policy provided"},
		{User, Policy{Pattern: "a", ApplyTo: "none", Definition: one},
			"apply-to 'none' unrecognised; should be one of: 'queues', 'exchanges', 'classic_queues', 'quorum_queues', 'streams', 'all'"},
		{User, Policy{Pattern: "(", Definition: one},
			"pattern should be a regular expression (RE2), got \"(\": error parsing regexp: missing closing ): `(`"},
		{User, Policy{Definition: Definition{"b": "x", "a": int64(1)}}, "[{<<\"a\">>,1},\n {<<\"b\">>,<<\"x\">>}] are not recognised policy settings"},
		{Operator, Policy{Definition: Definition{"queue-mode": "lazy"}}, `[{<<"queue-mode">>,<<"lazy">>}] are not recognised policy settings`},
		{User, Policy{Definition: Definition{"max-length": 1.5}}, "1.5 is not a valid maximum length"},
		{User, Policy{Definition: Definition{"max-length": json.Number("1.5")}}, "1.5 is not a valid maximum length"},
		{User, Policy{Definition: Definition{"max-length": json.Number("9223372036854775808")}}, "9223372036854775808 is not a valid maximum length"},
		{User, Policy{Definition: Definition{"max-age": "1x"}}, `<<"1x">> is not a valid max age`},
		{User, Policy{Definition: Definition{"max-age": "00s"}}, `<<"00s">> is not a valid max age`},
	}
	for _, test := range tests {
		_, err := New(test.list, test.p)
		if _, is := errors.AsType[*ValidationError](err); !is || err.Error() != test.want {
			t.Errorf("%+v:\n got %v\nwant %s", test.p, err, test.want)
		}
	}
}

func TestWhatIsSaidIsKept(t *testing.T) {
	p := must(t, User, Policy{Name: "p", Pattern: "^a", Priority: 3, Definition: Definition{"max-length": json.Number("9223372036854775807"), "overflow": "drop-head"}})
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again Policy
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	made := must(t, User, again)
	if !maps.Equal(made.Definition, p.Definition) || made.Definition["max-length"] != int64(9223372036854775807) || made.ApplyTo != All {
		t.Errorf("from %s: got %+v, want %+v", text, made, p)
	}
}

func TestFor(t *testing.T) {
	length := func(n int64) Definition { return Definition{"max-length": n} }
	var s Set
	s = s.With(User, must(t, User, Policy{Name: "low", Pattern: "a", Definition: length(1)}))
	s = s.With(User, must(t, User, Policy{Name: "high", Pattern: "ab", Priority: 1, Definition: Definition{"max-length": int64(2), "overflow": "drop-head"}}))
	s = s.With(User, must(t, User, Policy{Name: "equal", Pattern: "a", Definition: length(4)}))
	s = s.With(User, must(t, User, Policy{Name: "quorum", Pattern: "ab", Priority: 2, Definition: Definition{"delivery-limit": int64(1)}}))
	s = s.With(User, must(t, User, Policy{Name: "exchanges", Pattern: "x", ApplyTo: Exchanges, Definition: Definition{"alternate-exchange": "y"}}))
	s = s.With(User, must(t, User, Policy{Name: "stream", Pattern: "^s", Definition: Definition{"max-age": "7D", "max-length-bytes": int64(5)}}))
	s = s.With(User, must(t, User, Policy{Name: "only streams", Pattern: "only", ApplyTo: Streams, Definition: Definition{"max-length-bytes": int64(6)}}))
	s = s.With(Operator, must(t, Operator, Policy{Name: "op", Pattern: "b", ApplyTo: AllQueues,
		Definition: Definition{"max-length": int64(1), "overflow": "reject-publish", "expires": int64(5)}}))
	tests := []struct {
		kind Kind
		name string
		want Effective
	}{
		{ClassicQueues, "c", Effective{}},
		{ClassicQueues, "a", Effective{Policy: "equal", Definition: length(4)}},
		{ClassicQueues, "cab", Effective{Policy: "high", Operator: "op",
			Definition: Definition{"max-length": int64(1), "overflow": "reject-publish", "expires": int64(5)}}},
		{QuorumQueues, "ab", Effective{Policy: "quorum", Operator: "op",
			Definition: Definition{"max-length": int64(1), "overflow": "reject-publish", "expires": int64(5), "delivery-limit": int64(1)}}},
		{ClassicQueues, "b", Effective{Operator: "op", Definition: Definition{"max-length": int64(1), "overflow": "reject-publish", "expires": int64(5)}}},
		{Exchanges, "b", Effective{}},
		{Exchanges, "x", Effective{Policy: "exchanges", Definition: Definition{"alternate-exchange": "y"}}},
		{Streams, "x", Effective{}},
		{Streams, "a", Effective{}},
		{Streams, "s", Effective{Policy: "stream", Definition: Definition{"max-age": "7D", "max-length-bytes": int64(5)}}},
		{ClassicQueues, "s", Effective{}},
		{QuorumQueues, "s", Effective{}},
		{Streams, "only", Effective{Policy: "only streams", Definition: Definition{"max-length-bytes": int64(6)}}},
		{QuorumQueues, "only", Effective{}},
	}
	for _, test := range tests {
		got := s.For(test.kind, test.name)
		if got.Policy != test.want.Policy || got.Operator != test.want.Operator || !maps.Equal(got.Definition, test.want.Definition) {
			t.Errorf("%s %s: got %+v, want %+v", test.kind, test.name, got, test.want)
		}
	}
	if got := s.Without(User, "high").Without(User, "quorum").For(ClassicQueues, "ab"); got.Policy != "equal" || len(s.All(User)) != 7 {
		t.Errorf("without: got %+v, and %d policies are left before", got, len(s.All(User)))
	}
	if p := s.Get(User, "low"); p == nil || p.Name != "low" || s.Get(Operator, "low") != nil {
		t.Errorf("get: got %+v", p)
	}
}

// TestPoliciesDoNotChangeEachOther merges policies whose definitions are used again.
func TestPoliciesDoNotChangeEachOther(t *testing.T) {
	var s Set
	s = s.With(User, must(t, User, Policy{Name: "u", Definition: Definition{"max-length": int64(5)}}))
	s = s.With(Operator, must(t, Operator, Policy{Name: "o", Definition: Definition{"max-length": int64(3)}}))
	s.For(ClassicQueues, "q")
	if got := s.Without(Operator, "o").For(ClassicQueues, "q").Definition["max-length"]; got != int64(5) {
		t.Errorf("got %v, want 5", got)
	}
}
