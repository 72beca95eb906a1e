package auth

import (
	"errors"
	"testing"
)

func TestTheFirstBackendThatLetsSomebodyInDecides(t *testing.T) {
	one, two := newSite(t), newSite(t)
	two.put(User{Name: "ann", Tags: []string{Monitoring}}.WithPassword("other"))
	two.put(User{Name: "bob"}.WithPassword("b"))
	both := Backends{one.Users, two.Users}
	tests := []struct {
		name, user, password string
		tags                 int
		want                 string // the error; "" if let in
	}{
		{"the first", "ann", "secret", 0, ""},
		{"the second, who thinks otherwise", "ann", "other", 1, ""},
		{"the second, who alone knows him", "bob", "b", 0, ""},
		{"nobody", "eve", "e", 0, `login refused: invalid credentials of user "eve"; login refused: invalid credentials of user "eve"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			identity, err := both.Login(t.Context(), test.user, test.password, nil)
			switch {
			case test.want != "":
				if !errors.Is(err, ErrRefused) || err.Error() != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
			case err != nil:
				t.Error(err)
			case len(identity.User().Tags) != test.tags || identity.User().Name != test.user:
				t.Errorf("got %+v", identity.User())
			}
		})
	}
	if identity, err := both.LoginAs("bob", nil); err != nil || identity.User().Name != "bob" {
		t.Errorf("bob without a password: %v", err)
	}
	if _, err := both.LoginAs("eve", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("eve without a password: %v", err)
	}
	if _, err := (Backends{}).Login(t.Context(), "ann", "secret", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("without a backend: %v", err)
	}
}

func TestUsersOfTheirOwnStay(t *testing.T) {
	s := newSite(t)
	s.permit(".*", ".*", ".*")
	ann, err := s.Login(t.Context(), "ann", "secret", nil)
	s.ok(err)
	if !ann.Internal() || !ann.Expires().IsZero() || !ann.MayEnter("v") || ann.MayEnter("w") {
		t.Errorf("got internal %v, expires %v, v %v, w %v", ann.Internal(), ann.Expires(), ann.MayEnter("v"), ann.MayEnter("w"))
	}
	s.ok(ann.Renew(t.Context(), "any secret"))
	session, err := ann.Enter("v", nil)
	s.ok(err)
	s.ok(session.Publish("x"))
	session.Leave()
}
