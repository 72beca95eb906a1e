package conformance

import ()

// autoDelete declares an auto-delete exchange.
func (s *session) autoDelete(kind string) string {
	s.t.Helper()
	x := s.exchangeName()
	s.ok(s.ExchangeDeclare(x, kind, false, true, false, false, nil))
	return x
}

func TestAutoDeleteExchangeGoesWithItsLastUnbind(t T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("direct")
	queue := s.bound(x, "a", nil)
	s.bind(queue, x, "b", nil)
	s.ok(s.QueueUnbind(queue, "a", x, nil))
	s.ok(s.ExchangeDeclarePassive(x, "direct", false, false, false, false, nil))
	s.ok(s.QueueUnbind(queue, "b", x, nil))
	s.gone(x)
}

func TestAutoDeleteExchangeGoesWithItsLastQueue(t T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("fanout")
	queue := s.bound(x, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.gone(x)
}

func TestAutoDeleteExchangeGoesWithItsLastDestinationExchange(t T) {
	t.Parallel()
	s := open(t)
	x, destination := s.autoDelete("fanout"), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(destination, "", x, false, nil))
	s.ok(s.ExchangeDelete(destination, false, false))
	s.gone(x)
}

func TestAutoDeleteExchangesGoInAChain(t T) {
	t.Parallel()
	s := open(t)
	first, second := s.autoDelete("fanout"), s.autoDelete("fanout")
	s.ok(s.ExchangeBind(second, "", first, false, nil))
	queue := s.bound(second, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.gone(second)
	s.gone(first)
}

func TestAutoDeleteExchangeNeverBoundStays(t T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("fanout")
	s.ok(s.QueueUnbind(s.queue(nil), "", x, nil)) // a binding that is not there
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
}

func TestAutoDeleteExchangeDoesNotCountBindingsToItself(t T) {
	t.Parallel()
	s := open(t)
	x, source := s.autoDelete("fanout"), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	s.ok(s.ExchangeUnbind(x, "", source, false, nil))
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
}

func TestAutoDeleteQueueGoesWithItsLastConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	one, two := s.consume(name), s.consume(name)
	s.ok(s.Cancel(one.tag, false))
	s.inspect(name)
	s.ok(s.Cancel(two.tag, false))
	s.missing(name)
}

func TestAutoDeleteQueueGoesWithTheChannelOfItsConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	other := s.sibling()
	other.consume(name)
	other.ok(other.Close())
	s.missing(name)
}

func TestAutoDeleteQueueGoesWithTheConnectionOfItsConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	other := open(t)
	other.consume(name)
	other.ok(other.connection.Close())
	s.missing(name)
}

func TestAutoDeleteQueueNeverConsumedStays(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, false, true, true, false, nil)
	s.ok(err)
	s.publish("", name, "a")
	s.wantDrain(name, "a") // basic.get does not count
	s.inspect(name)
}
