package conformance

import (
	"encoding/binary"
	"fmt"
)

// What method arguments and field values are made of, besides uint8, uint16,
// uint32, uint64 and string, which is a short string.
type (
	longstr    string // four octets of length in front
	fields     []byte // the inside of a field table, or of an array
	octets     []byte // as they are
	properties []byte // flags and property list
)

// encode puts values one after the other, as they go over the wire.
func encode(values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case uint8:
			b = append(b, v)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, v)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, v)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, v)
		case string:
			b = append(append(b, uint8(len(v))), v...)
		case longstr:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		case fields:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		case octets:
			b = append(b, v...)
		default:
			panic(fmt.Sprintf("encode %T", v))
		}
	}
	return b
}

// table puts fields into a table.
func table(all ...fields) fields {
	t := fields{}
	for _, f := range all {
		t = append(t, f...)
	}
	return t
}

// field returns one field of a table.
func field(name string, tag byte, values ...any) fields {
	return fields(append(encode(name, tag), encode(values...)...))
}

// text returns a field holding a long string.
func text(name, value string) fields { return field(name, 'S', longstr(value)) }

// number returns a field holding a signed 32 bit integer.
func number(name string, value int32) fields { return field(name, 'I', uint32(value)) }

// element returns one element of an array.
func element(tag byte, values ...any) fields {
	return fields(append([]byte{tag}, encode(values...)...))
}

// Property flags.
const (
	flagContentType     = 1 << 15
	flagContentEncoding = 1 << 14
	flagHeaders         = 1 << 13
	flagDeliveryMode    = 1 << 12
	flagPriority        = 1 << 11
	flagCorrelationID   = 1 << 10
	flagReplyTo         = 1 << 9
	flagExpiration      = 1 << 8
	flagMessageID       = 1 << 7
	flagTimestamp       = 1 << 6
	flagType            = 1 << 5
	flagUserID          = 1 << 4
	flagAppID           = 1 << 3
	flagClusterID       = 1 << 2
)

// props returns a property list.
func props(flags uint16, values ...any) properties {
	return properties(append(encode(flags), encode(values...)...))
}

// headers returns a property list with nothing but headers.
func headers(all ...fields) properties { return props(flagHeaders, table(all...)) }

// Bits of methods, in the order of their arguments.
const (
	passive    = 1 // exchange.declare, queue.declare
	durable    = 2
	exclusive  = 4  // queue.declare
	autoDelete = 8  // queue.declare
	noWait     = 16 // exchange.declare, queue.declare

	exchangeAutoDelete = 4 // exchange.declare
	exchangeInternal   = 8

	ifUnused = 1 // queue.delete, exchange.delete
	ifEmpty  = 2 // queue.delete

	noAck             = 2 // basic.consume
	exclusiveConsumer = 4
	noWaitConsume     = 8

	mandatory = 1 // basic.publish
	immediate = 2

	multiple = 1 // basic.ack, basic.nack
	requeue  = 2 // basic.nack
)

// method returns the payload of a method frame.
func method(class, id uint16, values ...any) []byte {
	return append(encode(class, id), encode(values...)...)
}

func startOk(clientProperties fields, mechanism, response string) []byte {
	return method(10, 11, clientProperties, mechanism, longstr(response), "en_US")
}

func tuneOk(channelMax uint16, frameMax uint32, heartbeat uint16) []byte {
	return method(10, 31, channelMax, frameMax, heartbeat)
}

func connectionOpen(vhost string) []byte { return method(10, 40, vhost, "", uint8(0)) }

func connectionClose() []byte {
	return method(10, 50, uint16(200), "bye", uint16(0), uint16(0))
}

func connectionCloseOk() []byte { return method(10, 51) }

func channelOpen() []byte { return method(20, 10, "") }

func channelClose() []byte { return method(20, 40, uint16(200), "bye", uint16(0), uint16(0)) }

func channelCloseOk() []byte { return method(20, 41) }

func exchangeDeclare(name, kind string, bits uint8, args fields) []byte {
	return method(40, 10, uint16(0), name, kind, bits, args)
}

func exchangeDelete(name string, bits uint8) []byte {
	return method(40, 20, uint16(0), name, bits)
}

func exchangeBind(destination, source, key string, args fields) []byte {
	return method(40, 30, uint16(0), destination, source, key, uint8(0), args)
}

func exchangeUnbind(destination, source, key string, args fields) []byte {
	return method(40, 40, uint16(0), destination, source, key, uint8(0), args)
}

func queueDeclare(name string, bits uint8, args fields) []byte {
	return method(50, 10, uint16(0), name, bits, args)
}

func queueBind(queue, exchange, key string, args fields) []byte {
	return method(50, 20, uint16(0), queue, exchange, key, uint8(0), args)
}

func queuePurge(queue string) []byte { return method(50, 30, uint16(0), queue, uint8(0)) }

func queueDelete(queue string, bits uint8) []byte {
	return method(50, 40, uint16(0), queue, bits)
}

func queueUnbind(queue, exchange, key string, args fields) []byte {
	return method(50, 50, uint16(0), queue, exchange, key, args)
}

func basicQos(size uint32, count uint16, global uint8) []byte {
	return method(60, 10, size, count, global)
}

func basicConsume(queue, tag string, bits uint8, args fields) []byte {
	return method(60, 20, uint16(0), queue, tag, bits, args)
}

func basicCancel(tag string) []byte { return method(60, 30, tag, uint8(0)) }

func basicPublish(exchange, key string, bits uint8) []byte {
	return method(60, 40, uint16(0), exchange, key, bits)
}

func basicGet(queue string, noAck uint8) []byte {
	return method(60, 70, uint16(0), queue, noAck)
}

func basicAck(tag uint64, bits uint8) []byte { return method(60, 80, tag, bits) }

func basicReject(tag uint64, requeue uint8) []byte { return method(60, 90, tag, requeue) }

func basicNack(tag uint64, bits uint8) []byte { return method(60, 120, tag, bits) }

func basicRecover(requeue uint8) []byte { return method(60, 110, requeue) }

func confirmSelect() []byte { return method(85, 10, uint8(0)) }

func txSelect() []byte { return method(90, 10) }

func txCommit() []byte { return method(90, 20) }

func txRollback() []byte { return method(90, 30) }

// arguments are read off a method one by one; a missing octet fails the test.
type arguments struct {
	t      T
	octets []byte
}

func (a *arguments) take(n int) []byte {
	a.t.Helper()
	if len(a.octets) < n {
		a.t.Fatalf("arguments end early: %d octets left, want %d", len(a.octets), n)
	}
	b := a.octets[:n]
	a.octets = a.octets[n:]
	return b
}

func (a *arguments) octet() uint8     { a.t.Helper(); return a.take(1)[0] }
func (a *arguments) short() uint16    { a.t.Helper(); return binary.BigEndian.Uint16(a.take(2)) }
func (a *arguments) long() uint32     { a.t.Helper(); return binary.BigEndian.Uint32(a.take(4)) }
func (a *arguments) longlong() uint64 { a.t.Helper(); return binary.BigEndian.Uint64(a.take(8)) }
func (a *arguments) shortstr() string { a.t.Helper(); return string(a.take(int(a.octet()))) }
func (a *arguments) longstr() string  { a.t.Helper(); return string(a.take(int(a.long()))) }

// end fails the test if octets are left.
func (a *arguments) end() {
	a.t.Helper()
	if len(a.octets) != 0 {
		a.t.Fatalf("arguments: %d octets left over: %q", len(a.octets), a.octets)
	}
}

// codeName is what stands before the dash in a reply text.
func codeName(code uint16) string {
	switch code {
	case 320:
		return "CONNECTION_FORCED"
	case 403:
		return "ACCESS_REFUSED"
	case 404:
		return "NOT_FOUND"
	case 405:
		return "RESOURCE_LOCKED"
	case 406:
		return "PRECONDITION_FAILED"
	case 501:
		return "FRAME_ERROR"
	case 502:
		return "SYNTAX_ERROR"
	case 503:
		return "COMMAND_INVALID"
	case 504:
		return "CHANNEL_ERROR"
	case 505:
		return "UNEXPECTED_FRAME"
	case 530:
		return "NOT_ALLOWED"
	case 540:
		return "NOT_IMPLEMENTED"
	case 541:
		return "INTERNAL_ERROR"
	}
	return fmt.Sprint(code)
}
