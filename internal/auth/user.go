package auth

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/store"
)

// A User is one who may log in. It is written as RabbitMQ's definitions and
// management API write it.
type User struct {
	Name      string     `json:"name"`
	Hash      string     `json:"password_hash"` // in base64; "" if no password will do
	Algorithm string     `json:"hashing_algorithm"`
	Tags      []string   `json:"tags"`
	Limits    limits.Set `json:"limits"`
}

// The tags that mean something. A user may have others.
const (
	Administrator = "administrator"
	Monitoring    = "monitoring"
	Policymaker   = "policymaker"
	Management    = "management"
	Impersonator  = "impersonator" // may publish with the user-id of others
)

// Errors of users that cannot be kept.
var (
	ErrHash      = errors.New("a password hash is written in base64")
	ErrAlgorithm = fmt.Errorf("a hashing algorithm is %s, %s or %s", SHA256, SHA512, MD5)
	ErrName      = fmt.Errorf("a name is UTF-8 text of 1 to %d octets", store.NameMost)
)

// WithPassword returns the user with a password, of which the hash is kept.
func (user User) WithPassword(password string) User {
	user.Hash, user.Algorithm = hashPassword(password), SHA256
	return user
}

// Has reports whether the user has one of some tags.
func (user User) Has(tags ...string) bool {
	return slices.ContainsFunc(user.Tags, func(tag string) bool { return slices.Contains(tags, tag) })
}

// prepare checks a user, and returns it complete and with its document.
func (user User) prepare() (User, store.Doc, error) {
	if user.Algorithm == "" {
		user.Algorithm = SHA256
	}
	if user.Tags == nil {
		user.Tags = []string{}
	}
	if user.Limits == nil {
		user.Limits = limits.Set{}
	}
	_, err := base64.StdEncoding.DecodeString(user.Hash)
	switch {
	case err != nil:
		return user, store.Doc{}, ErrHash
	case digest(user.Algorithm) == nil:
		return user, store.Doc{}, ErrAlgorithm
	case user.Name == "":
		return user, store.Doc{}, ErrName
	}
	doc, err := document(store.Users, user, user.Name)
	return user, doc, err
}

// Get returns the user of that name.
func (u *Users) Get(name string) (User, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	if a := u.accounts[name]; a != nil {
		return a.user, true
	}
	return User{}, false
}

// All returns all users, by name.
func (u *Users) All() []User {
	return u.list(func(*account) bool { return true })
}

// WithoutPermissions returns the users who may open no virtual host, by name.
func (u *Users) WithoutPermissions() []User {
	return u.list(func(a *account) bool { return len(a.permissions) == 0 })
}

func (u *Users) list(wanted func(*account) bool) []User {
	u.mu.RLock()
	defer u.mu.RUnlock()
	var users []User
	for a := range maps.Values(u.accounts) {
		if wanted(a) {
			users = append(users, a.user)
		}
	}
	slices.SortFunc(users, func(a, b User) int { return cmp.Compare(a.Name, b.Name) })
	return users
}

// Put makes a user, or changes one: all but limits and permissions, which stay.
func (u *Users) Put(by string, user User) (created bool, err error) {
	err = u.change(func() ([]store.Doc, error) {
		a := u.accounts[user.Name]
		if a != nil {
			user.Limits = a.user.Limits
		}
		user, doc, err := user.prepare()
		if err != nil {
			return nil, err
		}
		if created = a == nil; created {
			u.accounts[user.Name] = newAccount(user)
		} else {
			a.user = user
		}
		u.tellPut(by, user, created)
		return []store.Doc{doc}, nil
	})
	return created, err
}

// tellPut tells of a user who has been made or changed.
//
// rabbitmq: the order
func (u *Users) tellPut(by string, user User, created bool) {
	if created {
		u.Tell.Of(audit.UserCreated{By: by, Name: user.Name})
	} else if user.Hash != "" {
		u.Tell.Of(audit.PasswordChanged{By: by, Name: user.Name})
	}
	if !created || len(user.Tags) > 0 {
		u.Tell.Of(audit.TagsSet{By: by, Name: user.Name, Tags: user.Tags})
	}
	if !created && user.Hash == "" {
		u.Tell.Of(audit.PasswordCleared{By: by, Name: user.Name})
	}
}

// SetLimit bounds a user: limits.MaxConnections or limits.MaxChannels. What is
// beyond the bound already stays.
func (u *Users) SetLimit(by, name, limit string, n int64) error {
	set := audit.UserLimitSet{By: by, Name: name, Limit: limit, N: n}
	return u.setLimits(name, func(s limits.Set) limits.Set { return s.With(limit, n) }, set)
}

// ClearLimit lifts a bound, which may not be there.
func (u *Users) ClearLimit(by, name, limit string) error {
	return u.setLimits(name, func(s limits.Set) limits.Set { return s.Without(limit) }, audit.UserLimitCleared{By: by, Name: name})
}

func (u *Users) setLimits(name string, how func(limits.Set) limits.Set, tell audit.Happening) error {
	return u.change(func() ([]store.Doc, error) {
		a := u.accounts[name]
		if a == nil {
			return nil, ErrNoUser
		}
		user := a.user
		user.Limits = how(user.Limits)
		user, doc, err := user.prepare()
		if err != nil {
			return nil, err
		}
		a.user = user
		u.Tell.Of(tell)
		return []store.Doc{doc}, nil
	})
}

// Delete removes a user with all permissions: ErrNoUser. The user's sessions are
// told to end; they may need a moment to do so.
func (u *Users) Delete(by, name string) error {
	var open []*seat
	err := u.change(func() ([]store.Doc, error) {
		a := u.accounts[name]
		if a == nil {
			return nil, ErrNoUser
		}
		delete(u.accounts, name)
		open = slices.Collect(maps.Keys(a.seats))
		u.Tell.Of(audit.UserDeleted{By: by, Name: name})
		return a.gone(), nil
	})
	for _, s := range open {
		s.evict(deleted(name))
	}
	return err
}

// gone returns the documents that delete an account.
func (a *account) gone() []store.Doc {
	docs := []store.Doc{{Kind: store.Users, Key: store.Key(a.user.Name)}}
	for _, p := range a.permissions {
		docs = append(docs, store.Doc{Kind: store.Permissions, Key: p.key()})
	}
	for vhost := range a.topics {
		docs = append(docs, a.goneTopics(vhost)...)
	}
	return docs
}

// deleted is the error that ends the sessions of a user who is deleted.
//
// rabbitmq: text of the user_deleted event's handler
func deleted(name string) *amqp.Error {
	return amqp.Errorf(amqp.ConnectionForced, "user '%s' is deleted", name)
}
