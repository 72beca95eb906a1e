package conformance

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// patience is how long a test waits for something that must happen.
const patience = 15 * time.Second

// Frame types.
const (
	frameMethod    = 1
	frameHeader    = 2
	frameBody      = 3
	frameHeartbeat = 8
	frameEnd       = 0xCE
)

// A raw is a client that says whatever it is told, octet by octet. It knows
// just enough of the protocol to judge a broker's answers, and shares no code
// with the broker.
type raw struct {
	t    T
	conn net.Conn
	in   *bufio.Reader
}

// A frame is what came over the wire, without its end octet.
type frame struct {
	kind    uint8
	channel uint16
	payload []byte
}

func (f frame) String() string {
	if f.kind == frameMethod && len(f.payload) >= 4 {
		class, id := binary.BigEndian.Uint16(f.payload), binary.BigEndian.Uint16(f.payload[2:])
		return fmt.Sprintf("%s on channel %d: %q", methodName(class, id), f.channel, f.payload[4:])
	}
	return fmt.Sprintf("frame type %d on channel %d: %q", f.kind, f.channel, f.payload)
}

// dialRaw opens a TCP connection to the broker and says nothing.
func dialRaw(t T) *raw {
	t.Helper()
	conn, err := net.DialTimeout("tcp", target.address, patience)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	r := &raw{t: t, conn: conn, in: bufio.NewReader(conn)}
	t.Cleanup(func() { conn.Close() })
	return r
}

// A handshake is what a raw client says of itself. The zero value logs in as the
// user of the address with every capability, no heartbeats and the limits that
// the broker proposes, and opens the virtual host of the address.
type handshake struct {
	user       string // whose password is the name
	vhost      string
	frameMax   uint32
	channelMax uint16
	heartbeat  uint16
	properties fields // client properties instead of the full capabilities
}

var allCapabilities = field("capabilities", 'F', table(
	field("authentication_failure_close", 't', uint8(1)),
	field("basic.nack", 't', uint8(1)),
	field("connection.blocked", 't', uint8(1)),
	field("consumer_cancel_notify", 't', uint8(1)),
	field("publisher_confirms", 't', uint8(1)),
))

// openRaw returns a raw client with a running connection and channel 1 open.
func openRaw(t T) *raw {
	t.Helper()
	r := connectRaw(t, handshake{})
	r.openChannel(1)
	return r
}

// connectRaw returns a raw client with a running connection.
func connectRaw(t T, h handshake) *raw {
	t.Helper()
	r := tuneRaw(t, h)
	r.send(0, connectionOpen(h.opens()))
	r.expect(0, 10, 41)
	return r
}

// opens returns the virtual host to open.
func (h handshake) opens() string {
	if h.vhost != "" {
		return h.vhost
	}
	return target.vhost
}

// tuneRaw returns a raw client that has sent tune-ok and not yet connection.open.
func tuneRaw(t T, h handshake) *raw {
	t.Helper()
	r := greetRaw(t)
	r.send(0, h.startOk())
	tune := r.expect(0, 10, 30)
	channelMax, frameMax := tune.short(), tune.long()
	if h.channelMax != 0 {
		channelMax = h.channelMax
	}
	if h.frameMax != 0 {
		frameMax = h.frameMax
	}
	r.send(0, tuneOk(channelMax, frameMax, h.heartbeat))
	return r
}

// loginRaw returns a raw client that has sent a good start-ok.
func loginRaw(t T, properties fields) *raw {
	t.Helper()
	r := greetRaw(t)
	r.send(0, handshake{properties: properties}.startOk())
	return r
}

// startOk returns a good start-ok.
func (h handshake) startOk() []byte {
	properties := h.properties
	if properties == nil {
		properties = allCapabilities
	}
	user, password := target.user, target.password
	if h.user != "" {
		user, password = h.user, h.user
	}
	return startOk(properties, "PLAIN", "\x00"+user+"\x00"+password)
}

// greetRaw returns a raw client that has got connection.start.
func greetRaw(t T) *raw {
	t.Helper()
	r := dialRaw(t)
	r.write([]byte("AMQP\x00\x00\x09\x01"))
	r.expect(0, 10, 10)
	return r
}

// openChannel opens a channel.
func (r *raw) openChannel(channel uint16) {
	r.t.Helper()
	r.send(channel, channelOpen())
	r.expect(channel, 20, 11)
}

// write sends octets as they are.
func (r *raw) write(octets []byte) {
	r.t.Helper()
	if _, err := r.conn.Write(octets); err != nil {
		r.t.Fatalf("write: %v", err)
	}
}

// send sends methods, each in a frame of its own, in one write.
func (r *raw) send(channel uint16, methods ...[]byte) {
	r.t.Helper()
	var octets []byte
	for _, m := range methods {
		octets = appendFrame(octets, frameMethod, channel, m)
	}
	r.write(octets)
}

// call sends a method and expects the method with the given id of the same class.
func (r *raw) call(channel uint16, method []byte, id uint16) *arguments {
	r.t.Helper()
	r.send(channel, method)
	return r.expect(channel, binary.BigEndian.Uint16(method), id)
}

// publish sends a message with the given property flags and octets.
func (r *raw) publish(channel uint16, exchange, key string, properties properties, body string) {
	r.t.Helper()
	r.write(publishing(channel, basicPublish(exchange, key, 0), properties, body))
}

// read returns the next frame that is not a heartbeat.
func (r *raw) read() frame {
	r.t.Helper()
	for {
		f, err := r.readAny()
		if err != nil {
			r.t.Fatalf("read: %v", err)
		}
		if f.kind != frameHeartbeat {
			return f
		}
	}
}

// readAny returns the next frame.
func (r *raw) readAny() (frame, error) {
	r.t.Helper()
	if err := r.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return frame{}, err
	}
	var head [7]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{
		kind:    head[0],
		channel: binary.BigEndian.Uint16(head[1:]),
		payload: make([]byte, binary.BigEndian.Uint32(head[3:])),
	}
	if _, err := io.ReadFull(r.in, f.payload); err != nil {
		return frame{}, err
	}
	if end, err := r.in.ReadByte(); err != nil || end != frameEnd {
		return frame{}, fmt.Errorf("frame end octet: got %#x, want %#x (%v)", end, frameEnd, err)
	}
	return f, nil
}

// expect reads a method and returns its arguments.
func (r *raw) expect(channel, class, id uint16) *arguments {
	r.t.Helper()
	f := r.read()
	head := method(class, id)
	if f.kind != frameMethod || f.channel != channel || !strings.HasPrefix(string(f.payload), string(head)) {
		r.t.Fatalf("got %v, want %s on channel %d", f, methodName(class, id), channel)
	}
	return &arguments{t: r.t, octets: f.payload[4:]}
}

// content reads a header and as many body frames as it announces.
func (r *raw) content(channel uint16) (properties, string) {
	r.t.Helper()
	f := r.read()
	if f.kind != frameHeader || f.channel != channel {
		r.t.Fatalf("got %v, want a content header on channel %d", f, channel)
	}
	a := &arguments{t: r.t, octets: f.payload}
	if class, weight := a.short(), a.short(); class != 60 || weight != 0 {
		r.t.Fatalf("content header: got class %d weight %d, want 60 and 0", class, weight)
	}
	size := a.longlong()
	p := properties(a.octets)
	var body []byte
	for uint64(len(body)) < size {
		f := r.read()
		if f.kind != frameBody || f.channel != channel {
			r.t.Fatalf("got %v, want a content body on channel %d", f, channel)
		}
		body = append(body, f.payload...)
	}
	return p, string(body)
}

// A closing is a channel.close or connection.close: soft when it is the channel's.
type closing struct {
	code          uint16
	text          string
	class, method uint16
}

func (c closing) String() string {
	if c.class == 0 && c.method == 0 {
		return fmt.Sprintf("%d %s, for no method", c.code, c.text)
	}
	return fmt.Sprintf("%d %s, for %s", c.code, c.text, methodName(c.class, c.method))
}

// expectClose reads channel.close, or connection.close on channel 0, and
// compares all that it says. It does not answer.
func (r *raw) expectClose(channel uint16, want closing) {
	r.t.Helper()
	class, id := uint16(20), uint16(40)
	if channel == 0 {
		class, id = 10, 50
	}
	a := r.expect(channel, class, id)
	got := closing{code: a.short(), text: a.shortstr(), class: a.short(), method: a.short()}
	if want.text != "" {
		want.text = codeName(want.code) + " - " + want.text
	} else {
		want.text = codeName(want.code)
	}
	if got != want {
		r.t.Fatalf("close on channel %d:\n got %v\nwant %v", channel, got, want)
	}
}

// expectCode reads a close and compares only its code.
func (r *raw) expectCode(channel uint16, codes ...uint16) {
	r.t.Helper()
	class, id := uint16(20), uint16(40)
	if channel == 0 {
		class, id = 10, 50
	}
	a := r.expect(channel, class, id)
	got, text := a.short(), a.shortstr()
	for _, code := range codes {
		if got == code {
			return
		}
	}
	r.t.Fatalf("close: got %d %q, want one of %v", got, text, codes)
}

// expectGone waits for the broker to drop the connection, and fails if it says
// anything before.
func (r *raw) expectGone() {
	r.t.Helper()
	for {
		f, err := r.readAny()
		if err == nil && f.kind == frameHeartbeat {
			continue
		}
		if err == nil {
			r.t.Fatalf("got %v, want the connection dropped", f)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			r.t.Fatalf("connection still there after %v", patience)
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
			r.t.Fatalf("got %v, want the connection dropped", err)
		}
		return
	}
}

// ping proves that the connection and the channel still work, and that nothing
// but the answer has been sent on them.
func (r *raw) ping(channel uint16) {
	r.t.Helper()
	r.call(channel, method(20, 20, uint8(1)), 21)
}

// appendFrame appends a whole frame.
func appendFrame(octets []byte, kind uint8, channel uint16, payload []byte) []byte {
	octets = append(octets, kind)
	octets = binary.BigEndian.AppendUint16(octets, channel)
	octets = binary.BigEndian.AppendUint32(octets, uint32(len(payload)))
	octets = append(octets, payload...)
	return append(octets, frameEnd)
}

// publishing returns the frames of a message.
func publishing(channel uint16, publish []byte, p properties, body string) []byte {
	octets := appendFrame(nil, frameMethod, channel, publish)
	octets = appendFrame(octets, frameHeader, channel, contentHeader(uint64(len(body)), p))
	if body != "" {
		octets = appendFrame(octets, frameBody, channel, []byte(body))
	}
	return octets
}

// contentHeader returns the payload of a header frame.
func contentHeader(size uint64, p properties) []byte {
	if p == nil {
		p = properties{0, 0}
	}
	return append(encode(uint16(60), uint16(0), size), p...)
}
