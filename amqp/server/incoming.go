package server

import "github.com/harebellmq/harebell/amqp"

// incoming counts what a connection has sent that is in no queue yet: bodies of
// which a part is still to come, and messages of open transactions. Everything
// else that a client sends goes on at once, to where it is bounded; these it could
// pile up, on as many channels as it may have.
type incoming struct {
	octets int64
	most   int64
}

// publicationOverhead is what a message in a transaction takes besides its
// octets, about.
const publicationOverhead = 256

// nameOverhead is what the name of a queue takes to which it goes.
const nameOverhead = 16

// add counts octets in. The error closes the connection.
func (in *incoming) add(octets int64) error {
	in.octets += octets
	if in.octets > in.most {
		return amqp.Errorf(amqp.ResourceError, "more than %d octets of unfinished messages and open transactions on one connection", in.most)
	}
	return nil
}

// remove counts octets out.
func (in *incoming) remove(octets int64) { in.octets -= octets }

// maxIncoming is two messages of the largest size.
func (s *Server) maxIncoming() int64 { return 2 * s.maxMessageSize() }
