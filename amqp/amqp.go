// Package amqp is the wire: the frames, methods, tables and messages of
// AMQP 0-9-1 as RabbitMQ speaks it, and the reply codes that are the whole
// broker's words for what went wrong.
//
// It reads from an io.Reader and appends to slices:
//
//	r := amqp.NewReader(conn)
//	f, err := r.ReadFrame()
//	m, err := amqp.ParseMethod(f.Payload)
//	out = amqp.AppendMethod(out, f.Channel, &amqp.ChannelOpenOk{})
//
// There are no goroutines here, no logging, and no opinions on what a client may
// do: that is the server's. Whatever arrives, nothing here panics, recurses
// deeper than 32 tables or allocates for what was announced but has not arrived.
package amqp
