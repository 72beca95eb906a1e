package audit

import "github.com/harebellmq/harebell/amqp"

// UserCreated is a user who was not there before.
type UserCreated struct{ By, Name string }

func (UserCreated) key() string                 { return "user.created" }
func (h UserCreated) headers(string) amqp.Table { return account(h.By, h.Name) }

// UserDeleted is a user who is gone, with all permissions.
type UserDeleted struct{ By, Name string }

func (UserDeleted) key() string                 { return "user.deleted" }
func (h UserDeleted) headers(string) amqp.Table { return account(h.By, h.Name) }

// PasswordChanged is a user who has another password.
type PasswordChanged struct{ By, Name string }

func (PasswordChanged) key() string                 { return "user.password.changed" }
func (h PasswordChanged) headers(string) amqp.Table { return account(h.By, h.Name) }

// PasswordCleared is a user whom no password lets in any more.
type PasswordCleared struct{ By, Name string }

func (PasswordCleared) key() string                 { return "user.password.cleared" }
func (h PasswordCleared) headers(string) amqp.Table { return account(h.By, h.Name) }

func account(by, name string) amqp.Table {
	return amqp.Table{"user_who_performed_action": by, "name": name}
}

// TagsSet is the tags of a user as they are now.
type TagsSet struct {
	By, Name string
	Tags     []string
}

func (TagsSet) key() string { return "user.tags.set" }

func (h TagsSet) headers(string) amqp.Table {
	t := account(h.By, h.Name)
	t["tags"] = texts(h.Tags)
	return t
}

// UserLimitSet is a limit of a user.
type UserLimitSet struct {
	By, Name, Limit string
	N               int64
}

func (UserLimitSet) key() string { return "user.limits.set" }

func (h UserLimitSet) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "name": limits, "username": h.Name, h.Limit: h.N}
}

// UserLimitCleared is a limit that a user no longer has.
type UserLimitCleared struct{ By, Name string }

func (UserLimitCleared) key() string { return "user.limits.cleared" }

func (h UserLimitCleared) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "name": limits, "username": h.Name}
}

// PermissionCreated is what a user may do in a virtual host now.
type PermissionCreated struct{ By, User, VHost, Configure, Write, Read string }

func (PermissionCreated) key() string { return "permission.created" }

func (h PermissionCreated) headers(string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": h.By, "user": h.User, "vhost": h.VHost,
		"configure": h.Configure, "write": h.Write, "read": h.Read,
	}
}

// PermissionDeleted is a user who may do nothing in a virtual host any more.
type PermissionDeleted struct{ By, User, VHost string }

func (PermissionDeleted) key() string { return "permission.deleted" }

func (h PermissionDeleted) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "user": h.User, "vhost": h.VHost}
}

// TopicPermissionCreated is what a user may do with a topic exchange now.
type TopicPermissionCreated struct{ By, User, VHost, Exchange, Write, Read string }

func (TopicPermissionCreated) key() string { return "topic.permission.created" }

func (h TopicPermissionCreated) headers(string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": h.By, "user": h.User, "vhost": h.VHost,
		"exchange": h.Exchange, "write": h.Write, "read": h.Read,
	}
}

// TopicPermissionDeleted is a user whom no topic permissions bind any more in a
// virtual host.
type TopicPermissionDeleted struct{ By, User, VHost string }

func (TopicPermissionDeleted) key() string { return "topic.permission.deleted" }

func (h TopicPermissionDeleted) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "user": h.User, "vhost": h.VHost}
}
