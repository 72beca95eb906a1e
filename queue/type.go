package queue

// A Type is a kind of queue, as x-queue-type names it.
type Type string

// The types.
const (
	Classic Type = "classic"
	Quorum  Type = "quorum"
	Stream  Type = "stream"
)

// module is how error texts call a type.
func (t Type) module() string { return "rabbit_" + string(t) + "_queue" }

// Type returns the type that the arguments name: classic if they name none.
func (d Declaration) Type() Type {
	switch t, _ := d.Arguments["x-queue-type"].(string); t {
	case "", "undefined":
		return Classic
	default:
		return Type(t)
	}
}
