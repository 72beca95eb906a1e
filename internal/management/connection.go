package management

import (
	"crypto/tls"
	"iter"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/vhost"
)

// A shownConnection is how a connection is shown.
type shownConnection struct {
	Name             string         `json:"name"`
	PID              string         `json:"pid,omitempty"` // by the control socket only
	UserProvidedName string         `json:"user_provided_name,omitempty"`
	Type             string         `json:"type"`
	Protocol         string         `json:"protocol"`
	Node             string         `json:"node"`
	VHost            string         `json:"vhost"`
	User             string         `json:"user"`
	MadeBy           string         `json:"user_who_performed_action"`
	State            string         `json:"state"`
	Host             string         `json:"host"`
	Port             int            `json:"port"`
	PeerHost         string         `json:"peer_host"`
	PeerPort         int            `json:"peer_port"`
	AuthMechanism    string         `json:"auth_mechanism"`
	Channels         int            `json:"channels"`
	ChannelMax       int            `json:"channel_max"`
	FrameMax         uint32         `json:"frame_max"`
	Timeout          int            `json:"timeout"`      // seconds from heartbeat to heartbeat
	ConnectedAt      int64          `json:"connected_at"` // Unix milliseconds
	ClientProperties amqpjson.Table `json:"client_properties"`
	secured
	ReceivedOctets        int64  `json:"recv_oct"`
	ReceivedOctetsDetails rate   `json:"recv_oct_details"`
	SentOctets            int64  `json:"send_oct"`
	SentOctetsDetails     rate   `json:"send_oct_details"`
	Sent                  uint64 `json:"send_cnt"`
	Pending               uint64 `json:"send_pend"`
}

func (c shownConnection) name() string { return c.Name }

// secured is what is shown of TLS: null without it.
type secured struct {
	SSL          bool    `json:"ssl"`
	Protocol     *string `json:"ssl_protocol"`
	Cipher       *string `json:"ssl_cipher"`
	KeyExchange  *string `json:"ssl_key_exchange"`
	Hash         *string `json:"ssl_hash"`
	PeerSubject  *string `json:"peer_cert_subject"`
	PeerIssuer   *string `json:"peer_cert_issuer"`
	PeerValidity *string `json:"peer_cert_validity"`
}

func securedBy(state *tls.ConnectionState) (s secured) {
	if state == nil {
		return s
	}
	protocol, cipher := tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	s = secured{SSL: true, Protocol: &protocol, Cipher: &cipher}
	if len(state.PeerCertificates) > 0 {
		const day = "2006-01-02T15:04:05Z"
		peer := state.PeerCertificates[0]
		subject, issuer := peer.Subject.String(), peer.Issuer.String()
		validity := peer.NotBefore.UTC().Format(day) + " - " + peer.NotAfter.UTC().Format(day)
		s.PeerSubject, s.PeerIssuer, s.PeerValidity = &subject, &issuer, &validity
	}
	return s
}

// A peer is how a connection is named among the details of something else. What its client
// calls it RabbitMQ does not say there.
type peer struct {
	Name             string `json:"name"`
	UserProvidedName string `json:"user_provided_name,omitempty"`
	PeerHost         string `json:"peer_host"`
	PeerPort         int    `json:"peer_port"`
}

func peerOf(c *server.ConnectionInfo) *peer {
	return &peer{c.Name, c.ClientName, c.Peer.Host, c.Peer.Port}
}

func (s *Server) showConnection(info server.ConnectionInfo) shownConnection {
	octets := []int64{int64(info.Received), int64(info.Sent)}
	rates := s.rates.take(subject{kind: "connection", name: info.Name}, octets)
	return shownConnection{
		Name: info.Name, UserProvidedName: info.ClientName, Type: "network", Protocol: "AMQP 0-9-1", Node: s.node,
		VHost: info.VHost, User: info.User, MadeBy: info.User, State: info.State,
		Host: info.Local.Host, Port: info.Local.Port, PeerHost: info.Peer.Host, PeerPort: info.Peer.Port,
		AuthMechanism: info.Mechanism, Channels: info.Channels, ChannelMax: info.ChannelMax, FrameMax: info.FrameMax,
		Timeout: int(info.Heartbeat.Seconds()), ConnectedAt: info.Since.UnixMilli(), ClientProperties: amqpjson.Table(info.Properties),
		secured:        securedBy(info.TLS),
		ReceivedOctets: octets[0], ReceivedOctetsDetails: rate{rates[0]},
		SentOctets: octets[1], SentOctetsDetails: rate{rates[1]}, Sent: info.Writes, Pending: info.Pending,
	}
}

// maySee reports whether the user may see a connection, and what is on it.
//
// rabbitmq: monitors see all, others their own
func (c *call) maySee(info *server.ConnectionInfo) bool {
	return info.User == c.user.Name || c.user.Has(auth.Monitoring, auth.Administrator)
}

// connections are those that are wanted and may be seen.
func (s *Server) connections(c *call, wanted func(*server.ConnectionInfo) bool) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, info := range s.broker.Connections() {
			if !c.maySee(&info) || !wanted(&info) {
				continue
			}
			shown := s.showConnection(info)
			shown.PID = c.process(info.Process)
			if !yield(shown) {
				return
			}
		}
	}
}

// process is how a process is named to who has come by the control socket. RabbitMQ's
// API has no such names, its command line tools have.
func (c *call) process(p audit.Process) string {
	if !c.local {
		return ""
	}
	return p.In(c.server.node)
}

func every(*server.ConnectionInfo) bool { return true }

func (s *Server) listConnections(c *call) error { return c.listPaged(s.connections(c, every)) }

func (s *Server) listVHostConnections(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error {
		return c.listPaged(s.connections(c, func(info *server.ConnectionInfo) bool { return info.VHost == v.Name() }))
	})
}

// getOfConnection is for two resources that http.ServeMux cannot tell apart: the
// channels of a connection, and the connections of a user.
func (s *Server) getOfConnection(c *call) error {
	switch connection, of := c.name("connection"), c.name("of"); {
	case connection == "username":
		return c.list(s.connections(c, func(info *server.ConnectionInfo) bool { return info.User == of }))
	case of == "channels":
		return s.listConnectionChannels(c)
	}
	return errNotFound
}

// deleteOfConnection ends the connections of a user.
func (s *Server) deleteOfConnection(c *call) error {
	user := c.name("of")
	switch {
	case c.name("connection") != "username":
		return errNotFound
	case user != c.user.Name && !c.user.Has(auth.Administrator):
		return notAuthorised("User not authorised to access object")
	}
	for _, info := range s.broker.Connections() {
		if info.User == user {
			s.broker.CloseConnection(info.Name, c.reason())
		}
	}
	return c.done(false)
}

func (s *Server) getConnection(c *call) error {
	info, ok := s.broker.Connection(c.name("connection"))
	if !ok {
		return errNotFound
	}
	return c.answerSampled(s.showConnection(info), sampled{subject{kind: "connection", name: info.Name}, func() []int64 {
		now, _ := s.broker.Connection(info.Name)
		return signed(now.Received, now.Sent)
	}, []part{{dataRates, "", octetNames}}})
}

// deleteConnection ends a connection.
func (s *Server) deleteConnection(c *call) error {
	if !s.broker.CloseConnection(c.name("connection"), c.reason()) {
		return errNotFound
	}
	return c.done(false)
}

// reason is what clients are told whose connections are ended.
func (c *call) reason() string {
	if reason := c.Header.Get("X-Reason"); reason != "" {
		return reason
	}
	return "Closed via management plugin"
}

// owner returns the user of a connection.
func (s *Server) owner(connection string) (user string, found bool) {
	info, found := s.broker.Connection(connection)
	return info.User, found
}
