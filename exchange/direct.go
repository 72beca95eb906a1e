package exchange

import "github.com/harebellmq/harebell/amqp"

// direct matches the bindings whose key is the routing key, octet by octet.
//
// spec: the direct exchange type
type direct map[string]*set

func (d direct) bind(b *binding) error {
	s := d[b.Key]
	if s == nil {
		s = new(set)
		d[b.Key] = s
	}
	s.add(b)
	return nil
}

func (d direct) unbind(b *binding) {
	s := d[b.Key]
	if s.remove(b); s.empty() {
		delete(d, b.Key)
	}
}

func (d direct) match(dst []Destination, key string, _ amqp.Properties) []Destination {
	if s := d[key]; s != nil {
		dst = append(dst, s.destinations...)
	}
	return dst
}
