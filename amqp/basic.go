package amqp

import "encoding/binary"

// This file has straight-line versions of the methods of which there are
// several per message. They do what ParseMethod and AppendMethod do, without
// allocating.

// PublishFields are the fields of basic.publish, the strings as slices of the
// payload they were parsed from.
type PublishFields struct {
	Exchange, RoutingKey []byte
	Mandatory, Immediate bool
}

// ParseBasicPublish parses the payload of a frame which MethodIDOf says is
// basic.publish. Its errors are ParseMethod's.
func ParseBasicPublish(payload []byte) (PublishFields, error) {
	var p PublishFields

	const exchange = methodHeader + 2 // behind the ticket
	if len(payload) <= exchange {
		return p, cannotDecode(BasicPublishID, payload)
	}
	routingKey := exchange + 1 + int(payload[exchange])
	if len(payload) <= routingKey {
		return p, cannotDecode(BasicPublishID, payload)
	}
	bits := routingKey + 1 + int(payload[routingKey])
	if len(payload) != bits+1 {
		return p, cannotDecode(BasicPublishID, payload)
	}

	p.Exchange = payload[exchange+1 : routingKey : routingKey]
	p.RoutingKey = payload[routingKey+1 : bits : bits]
	p.Mandatory = payload[bits]&1 != 0
	p.Immediate = payload[bits]&2 != 0
	return p, nil
}

// ParseBasicAck parses the payload of a frame which MethodIDOf says is
// basic.ack. Its errors are ParseMethod's.
func ParseBasicAck(payload []byte) (tag uint64, multiple bool, err error) {
	if len(payload) != methodHeader+9 {
		return 0, false, cannotDecode(BasicAckID, payload)
	}
	return binary.BigEndian.Uint64(payload[methodHeader:]), payload[methodHeader+8]&1 != 0, nil
}

// AppendBasicDeliver appends a basic.deliver frame. It panics when one of the
// strings has more than 255 octets.
func AppendBasicDeliver(dst []byte, channel uint16, consumerTag string, deliveryTag uint64, redelivered bool, exchange, routingKey string) []byte {
	dst, start := beginFrame(dst, FrameMethod, channel)
	dst = binary.BigEndian.AppendUint32(dst, uint32(BasicDeliverID))
	dst = appendShortstr(dst, consumerTag)
	dst = binary.BigEndian.AppendUint64(dst, deliveryTag)
	dst = append(dst, bit(redelivered, 0))
	dst = appendShortstr(dst, exchange)
	dst = appendShortstr(dst, routingKey)
	return endFrame(dst, start)
}

// AppendBasicAck appends a basic.ack frame.
func AppendBasicAck(dst []byte, channel uint16, deliveryTag uint64, multiple bool) []byte {
	return appendSettlement(dst, channel, BasicAckID, deliveryTag, bit(multiple, 0))
}

// AppendBasicNack appends a basic.nack frame.
func AppendBasicNack(dst []byte, channel uint16, deliveryTag uint64, multiple, requeue bool) []byte {
	return appendSettlement(dst, channel, BasicNackID, deliveryTag, bit(multiple, 0)|bit(requeue, 1))
}

func appendSettlement(dst []byte, channel uint16, id MethodID, deliveryTag uint64, bits byte) []byte {
	dst, start := beginFrame(dst, FrameMethod, channel)
	dst = binary.BigEndian.AppendUint32(dst, uint32(id))
	dst = binary.BigEndian.AppendUint64(dst, deliveryTag)
	dst = append(dst, bits)
	return endFrame(dst, start)
}

// bit returns an octet with bit n set if on.
func bit(on bool, n int) byte {
	if on {
		return 1 << n
	}
	return 0
}
