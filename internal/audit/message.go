package audit

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// persistent is the delivery mode of messages that outlive the broker.
const persistent = 2

// message makes the message of a happening.
//
// rabbitmq: the header timestamp_in_ms is there because the property has seconds
func message(h Happening, node string, now time.Time) amqp.Message {
	headers := h.headers(node)
	headers["timestamp_in_ms"] = now.UnixMilli()
	p := amqp.Fields{DeliveryMode: persistent, Timestamp: amqp.Timestamp(now.Unix()), Headers: headers}
	return amqp.NewMessage(Exchange, h.key(), p.Properties(), nil)
}

// entriesMost is how many octets of the entries of one table are told. A header
// frame cannot be split: with more, it would not fit the connection of whoever
// consumes it.
const entriesMost = 16 << 10

// entries are the entries of a client's table, each as a text.
//
// rabbitmq: {<<"x-max-length">>,signedint,5}, in Latin-1 as Erlang prints it
func entries(t amqp.Table) []any {
	list := []any{}
	octets := 0
	for _, name := range slices.Sorted(maps.Keys(t)) {
		entry := latin1(amqp.FormatEntry(name, t[name]))
		if octets += len(entry); octets > entriesMost {
			return append(list, "...")
		}
		list = append(list, entry)
	}
	return list
}

// latin1 undoes that octets above 127 were taken for runes.
func latin1(text string) string {
	octets := make([]byte, 0, len(text))
	for _, r := range text {
		octets = append(octets, byte(r))
	}
	return string(octets)
}

// texts are texts as an array.
func texts(list []string) []any {
	all := make([]any, len(list))
	for i, text := range list {
		all[i] = text
	}
	return all
}

// value is a value that JSON may have brought, as headers have it.
//
// rabbitmq: an object is a table, unless it is empty
func value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return []any{}
		}
		t := make(amqp.Table, len(v))
		for name, inner := range v {
			t[name] = value(inner)
		}
		return t
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = value(inner)
		}
		return list
	case nil, bool, int64, float64, string:
		return v
	}
	return fmt.Sprint(v)
}

// address is an IP address as Erlang has it, {127,0,0,1}, and the port of a
// socket's end.
func address(a net.Addr) (host string, port int64) {
	if a == nil {
		return "", 0
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String(), 0 // a pipe
	}
	var numbers []string
	if ip := ap.Addr().Unmap(); ip.Is4() {
		for _, octet := range ip.As4() {
			numbers = append(numbers, fmt.Sprint(octet))
		}
	} else {
		octets := ip.As16()
		for i := 0; i < len(octets); i += 2 {
			numbers = append(numbers, fmt.Sprint(int(octets[i])<<8|int(octets[i+1])))
		}
	}
	return "{" + strings.Join(numbers, ",") + "}", int64(ap.Port())
}
