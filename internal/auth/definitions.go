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

func (u *Users) loadUser(d store.Doc) error {
	var user User
	if err := json.Unmarshal(d.Value, &user); err != nil {
		return err
	}
	user, doc, err := user.prepare()
	switch {
	case err != nil:
		return err
	case doc.Key != d.Key:
		return store.ErrForeign
	}
	u.accounts[user.Name] = newAccount(user)
	return nil
}

func (u *Users) loadPermissions(d store.Doc) error {
	var p Permissions
	if err := json.Unmarshal(d.Value, &p); err != nil {
		return err
	}
	ready, doc, err := p.prepare()
	switch {
	case err != nil:
		return err
	case doc.Key != d.Key:
		return store.ErrForeign
	case u.accounts[p.User] == nil:
		return ErrNoUser
	}
	u.accounts[p.User].permissions[p.VHost] = ready
	return nil
}

func (u *Users) loadTopicPermissions(d store.Doc) error {
	var p TopicPermissions
	if err := json.Unmarshal(d.Value, &p); err != nil {
		return err
	}
	ready, doc, err := p.prepare()
	switch {
	case err != nil:
		return err
	case doc.Key != d.Key:
		return store.ErrForeign
	case u.accounts[p.User] == nil:
		return ErrNoUser
	}
	u.accounts[p.User].addTopic(ready)
	return nil
}
