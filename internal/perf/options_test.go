package perf

import (
	"strings"
	"testing"
	"time"
)

func options(change func(*Options)) Options {
	o := Options{URL: "amqp://localhost", Publishers: 1, Consumers: 1, Queue: "q", Queues: 1, Size: 16}
	if change != nil {
		change(&o)
	}
	return o
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		want   string // what the error begins with, or "" for none
	}{
		{"the usual is fine", nil, ""},
		{"no scheme", func(o *Options) { o.URL = "localhost:5672" }, "--url: want amqp://"},
		{"a scheme that is not spoken", func(o *Options) { o.URL = "amqps://localhost" }, "--url: want amqp://"},
		{"a password is not repeated", func(o *Options) { o.URL = "http://u:secret@h" }, "--url: want amqp://user:password@host"},
		{"nobody does anything", func(o *Options) { o.Publishers, o.Consumers = 0, 0 }, "--publishers 0 --consumers 0: want at least one"},
		{"a negative number", func(o *Options) { o.Consumers = -1 }, "--consumers -1: want a number from 0"},
		{"no queues", func(o *Options) { o.Queues = 0 }, "--queues 0: want a number from 1"},
		{"a body too large", func(o *Options) { o.Size = 1 << 40 }, "--size 1099511627776: want a number from 0 to 536870912"},
		{"a negative rate", func(o *Options) { o.Rate = -1 }, "--rate -1: want messages a second"},
		{"a negative duration", func(o *Options) { o.Duration = -time.Second }, "--duration -1s: want a duration"},
		{"a negative rate of consumers", func(o *Options) { o.ConsumerRate = -1 }, "--consumer-rate -1: want messages a second"},
		{"a rate of no consumers", func(o *Options) { o.ConsumerRate, o.Consumers = 5, 0 }, "--consumer-rate 5: want --consumers too"},
		{"a key for the default exchange", func(o *Options) { o.RoutingKey = "k" }, "--routing-key k: want an --exchange too"},
		{"a type for the default exchange", func(o *Options) { o.Type = "fanout" }, "--type fanout: want an --exchange too"},
		{"acks the prefetch never lets come", func(o *Options) { o.AckEvery, o.Prefetch = 10, 9 }, "--ack-every 10: want at most --prefetch"},
		{"latency without room for it", func(o *Options) { o.Latency, o.Size = true, 15 }, "--latency: want a --size of at least 16"},
		{"a long name", func(o *Options) { o.Queue = strings.Repeat("q", 201) }, "--exchange, --type, --routing-key, --queue: want at most 200"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := options(test.change).Check()
			wantError(t, err, test.want)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestParseURL(t *testing.T) {
	tests := []struct {
		url  string
		want target
	}{
		{"amqp://localhost", target{"localhost:5672", "guest", "guest", "/"}},
		{"amqp://localhost/", target{"localhost:5672", "guest", "guest", "/"}},
		{"amqp://u:p%40@h:99/v", target{"h:99", "u", "p@", "v"}},
		{"amqp://[::1]:99/%2Fa", target{"[::1]:99", "guest", "guest", "/a"}},
		{"amqp://[::1]", target{"[::1]:5672", "guest", "guest", "/"}},
	}
	for _, test := range tests {
		got, err := parseURL(test.url)
		if err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v, want %+v", test.url, got, err, test.want)
		}
	}
}

func TestCopies(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		want   int
	}{
		{"the default exchange reaches one queue", nil, 1},
		{"a fanout reaches all", func(o *Options) { o.Exchange, o.Type = "x", "fanout" }, 5},
		{"a direct exchange reaches one by its name", func(o *Options) { o.Exchange = "x" }, 1},
		{"and all by the same key", func(o *Options) { o.Exchange, o.RoutingKey = "x", "k" }, 5},
	}
	for _, test := range tests {
		o := options(test.change)
		o.Queues = 5
		if got := o.copies(); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}
