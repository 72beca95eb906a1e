package server

import "context"

// A drain is the end of a server that waits for the acks of what is out.
type drain struct {
	settled chan struct{} // holds one thing once deliveries may have been settled
}

// note tells whoever waits that there may be fewer deliveries out. Anybody may call
// it; nobody waits on a nil drain.
func (d *drain) note() {
	if d == nil {
		return
	}
	select {
	case d.settled <- struct{}{}:
	default: // it will look anyway
	}
}

// Drain stops accepting, delivers nothing more to consumers, and waits until what has
// been delivered is acked, or ctx is done. Clients may do everything else meanwhile,
// until Shutdown.
//
// Consumers are not cancelled: a client that is told so believes that the queue has
// been deleted, and some then end without an error, where after a connection.close
// they would come back.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.CompareAndSwap(nil, &drain{settled: make(chan struct{}, 1)})
	open := s.stopAccepting()
	if n := outstanding(open); n > 0 {
		s.Log.Info().Int("deliveries", n).Msg("waiting for acks")
	}
	for outstanding(open) > 0 {
		select {
		case <-s.draining.Load().settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// outstanding returns how many deliveries connections have to settle.
func outstanding(open []*connection) (n int) {
	for _, c := range open {
		c.mu.Lock()
		for _, ch := range c.channels {
			ch.mu.Lock()
			n += ch.unacked.count
			ch.mu.Unlock()
		}
		c.mu.Unlock()
	}
	return n
}
