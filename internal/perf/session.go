package perf

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// A session is one connection with one channel open.
type session struct {
	conn     net.Conn
	reader   *amqp.Reader
	frameMax uint32
}

// channel is the number of the one channel.
const channel = 1

const (
	handshakeTime = 15 * time.Second // a broker waits a few seconds before refusing a login
	answerTime    = 30 * time.Second
	goodbyeTime   = 3 * time.Second
)

// dial connects to a broker and opens the channel.
func dial(ctx context.Context, t target) (*session, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", t.address)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, reader: amqp.NewReader(conn)}
	if err := s.open(ctx, t); err != nil {
		conn.Close()
		return nil, fmt.Errorf("open a connection to %s: %w", t.address, err)
	}
	return s, nil
}

// open talks the connection open.
//
// spec: connection
func (s *session) open(ctx context.Context, t target) error {
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	if err := s.conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return err
	}
	if _, err := s.conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return err
	}
	if _, err := expect[*amqp.ConnectionStart](s.receive()); err != nil {
		return err
	}
	tune, err := expect[*amqp.ConnectionTune](s.callOn(0, &amqp.ConnectionStartOk{
		ClientProperties: amqp.Table{
			"product": "harebell perf",
			"capabilities": amqp.Table{
				"publisher_confirms":           true,
				"basic.nack":                   true,
				"consumer_cancel_notify":       true,
				"connection.blocked":           true,
				"authentication_failure_close": true,
			},
		},
		Mechanism: "PLAIN",
		Response:  "\x00" + t.user + "\x00" + t.password,
		Locale:    "en_US",
	}))
	if err != nil {
		return err
	}
	s.frameMax = tune.FrameMax
	if err := s.send(0, &amqp.ConnectionTuneOk{ChannelMax: tune.ChannelMax, FrameMax: tune.FrameMax}); err != nil {
		return err
	}
	if _, err := expect[*amqp.ConnectionOpenOk](s.callOn(0, &amqp.ConnectionOpen{VirtualHost: t.vhost})); err != nil {
		return err
	}
	if _, err := expect[*amqp.ChannelOpenOk](s.call(&amqp.ChannelOpen{})); err != nil {
		return err
	}
	return s.conn.SetDeadline(time.Time{})
}

// expect makes sure that an answer is the one that was asked for.
func expect[M amqp.Method](answer amqp.Method, err error) (M, error) {
	m, ok := answer.(M)
	if err == nil && !ok {
		err = fmt.Errorf("broker sent %s, want %s", answer.ID(), m.ID())
	}
	return m, err
}

// call sends a method on the channel and returns the method that answers.
func (s *session) call(m amqp.Method) (amqp.Method, error) {
	answer, err := s.callOn(channel, m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.ID(), err)
	}
	return answer, nil
}

func (s *session) callOn(channel uint16, m amqp.Method) (amqp.Method, error) {
	if err := s.send(channel, m); err != nil {
		return nil, err
	}
	return s.receive()
}

func (s *session) send(channel uint16, m amqp.Method) error {
	_, err := s.conn.Write(amqp.AppendMethod(nil, channel, m))
	return err
}

// receive returns the next method. That the broker closed is an error.
func (s *session) receive() (amqp.Method, error) {
	for {
		f, err := s.reader.ReadFrame()
		if err != nil {
			return nil, err
		}
		if f.Type != amqp.FrameMethod {
			continue // a heartbeat, or contents of a delivery nobody waits for
		}
		m, err := amqp.ParseMethod(f.Payload)
		if err != nil {
			return nil, err
		}
		if err := closed(m); err != nil {
			return nil, err
		}
		return m, nil
	}
}

// closed returns what m says if with it the broker closes something.
func closed(m amqp.Method) error {
	switch m := m.(type) {
	case *amqp.ConnectionClose:
		return fmt.Errorf("broker closed the connection: %d %s", m.ReplyCode, m.ReplyText)
	case *amqp.ChannelClose:
		return fmt.Errorf("broker closed the channel: %d %s", m.ReplyCode, m.ReplyText)
	case *amqp.BasicCancel:
		return errors.New("broker cancelled a consumer: its queue is gone")
	}
	return nil
}

// goodbye is the method with which the connection ends in order. The broker
// answers when it has seen to everything before it.
func goodbye() amqp.Method { return &amqp.ConnectionClose{ReplyCode: amqp.ReplySuccess} }

// ask gives the broker a while to answer what is asked next.
func (s *session) ask() { s.conn.SetDeadline(time.Now().Add(answerTime)) }

// hurry sees to it that nothing on the connection takes long any more.
func (s *session) hurry() { s.conn.SetDeadline(time.Now().Add(goodbyeTime)) }

// close ends a connection on which nobody else reads or writes. How it ends does
// not matter any more.
func (s *session) close() {
	defer s.conn.Close()
	s.hurry()
	s.callOn(0, goodbye())
}
