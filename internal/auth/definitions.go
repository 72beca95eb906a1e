package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/store"
)

// document makes the document of a value that JSON can always express, under a
// key of some names.
func document(k store.Kind, value any, names ...string) (store.Doc, error) {
	for _, name := range names {
		if len(name) > store.NameMost || !utf8.ValidString(name) {
			return store.Doc{}, ErrName
		}
	}
	b, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encode definition: %v", err)) // strings and numbers
	}
	if len(b) > store.DocMost {
		return store.Doc{}, ErrTooLarge
	}
	return store.Doc{Kind: k, Key: store.Key(names...), Value: b}, nil
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

// errForeign says that a definition is not the one its key names.
var errForeign = errors.New("definition and key do not belong together")

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
		return errForeign
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
		return errForeign
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
		return errForeign
	case u.accounts[p.User] == nil:
		return ErrNoUser
	}
	u.accounts[p.User].addTopic(ready)
	return nil
}
