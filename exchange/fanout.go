package exchange

import "github.com/harebellmq/harebell/amqp"

// fanout matches all bindings, whatever their keys and arguments.
//
// spec: the fanout exchange type
type fanout struct{ bound set }

func (f *fanout) bind(b *binding) error {
	f.bound.add(b)
	return nil
}

func (f *fanout) unbind(b *binding) { f.bound.remove(b) }

func (f *fanout) match(dst []Destination, _ string, _ amqp.Properties) []Destination {
	return append(dst, f.bound.destinations...)
}
