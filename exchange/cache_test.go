package exchange

import (
	"math"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestDeduplicatingExchangeSaysWhatToRemember(t *testing.T) {
	const (
		size        = "Missing or invalid argument, 'x-cache-size' must be an integer greater than 0"
		ttl         = "Invalid argument, 'x-cache-ttl' must be an integer greater than 0"
		persistence = "Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'"
	)
	for _, test := range []struct {
		args  amqp.Table
		want  Cache
		wrong string
	}{
		{amqp.Table{"x-cache-size": int32(5)}, Cache{Size: 5}, ""},
		{amqp.Table{"x-cache-size": "5", "x-cache-ttl": "7"}, Cache{Size: 5, TTL: 7}, ""},
		{amqp.Table{"x-cache-size": int64(math.MaxInt64), "x-cache-ttl": int8(1), "x-cache-persistence": "disk"}, Cache{Size: math.MaxInt32, TTL: 1, Disk: true}, ""},
		{amqp.Table{"x-cache-size": int16(1), "x-cache-persistence": "memory"}, Cache{Size: 1}, ""},
		{nil, Cache{}, size},
		{amqp.Table{"x-cache-size": int32(0)}, Cache{}, size},
		{amqp.Table{"x-cache-size": "0"}, Cache{}, size},
		{amqp.Table{"x-cache-size": "5x"}, Cache{}, size},
		{amqp.Table{"x-cache-size": 5.0}, Cache{}, size},
		{amqp.Table{"x-cache-size": int32(5), "x-cache-ttl": int32(-1)}, Cache{}, ttl},
		{amqp.Table{"x-cache-size": int32(5), "x-cache-ttl": nil}, Cache{}, ttl},
		{amqp.Table{"x-cache-size": int32(5), "x-cache-persistence": "paper"}, Cache{}, persistence},
		{amqp.Table{"x-cache-size": int32(5), "x-cache-persistence": true}, Cache{}, persistence},
	} {
		x, err := New("/", Declaration{Name: "x", Kind: Deduplicating, Arguments: test.args})
		switch {
		case test.wrong != "":
			if e, ok := err.(*amqp.Error); !ok || e.Code != amqp.PreconditionFailed || e.Text != test.wrong {
				t.Errorf("%v: got %v, want %s", test.args, err, test.wrong)
			}
		case err != nil:
			t.Errorf("%v: %v", test.args, err)
		case *x.Cache() != test.want:
			t.Errorf("%v: got %+v, want %+v", test.args, *x.Cache(), test.want)
		case x.KeyOnly():
			t.Errorf("%v: routes of one message are remembered for another", test.args)
		}
	}
	if x := newExchange(t, Fanout); x.Cache() != nil {
		t.Error("a fanout exchange remembers messages")
	}
}
