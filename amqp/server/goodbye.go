package server

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// sayGoodbye ends the connection after an error, in the way that it deserves.
func (c *connection) sayGoodbye(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = c.told()
	}
	refused, ok := errors.AsType[*errAccessRefused](err)
	switch {
	case ok:
		c.log.Warn().Err(refused.cause).Str("mechanism", refused.mechanism).Msg("login refused")
		if !c.capable("authentication_failure_close") {
			c.wait(penalty)
			return
		}
		c.close(refused.refusal(), penalty)
	case errors.Is(err, errGone): // what it was told last is written still
		c.log.Debug().Msg("client has gone")
	case isGone(err):
		c.log.Debug().Err(err).Msg("client has gone")
		c.tellClosed(0, "", false)
		c.hangUp()
	default:
		c.closeWith(err)
	}
}

// isGone reports whether there is nobody left to say anything to.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || isReset(err)
}

// closeWith tells the client about an error that is nobody's but its own, or the
// broker's.
func (c *connection) closeWith(err error) {
	e, ok := errors.AsType[*amqp.Error](err)
	if !ok {
		c.log.Warn().Err(err).Msg("connection lost")
		c.tellClosed(0, "", false)
		c.hangUp()
		return
	}
	c.tellClosed(e.Code, e.Text, false)
	if c.state == stateHandshake {
		c.hangUp() // it has not said yet that it speaks AMQP
		return
	}
	c.log.Warn().Str("method", methodName(e.Method)).Str("code", e.Code.String()).Str("state", string(c.state)).Msg("connection refused: " + e.Text)
	timeout := penalty
	if c.state == stateRunning || c.state == stateOpening {
		timeout = closeTimeout
		if c.heartbeat.every > 0 {
			timeout = min(timeout, c.heartbeat.every)
		}
	}
	c.close(e, timeout)
}

func methodName(id amqp.MethodID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// close sends connection.close and waits for the answer; all else that comes is
// thrown away.
//
// rabbitmq: a connection.close that crosses ours is answered
func (c *connection) close(e *amqp.Error, timeout time.Duration) {
	if c.sync() != nil {
		c.held = nil // it promises what is not so
	}
	c.state = stateClosing
	c.send(&amqp.ConnectionClose{ReplyCode: e.Code, ReplyText: e.ReplyText(), ClassID: e.Method.Class(), MethodID: e.Method.Method()})
	c.conn.SetReadDeadline(time.Time{})
	c.hangUpIn(timeout)
	for {
		c.idle()
		f, err := c.readFrame()
		if _, malformed := errors.AsType[*amqp.Error](err); malformed {
			c.wait(min(timeout, penalty))
			return
		}
		if err != nil {
			return
		}
		if f.Type != amqp.FrameMethod || f.Channel != 0 {
			continue
		}
		switch id, _ := amqp.MethodIDOf(f.Payload); id {
		case amqp.ConnectionCloseOkID:
			return
		case amqp.ConnectionCloseID:
			c.send(&amqp.ConnectionCloseOk{})
			return
		}
	}
}

// wait keeps a client waiting that cannot be talked with any more. What it still
// says is read and forgotten, for closing a socket with unread octets resets it,
// and a connection.close on its way to the client would be lost. The client may
// end it earlier.
func (c *connection) wait(d time.Duration) {
	c.hangUpIn(d)
	io.Copy(io.Discard, c.in) // how it ends does not matter
}
