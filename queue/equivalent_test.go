package queue

import (
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestEquivalent(t *testing.T) {
	with := func(key string, value any) Declaration {
		return Declaration{Arguments: amqp.Table{key: value}}
	}
	tests := []struct {
		name   string
		now, d Declaration
		want   string // after "inequivalent arg '"; "" for equivalent
	}{
		{"nothing differs", Declaration{}, Declaration{}, ""},
		{"durable", Declaration{}, Declaration{Durable: true, AutoDelete: true}, "durable' for queue 'q' in vhost '/': received 'true' but current is 'false'"},
		{"auto-delete", Declaration{AutoDelete: true}, Declaration{}, "auto_delete' for queue 'q' in vhost '/': received 'false' but current is 'true'"},
		{"another value", with("x-message-ttl", int32(1000)), with("x-message-ttl", int64(1001)), "x-message-ttl' for queue 'q' in vhost '/': received '1001' but current is '1000'"},
		{"a value more", Declaration{}, with("x-expires", int32(1000)), "x-expires' for queue 'q' in vhost '/': received the value '1000' of type 'signedint' but current is none"},
		{"a value less", with("x-overflow", "drop-head"), Declaration{}, "x-overflow' for queue 'q' in vhost '/': received none but current is the value 'drop-head' of type 'longstr'"},
		{"text for a number", with("x-max-length", int32(1)), with("x-max-length", "1"), "x-max-length' for queue 'q' in vhost '/': received '1' but current is '1'"},
		{"a float", with("x-max-length", int32(1)), with("x-max-length", 1000.0), "x-max-length' for queue 'q' in vhost '/': received '1.0e3' but current is '1'"},
		{"void for a number", with("x-expires", int32(1)), with("x-expires", nil), "x-expires' for queue 'q' in vhost '/': received none but current is '1'"},
		{"void for nothing", Declaration{}, with("x-expires", nil), "x-expires' for queue 'q' in vhost '/': received the value 'undefined' of type 'void' but current is none"},
		{"an array", Declaration{}, with("x-expires", []any{int32(1)}), "x-expires' for queue 'q' in vhost '/': received the value '[{signedint,1}]' of type 'array' but current is none"},
		{"another width", with("x-max-length", int32(1)), with("x-max-length", int64(1)), ""},
		{"the type by name", Declaration{}, with("x-queue-type", "classic"), ""},
		{"the type by another name", with("x-queue-type", ""), Declaration{}, ""},
		{"another type", Declaration{}, with("x-queue-type", "quorum"), "x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none"},
		{"what nobody knows", with("x-foo", 1), with("x-foo", 2), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.now.Name, test.now.VHost = "q", "/"
			err := test.now.Equivalent(test.d)
			if test.want != "" {
				wantText(t, err, "inequivalent arg '"+test.want)
			} else if err != nil {
				t.Errorf("got %v, want no error", err)
			}
		})
	}
}
