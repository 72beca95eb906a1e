package auth

import (
	"cmp"
	"maps"
	"slices"

	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/store"
)

// TopicPermissions narrow what a user may do with one topic exchange: which
// routing keys to publish with, and which binding keys to bind and unbind with.
// Without any for an exchange there is no bound. In the regular expressions
// {username} and {vhost} stand for those names.
type TopicPermissions struct {
	User     string `json:"user"`
	VHost    string `json:"vhost"`
	Exchange string `json:"exchange"`
	Write    string `json:"write"`
	Read     string `json:"read"`
}

// topics are a user's topic permissions in a virtual host, by exchange. They are
// replaced, not changed, as sessions hold them.
type topics map[string]*topicPermissions

// topicPermissions are TopicPermissions, ready to be asked.
type topicPermissions struct {
	TopicPermissions
	write, read pattern
}

// prepare checks topic permissions, and returns them ready and with their
// document.
func (p TopicPermissions) prepare() (ready *topicPermissions, doc store.Doc, err error) {
	ready = &topicPermissions{TopicPermissions: p}
	if ready.write, err = compileTopic(p.Write, p.User, p.VHost); err != nil {
		return nil, store.Doc{}, err
	}
	if ready.read, err = compileTopic(p.Read, p.User, p.VHost); err != nil {
		return nil, store.Doc{}, err
	}
	doc, err = document(store.TopicPermissions, p, p.User, p.VHost, p.Exchange)
	return ready, doc, err
}

func (p TopicPermissions) key() string { return store.Key(p.User, p.VHost, p.Exchange) }

// SetTopicPermissions narrows what a user may do with an exchange, which need not
// exist, of a virtual host, which must: ErrNoUser, ErrNoVirtualHost. A pattern
// that is none is a *PatternError. created reports whether these are the user's
// first in the virtual host.
func (u *Users) SetTopicPermissions(by string, p TopicPermissions, exists func(vhost string) bool) (created bool, err error) {
	ready, doc, err := p.prepare()
	if err != nil {
		return false, err
	}
	err = u.change(func() ([]store.Doc, error) {
		a, err := u.account(p.User, p.VHost, exists)
		if err != nil {
			return nil, err
		}
		created = len(a.topics[p.VHost]) == 0
		a.addTopic(ready)
		u.Tell.Of(audit.TopicPermissionCreated{By: by, User: p.User, VHost: p.VHost, Exchange: p.Exchange, Write: p.Write, Read: p.Read})
		return []store.Doc{doc}, nil
	})
	return created, err
}

// addTopic adds topic permissions. The lock is held.
func (a *account) addTopic(p *topicPermissions) {
	more := make(topics)
	maps.Copy(more, a.topics[p.VHost])
	more[p.Exchange] = p
	a.topics[p.VHost] = more
}

// ClearTopicPermissions removes all topic permissions that a user has in a
// virtual host: ErrNoPermissions if there were none.
func (u *Users) ClearTopicPermissions(by, user, vhost string) error {
	return u.change(func() ([]store.Doc, error) {
		a := u.accounts[user]
		if a == nil || len(a.topics[vhost]) == 0 {
			return nil, ErrNoPermissions
		}
		gone := a.goneTopics(vhost)
		delete(a.topics, vhost)
		u.Tell.Of(audit.TopicPermissionDeleted{By: by, User: user, VHost: vhost})
		return gone, nil
	})
}

// goneTopics returns the documents that delete an account's topic permissions in
// a virtual host.
func (a *account) goneTopics(vhost string) (docs []store.Doc) {
	for _, p := range a.topics[vhost] {
		docs = append(docs, store.Doc{Kind: store.TopicPermissions, Key: p.key()})
	}
	return docs
}

// AllTopicPermissions returns the topic permissions of all users, by user,
// virtual host and exchange.
func (u *Users) AllTopicPermissions() []TopicPermissions {
	u.mu.RLock()
	defer u.mu.RUnlock()
	var all []TopicPermissions
	for a := range maps.Values(u.accounts) {
		for _, byExchange := range a.topics {
			for _, p := range byExchange {
				all = append(all, p.TopicPermissions)
			}
		}
	}
	slices.SortFunc(all, func(a, b TopicPermissions) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Exchange, b.Exchange))
	})
	return all
}
