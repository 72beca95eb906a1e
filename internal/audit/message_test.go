package audit

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

func TestEntriesAreErlangs(t *testing.T) {
	got := entries(amqp.Table{
		"a": int32(1), "b": true, "c": "", "d": "é", "e": []byte{0, 1}, "f": []any{int32(1), "a"}, "g": amqp.Table{"k": "v"}, "h": nil, "i": 1.5,
	})
	want := []any{
		`{<<"a">>,signedint,1}`, `{<<"b">>,bool,true}`, `{<<"c">>,longstr,<<>>}`, `{<<"d">>,longstr,<<"é">>}`, `{<<"e">>,binary,<<0,1>>}`,
		`{<<"f">>,array,[{signedint,1},{longstr,<<"a">>}]}`, `{<<"g">>,table,[{<<"k">>,longstr,<<"v">>}]}`, `{<<"h">>,void,undefined}`, `{<<"i">>,double,1.5}`,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEntriesFitAFrame(t *testing.T) {
	long := strings.Repeat("x", 10<<10)
	got := entries(amqp.Table{"a": "1", "b": long, "c": long, "d": "2"})
	if len(got) != 3 || got[0] != `{<<"a">>,longstr,<<"1">>}` || got[2] != "..." {
		t.Errorf("got %d entries, the last %.20s, want the first two and dots", len(got), got[len(got)-1])
	}
}

func TestAddressesAreErlangs(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:5672":        "{127,0,0,1} 5672",
		"[::1]:80":              "{0,0,0,0,0,0,0,1} 80",
		"[2001:db8::ff]:1":      "{8193,3512,0,0,0,0,0,255} 1",
		"[::ffff:10.0.0.1]:443": "{10,0,0,1} 443",
	} {
		a, err := net.ResolveTCPAddr("tcp", text)
		if err != nil {
			t.Fatal(err)
		}
		if host, port := address(a); fmt.Sprint(host, " ", port) != want {
			t.Errorf("%s: got %s %d, want %s", text, host, port, want)
		}
	}
	client, _ := net.Pipe()
	if host, port := address(client.LocalAddr()); host != "pipe" || port != 0 {
		t.Errorf("a pipe: got %s %d, want pipe 0", host, port)
	}
}

func TestCipherSuitesAreTakenApart(t *testing.T) {
	for id, want := range map[uint16]string{
		tls.TLS_AES_128_GCM_SHA256:                      "any aes_128_gcm sha256",
		tls.TLS_CHACHA20_POLY1305_SHA256:                "any chacha20_poly1305 sha256",
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:       "ecdhe_rsa aes_256_gcm sha384",
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA:        "ecdhe_ecdsa aes_128_cbc sha",
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ecdhe_rsa chacha20_poly1305 sha256",
	} {
		exchange, cipher, hash := suite(tls.CipherSuiteName(id))
		if got := exchange + " " + cipher + " " + hash; got != want {
			t.Errorf("%s: got %s, want %s", tls.CipherSuiteName(id), got, want)
		}
	}
}

func TestHeadersOfEvents(t *testing.T) {
	client, _ := net.Pipe()
	socket := Socket{Conn: client, Mechanism: "PLAIN"}
	process := Process{Began: 7, Number: 3}
	for _, test := range []struct {
		about Happening
		key   string
		want  amqp.Table // some of the headers
	}{
		{QueueCreated{By: "u", Owner: process, Exclusive: true}, "queue.created",
			amqp.Table{"owner_pid": "<h@n.7.3.0>", "user_who_performed_action": "u", "exclusive": true}},
		{QueueCreated{By: "u"}, "queue.created", amqp.Table{"owner_pid": "", "exclusive": false, "arguments": []any{}}},
		{PolicyCleared{Name: "p", Operator: true}, "operator.policy.cleared", amqp.Table{"name": "p"}},
		{PolicySet{Definition: map[string]any{"max-length": int64(1)}}, "policy.set", amqp.Table{"definition": amqp.Table{"max-length": int64(1)}}},
		{ParameterSet{Value: map[string]any{}}, "parameter.set", amqp.Table{"value": []any{}}},
		{VHostCreated{VHost{Name: "v", Description: "d", Tags: []string{"a", "b"}}}, "vhost.created", amqp.Table{
			"tags": []any{"a", "b"}, "default_queue_type": "undefined", "cluster_state": amqp.Table{"h@n": "running"},
			"metadata": `#{description => <<"d">>,tags => [a,b]}`,
		}},
		{LoggedIn{socket, "u"}, "user.authentication.success",
			amqp.Table{"name": "u", "connection_name": "pipe -> pipe", "ssl": false, "auth_mechanism": "PLAIN", "protocol": "{0,9,1}"}},
		{LoginRefused{socket, strings.Repeat("u", 300), false}, "user.authentication.failure", amqp.Table{"name": strings.Repeat("u", 255)}},
		{LoginRefused{socket, "u", true}, "user.authentication.failure", amqp.Table{"error": octets("user 'u' can only connect via localhost")}},
		{ConnectionCreated{
			Connection: Connection{Process: process, Socket: socket}, User: "u", Connected: time.UnixMilli(5), Heartbeat: time.Minute, FrameMax: 4096, ChannelMax: 9,
		}, "connection.created", amqp.Table{
			"pid": "<h@n.7.3.0>", "user": "u", "connected_at": int64(5), "timeout": int64(60), "frame_max": int64(4096), "channel_max": int64(9),
			"type": "network", "ssl_cipher": "", "client_properties": []any{},
		}},
		{ConnectionClosed{Connection{Process: process, Socket: socket, ClientName: "c"}}, "connection.closed",
			amqp.Table{"pid": "<h@n.7.3.0>", "user_provided_name": "c", "node": "h@n"}},
		{ConsumerDeleted{Channel: process, Tag: "t"}, "consumer.deleted", amqp.Table{"channel": "<h@n.7.3.0>", "consumer_tag": "t"}},
		{AlarmCleared{"memory"}, "alarm.cleared", amqp.Table{"source": "memory", "node": "h@n"}},
	} {
		headers := test.about.headers("h@n")
		if test.about.key() != test.key {
			t.Errorf("%T: got key %s, want %s", test.about, test.about.key(), test.key)
		}
		if err := headers.Check(); err != nil {
			t.Errorf("%s: %v", test.key, err)
		}
		for name, want := range test.want {
			if !(amqp.Table{name: headers[name]}).Equal(amqp.Table{name: want}) {
				t.Errorf("%s: header %s: got %T %v, want %T %v", test.key, name, headers[name], headers[name], want, want)
			}
		}
	}
}

// octets are those of a text, as an array.
func octets(text string) []any {
	var list []any
	for _, o := range []byte(text) {
		list = append(list, int64(o))
	}
	return list
}
