package audit

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"strings"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// protocol is what clients speak.
const protocol = "{0,9,1}"

// A Socket is how a client is connected.
type Socket struct {
	net.Conn
	Mechanism string // of the login
}

// name is RabbitMQ's for a connection: "peer -> local".
func (s Socket) name() string { return fmt.Sprintf("%s -> %s", s.RemoteAddr(), s.LocalAddr()) }

// headers are what all happenings of logins and connections tell of the socket.
func (s Socket) headers() amqp.Table {
	host, _ := address(s.LocalAddr())
	peer, port := address(s.RemoteAddr())
	_, secure := s.Conn.(*tls.Conn)
	return amqp.Table{
		"ssl": secure, "auth_mechanism": s.Mechanism, "protocol": protocol, "host": host, "peer_host": peer, "peer_port": port,
	}
}

// LoggedIn is a client that has shown who it is.
type LoggedIn struct {
	Socket Socket
	User   string
}

func (LoggedIn) key() string { return "user.authentication.success" }

func (h LoggedIn) headers(string) amqp.Table {
	t := h.Socket.headers()
	t["name"], t["connection_name"], t["connection_type"] = h.User, h.Socket.name(), "network"
	return t
}

// nameMost is how many octets of a name are told that nobody has been found by.
const nameMost = 255

// LoginRefused is a client that has not.
type LoginRefused struct {
	Socket  Socket
	User    string // who it says it is
	NotHere bool   // the password was right, but not the place
}

func (LoginRefused) key() string { return "user.authentication.failure" }

// rabbitmq: the text is an array of its octets
func (h LoginRefused) headers(string) amqp.Table {
	user := h.User[:min(len(h.User), nameMost)]
	text := fmt.Sprintf("user '%s' - invalid credentials", user)
	if h.NotHere {
		text = fmt.Sprintf("user '%s' can only connect via localhost", user)
	}
	octets := make([]any, len(text))
	for i := range octets {
		octets[i] = int64(text[i])
	}
	t := LoggedIn{h.Socket, user}.headers("")
	t["error"] = octets
	return t
}

// A Connection is what identifies one.
type Connection struct {
	Process    Process
	Socket     Socket
	ClientName string     // what the client calls it, "" for nothing
	Properties amqp.Table // the client's
}

func (c Connection) headers(node string) amqp.Table {
	t := amqp.Table{"name": c.Socket.name(), "pid": c.Process.In(node), "node": node, "client_properties": entries(c.Properties)}
	if c.ClientName != "" {
		t["user_provided_name"] = c.ClientName
	}
	return t
}

// ConnectionCreated is a client that has been let into its virtual host.
type ConnectionCreated struct {
	Connection
	User, VHost string
	Connected   time.Time
	Heartbeat   time.Duration
	FrameMax    uint32
	ChannelMax  int
}

func (ConnectionCreated) key() string { return "connection.created" }

func (h ConnectionCreated) headers(node string) amqp.Table {
	t := h.Connection.headers(node)
	maps.Copy(t, h.Socket.headers())
	_, t["port"] = address(h.Socket.LocalAddr())
	t["user_who_performed_action"], t["user"], t["vhost"], t["type"] = h.User, h.User, h.VHost, "network"
	t["connected_at"], t["timeout"] = h.Connected.UnixMilli(), int64(h.Heartbeat/time.Second)
	t["frame_max"], t["channel_max"] = int64(h.FrameMax), int64(h.ChannelMax)
	addTLS(t, h.Socket)
	return t
}

// addTLS adds what is agreed on and who the client is, by its certificate.
func addTLS(t amqp.Table, socket Socket) {
	for _, name := range []string{"ssl_protocol", "ssl_key_exchange", "ssl_cipher", "ssl_hash", "peer_cert_subject", "peer_cert_issuer", "peer_cert_validity"} {
		t[name] = ""
	}
	conn, secure := socket.Conn.(*tls.Conn)
	if !secure {
		return
	}
	s := conn.ConnectionState()
	t["ssl_protocol"] = strings.ToLower(strings.Replace(tls.VersionName(s.Version), "TLS ", "tlsv", 1))
	t["ssl_key_exchange"], t["ssl_cipher"], t["ssl_hash"] = suite(tls.CipherSuiteName(s.CipherSuite))
	if len(s.PeerCertificates) > 0 {
		c := s.PeerCertificates[0]
		t["peer_cert_subject"], t["peer_cert_issuer"] = c.Subject.String(), c.Issuer.String()
		t["peer_cert_validity"] = c.NotBefore.UTC().Format(time.RFC3339) + " - " + c.NotAfter.UTC().Format(time.RFC3339)
	}
}

// suite takes the name of a cipher suite apart: of TLS 1.3 it says nothing about the
// exchange of keys.
//
// rabbitmq: any, aes_128_gcm, sha256
func suite(name string) (exchange, cipher, hash string) {
	name = strings.ToLower(strings.TrimPrefix(name, "TLS_"))
	exchange, rest, found := strings.Cut(name, "_with_")
	if !found {
		exchange, rest = "any", name
	}
	if i := strings.LastIndexByte(rest, '_'); i >= 0 {
		return exchange, rest[:i], rest[i+1:]
	}
	return exchange, rest, ""
}

// ConnectionClosed is a connection that is gone, whether or not it was let in.
type ConnectionClosed struct{ Connection }

func (ConnectionClosed) key() string { return "connection.closed" }

// ChannelCreated is a channel that has been opened.
type ChannelCreated struct {
	Process, Connection Process
	Socket              Socket // the connection's
	User, VHost         string
	Number              uint16
}

func (ChannelCreated) key() string { return "channel.created" }

func (h ChannelCreated) headers(node string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": h.User, "pid": h.Process.In(node), "connection": h.Connection.In(node),
		"name": fmt.Sprintf("%s (%d)", h.Socket.name(), h.Number), "user": h.User, "vhost": h.VHost, "number": int64(h.Number),
	}
}

// ChannelClosed is a channel that is gone.
type ChannelClosed struct {
	Process Process
	User    string
}

func (ChannelClosed) key() string { return "channel.closed" }

func (h ChannelClosed) headers(node string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.User, "pid": h.Process.In(node)}
}

// ConsumerCreated is a consumer that has been added to a queue.
type ConsumerCreated struct {
	Channel                 Process
	User, VHost, Queue, Tag string
	NoAck, Exclusive        bool
	Prefetch                int
	Arguments               amqp.Table
}

func (ConsumerCreated) key() string { return "consumer.created" }

func (h ConsumerCreated) headers(node string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": h.User, "channel": h.Channel.In(node), "vhost": h.VHost, "queue": h.Queue, "consumer_tag": h.Tag,
		"ack_required": !h.NoAck, "exclusive": h.Exclusive, "prefetch_count": int64(h.Prefetch), "arguments": entries(h.Arguments),
	}
}

// ConsumerDeleted is a consumer that is gone.
type ConsumerDeleted struct {
	Channel           Process
	VHost, Queue, Tag string
	User              string // "" if its queue has been deleted, by whoever
}

func (ConsumerDeleted) key() string { return "consumer.deleted" }

func (h ConsumerDeleted) headers(node string) amqp.Table {
	t := amqp.Table{"channel": h.Channel.In(node), "vhost": h.VHost, "queue": h.Queue, "consumer_tag": h.Tag}
	if h.User != "" {
		t["user_who_performed_action"] = h.User
	}
	return t
}

// AlarmSet is a resource, such as "disk", that the broker is short of.
type AlarmSet struct{ Resource string }

func (AlarmSet) key() string { return "alarm.set" }

func (h AlarmSet) headers(node string) amqp.Table {
	return amqp.Table{"source": h.Resource, "node": node}
}

// AlarmCleared is a resource that it is no longer short of.
type AlarmCleared struct{ Resource string }

func (AlarmCleared) key() string { return "alarm.cleared" }

func (h AlarmCleared) headers(node string) amqp.Table {
	return amqp.Table{"source": h.Resource, "node": node}
}
