package auth

// A Permission is what one may do with exchanges and queues.
type Permission string

// The permissions there are. Texts for clients name them.
const (
	ToConfigure Permission = "configure" // declare and delete
	ToWrite     Permission = "write"
	ToRead      Permission = "read"
)

// Rights are what a session asks: what its user may do in its virtual host. They
// belong to the goroutine that the session belongs to.
type Rights interface {
	// Version is another whenever an answer may be: what was answered under one
	// version holds as long as the version does.
	Version() uint64

	// May reports whether the user has a permission for an exchange or queue of that
	// name. That of the default exchange is "amq.default".
	May(p Permission, name string) bool

	// HasTopics reports whether MayTopic may refuse anything, as of the last answer.
	HasTopics() bool

	// MayTopic reports whether the user may publish to a topic exchange with a
	// routing key, or bind to one with a binding key.
	MayTopic(p Permission, exchange, key string) bool

	// Impersonates reports whether the user may publish with the user-id of others.
	Impersonates() bool
}
