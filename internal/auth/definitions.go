package auth

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/store"
)

// document makes a definition under a key of some names: ErrName, or
// store.ErrTooLarge.
func document(k store.Kind, value any, names ...string) (store.Doc, error) {
	for _, name := range names {
		if len(name) > store.NameMost || !utf8.ValidString(name) {
			return store.Doc{}, ErrName
		}
	}
	return store.NewDoc(k, store.Key(names...), value)
}

// load makes everything that the store knows.
func (u *Users) load(log zerolog.Logger) error {
	for _, step := range []struct {
		kind store.Kind
		what string
		load func(store.Doc) error
	}{
		{store.Users, "user", u.loadUser},
		{store.Permissions, "permissions", u.loadPermissions},
		{store.TopicPermissions, "topic permissions", u.loadTopicPermissions},
	} {
		for d, err := range u.store.Docs(step.kind) {
			if err != nil {
				return fmt.Errorf("read definitions: %w", err)
			}
			if err := step.load(d); err != nil {
				log.Warn().Err(err).Str("key", strconv.Quote(d.Key)).Msg("stored " + step.what + " not understood")
			}
		}
	}
	return nil
}

// A definition is what the store has of a user, or of what one may do. What
// prepare returns is ready to be used.
type definition[R any] interface {
	prepare() (R, store.Doc, error)
}

// read makes a definition ready that the store has under the key it belongs to.
func read[D definition[R], R any](d store.Doc) (value D, ready R, err error) {
	if err = json.Unmarshal(d.Value, &value); err != nil {
		return value, ready, err
	}
	var doc store.Doc
	if ready, doc, err = value.prepare(); err == nil && doc.Key != d.Key {
		err = store.ErrForeign
	}
	return value, ready, err
}

func (u *Users) loadUser(d store.Doc) error {
	_, user, err := read[User](d)
	if err == nil {
		u.accounts[user.Name] = newAccount(user)
	}
	return err
}

func (u *Users) loadPermissions(d store.Doc) error {
	p, ready, err := read[Permissions](d)
	switch {
	case err != nil:
		return err
	case u.accounts[p.User] == nil:
		return ErrNoUser
	}
	u.accounts[p.User].permissions[p.VHost] = ready
	return nil
}

func (u *Users) loadTopicPermissions(d store.Doc) error {
	p, ready, err := read[TopicPermissions](d)
	switch {
	case err != nil:
		return err
	case u.accounts[p.User] == nil:
		return ErrNoUser
	}
	u.accounts[p.User].addTopic(ready)
	return nil
}
