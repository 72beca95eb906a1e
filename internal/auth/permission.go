package auth

import (
	"cmp"
	"maps"
	"slices"

	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/store"
)

// Permissions are what a user may do in a virtual host: which exchanges and
// queues to configure, to write to and to read from. Each is a regular expression
// for their names, which need not match the whole of one; the empty one is for no
// name. They are written as RabbitMQ's definitions and management API write them.
//
// rabbitmq: a user without permissions, even empty ones, may not open the
// virtual host.
type Permissions struct {
	User      string `json:"user"`
	VHost     string `json:"vhost"`
	Configure string `json:"configure"`
	Write     string `json:"write"`
	Read      string `json:"read"`
}

// Everything returns the permission to do all there is.
func Everything(user, vhost string) Permissions {
	return Permissions{User: user, VHost: vhost, Configure: ".*", Write: ".*", Read: ".*"}
}

// permissions are Permissions, ready to be asked.
type permissions struct {
	Permissions
	configure, write, read pattern
}

// of returns the pattern of what one has a permission for.
func (p *permissions) of(which Permission) pattern {
	switch which {
	case ToConfigure:
		return p.configure
	case ToWrite:
		return p.write
	}
	return p.read
}

// prepare checks permissions, and returns them ready and with their document.
func (p Permissions) prepare() (*permissions, store.Doc, error) {
	ready := &permissions{Permissions: p}
	for _, part := range []struct {
		text string
		to   *pattern
	}{{p.Configure, &ready.configure}, {p.Write, &ready.write}, {p.Read, &ready.read}} {
		var err error
		if *part.to, err = compile(part.text); err != nil {
			return nil, store.Doc{}, err
		}
	}
	doc, err := document(store.Permissions, p, p.User, p.VHost)
	return ready, doc, err
}

func (p Permissions) key() string { return store.Key(p.User, p.VHost) }

// SetPermissions says what a user may do in a virtual host, which must exist:
// ErrNoUser, ErrNoVirtualHost. A pattern that is none is a *PatternError.
func (u *Users) SetPermissions(by string, p Permissions, exists func(vhost string) bool) (created bool, err error) {
	ready, doc, err := p.prepare()
	if err != nil {
		return false, err
	}
	err = u.change(func() ([]store.Doc, error) {
		a, err := u.account(p.User, p.VHost, exists)
		if err != nil {
			return nil, err
		}
		created = a.permissions[p.VHost] == nil
		a.permissions[p.VHost] = ready
		u.Tell.Of(audit.PermissionCreated{By: by, User: p.User, VHost: p.VHost, Configure: p.Configure, Write: p.Write, Read: p.Read})
		return []store.Doc{doc}, nil
	})
	return created, err
}

// account returns an account that is to be given something in a virtual host. The
// locks are held, as they are in Forget: so nothing is left in a virtual host that
// is deleted meanwhile.
func (u *Users) account(name, vhost string, exists func(string) bool) (*account, error) {
	switch a := u.accounts[name]; {
	case !exists(vhost):
		return nil, ErrNoVirtualHost
	case a == nil:
		return nil, ErrNoUser
	default:
		return a, nil
	}
}

// ClearPermissions takes from a user all there is to do in a virtual host:
// ErrNoPermissions if there was nothing. Sessions stay.
func (u *Users) ClearPermissions(by, user, vhost string) error {
	return u.change(func() ([]store.Doc, error) {
		a := u.accounts[user]
		if a == nil || a.permissions[vhost] == nil {
			return nil, ErrNoPermissions
		}
		doc := store.Doc{Kind: store.Permissions, Key: a.permissions[vhost].key()}
		delete(a.permissions, vhost)
		u.Tell.Of(audit.PermissionDeleted{By: by, User: user, VHost: vhost})
		return []store.Doc{doc}, nil
	})
}

// Forget removes all permissions in a virtual host that is being deleted. They
// are gone from disk before what is handed to the store later is on it.
func (u *Users) Forget(by, vhost string) {
	u.begin(func() (gone []store.Doc, _ error) {
		for name, a := range u.accounts {
			if p := a.permissions[vhost]; p != nil {
				gone = append(gone, store.Doc{Kind: store.Permissions, Key: p.key()})
				delete(a.permissions, vhost)
				u.Tell.Of(audit.PermissionDeleted{By: by, User: name, VHost: vhost})
			}
			if len(a.topics[vhost]) > 0 {
				gone = append(gone, a.goneTopics(vhost)...)
				delete(a.topics, vhost)
				u.Tell.Of(audit.TopicPermissionDeleted{By: by, User: name, VHost: vhost})
			}
		}
		return gone, nil
	})
}

// Permissions returns what a user may do in a virtual host, if anything.
func (u *Users) Permissions(user, vhost string) (Permissions, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	if a := u.accounts[user]; a != nil && a.permissions[vhost] != nil {
		return a.permissions[vhost].Permissions, true
	}
	return Permissions{}, false
}

// AllPermissions returns what all users may do, by user and virtual host.
func (u *Users) AllPermissions() []Permissions {
	u.mu.RLock()
	defer u.mu.RUnlock()
	var all []Permissions
	for a := range maps.Values(u.accounts) {
		for _, p := range a.permissions {
			all = append(all, p.Permissions)
		}
	}
	slices.SortFunc(all, func(a, b Permissions) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.VHost, b.VHost))
	})
	return all
}
