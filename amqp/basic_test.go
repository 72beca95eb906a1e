package amqp

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// payload returns the payload of a method frame.
func payload(m Method) []byte {
	frame := AppendMethod(nil, 0, m)
	return frame[frameHeader : len(frame)-1]
}

func TestStraightLineAppendsAgree(t *testing.T) {
	tests := []struct {
		got  []byte
		want Method
	}{
		{AppendBasicAck(nil, 9, 1<<40, true), &BasicAck{DeliveryTag: 1 << 40, Multiple: true}},
		{AppendBasicAck(nil, 9, 7, false), &BasicAck{DeliveryTag: 7}},
		{AppendBasicNack(nil, 9, 7, true, false), &BasicNack{DeliveryTag: 7, Multiple: true}},
		{AppendBasicNack(nil, 9, 7, false, true), &BasicNack{DeliveryTag: 7, Requeue: true}},
		{
			AppendBasicDeliver(nil, 9, "ctag", 7, true, "x", "key"),
			&BasicDeliver{ConsumerTag: "ctag", DeliveryTag: 7, Redelivered: true, Exchange: "x", RoutingKey: "key"},
		},
		{AppendBasicDeliver(nil, 9, "", 0, false, "", ""), &BasicDeliver{}},
	}
	for _, test := range tests {
		if want := AppendMethod(nil, 9, test.want); !bytes.Equal(test.got, want) {
			t.Errorf("%+v:\n got %x\nwant %x", test.want, test.got, want)
		}
	}
}

// publishes are payloads of basic.publish, good ones and all the ways to cut
// them short.
func publishes() [][]byte {
	var all [][]byte
	for _, m := range []Method{
		&BasicPublish{},
		&BasicPublish{Exchange: "x", RoutingKey: "key", Mandatory: true},
		&BasicPublish{RoutingKey: strings.Repeat("k", 255), Immediate: true},
	} {
		p := payload(m)
		for n := methodHeader; n <= len(p); n++ {
			all = append(all, p[:n])
		}
		all = append(all, append(p, 0))
	}
	return all
}

func TestParseBasicPublishAgreesWithParseMethod(t *testing.T) {
	for _, p := range publishes() {
		checkPublish(t, p)
	}
}

func checkPublish(t *testing.T, payload []byte) {
	t.Helper()
	fields, err := ParseBasicPublish(payload)
	m, wantErr := ParseMethod(payload)
	if wantErr != nil || err != nil {
		if !sameError(err, wantErr) {
			t.Errorf("%x: got %v, want %v", payload, err, wantErr)
		}
		return
	}
	got := &BasicPublish{
		Exchange: string(fields.Exchange), RoutingKey: string(fields.RoutingKey),
		Mandatory: fields.Mandatory, Immediate: fields.Immediate,
	}
	if !reflect.DeepEqual(got, m) {
		t.Errorf("%x: got %+v, want %+v", payload, got, m)
	}
}

func TestParseBasicAckAgreesWithParseMethod(t *testing.T) {
	p := payload(&BasicAck{DeliveryTag: 1<<63 + 5, Multiple: true})
	for n := methodHeader; n <= len(p)+1; n++ {
		checkAck(t, append(p, 0)[:n])
	}
}

func checkAck(t *testing.T, payload []byte) {
	t.Helper()
	tag, multiple, err := ParseBasicAck(payload)
	m, wantErr := ParseMethod(payload)
	if wantErr != nil || err != nil {
		if !sameError(err, wantErr) {
			t.Errorf("%x: got %v, want %v", payload, err, wantErr)
		}
		return
	}
	if got := (&BasicAck{DeliveryTag: tag, Multiple: multiple}); !reflect.DeepEqual(got, m) {
		t.Errorf("%x: got %+v, want %+v", payload, got, m)
	}
}

// sameError compares two errors that are of type *Error.
func sameError(a, b error) bool {
	x, ok := errors.AsType[*Error](a)
	y, also := errors.AsType[*Error](b)
	return ok && also && *x == *y
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	publish := payload(&BasicPublish{Exchange: "x", RoutingKey: "key"})
	ack := payload(&BasicAck{DeliveryTag: 1})
	properties := Fields{ContentType: "text/plain", Headers: Table{"a": int32(1)}, DeliveryMode: 2}.Properties()
	m := NewMessage("x", "key", properties, make([]byte, 1000))
	buf := make([]byte, 0, 4096)

	tests := map[string]func(){
		"ParseBasicPublish":  func() { ParseBasicPublish(publish) },
		"ParseBasicAck":      func() { ParseBasicAck(ack) },
		"AppendBasicDeliver": func() { AppendBasicDeliver(buf, 1, "ctag", 1, false, "x", "key") },
		"AppendBasicAck":     func() { AppendBasicAck(buf, 1, 1, true) },
		"AppendContent":      func() { AppendContent(buf, 1, &m, 4096) },
		"AppendHeartbeat":    func() { AppendHeartbeat(buf) },
		"Properties.Check":   func() { properties.Check() },
		"NewMessage":         func() { m = NewMessage("x", "key", properties, nil) },
	}
	for name, f := range tests {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s allocates %v times, want none", name, got)
		}
	}
}
