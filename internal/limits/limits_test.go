package limits

import (
	"maps"
	"testing"
)

func TestReached(t *testing.T) {
	tests := []struct {
		name  string
		set   Set
		now   int
		limit int64
		want  bool
	}{
		{"no limits", nil, 1000, 0, false},
		{"another limit", Set{MaxQueues: 1}, 1000, 0, false},
		{"room for one more", Set{MaxConnections: 3}, 2, 3, false},
		{"no room", Set{MaxConnections: 3}, 3, 3, true},
		{"more than allowed already", Set{MaxConnections: 3}, 5, 3, true},
		{"zero forbids", Set{MaxConnections: 0}, 0, 0, true},
		{"negative is none", Set{MaxConnections: -1}, 1000, -1, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			limit, got := test.set.Reached(MaxConnections, test.now)
			if got != test.want || limit != test.limit {
				t.Errorf("got %d, %v, want %d, %v", limit, got, test.limit, test.want)
			}
		})
	}
}

func TestSetsDoNotChange(t *testing.T) {
	one := Set{MaxQueues: 1}
	two := one.With(MaxQueues, 2).With(MaxConnections, 3)
	none := two.Without(MaxQueues).Without(MaxConnections).Without(MaxChannels)
	if !maps.Equal(one, Set{MaxQueues: 1}) || !maps.Equal(two, Set{MaxQueues: 2, MaxConnections: 3}) || len(none) != 0 {
		t.Errorf("got %v, %v and %v", one, two, none)
	}
}
