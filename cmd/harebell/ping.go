package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/config"
)

// exitUnavailable is how checks end that fail.
//
// rabbitmq: of rabbitmq-diagnostics
const exitUnavailable = 69

func pingCommand() *cli.Command {
	return &cli.Command{
		Name:  "ping",
		Usage: "see whether the broker answers, for health checks",
		Description: "Takes the settings that serve takes, from the same file and environment, and goes to\n" +
			"where they say that clients may come. No user is needed: the broker has answered when\n" +
			"it has greeted. If it does not, the exit code is 69.",
		Flags: append(settingFlags(), &cli.DurationFlag{Name: "timeout", Usage: "how long to wait", Value: 5 * time.Second}),
		Action: func(c *cli.Context) error {
			s, err := readSettings(c)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context, c.Duration("timeout"))
			defer cancel()
			if err := ping(ctx, s.Config()); err != nil {
				return failure{err, exitUnavailable}
			}
			_, err = fmt.Fprintln(c.App.Writer, "Ping succeeded")
			return err
		},
	}
}

// ping returns when the broker of these settings has sent connection.start.
func ping(ctx context.Context, c config.Config) error {
	address, secure := firstAddress(c)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("ping %s: %w", address, cause(err))
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return fmt.Errorf("ping %s: %w", address, err)
		}
	}
	if secure { // nothing is told that needs to be secret, and the name in the certificate is for others
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	if err := greet(conn); err != nil {
		return fmt.Errorf("ping %s: %w", address, err)
	}
	return nil
}

// greet sends the protocol header, and sees whether it is answered with the method
// that begins a connection.
func greet(conn net.Conn) error {
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return err
	}
	f, err := amqp.NewReader(conn).ReadFrame()
	if err != nil {
		return err
	}
	if f.Type == amqp.FrameMethod {
		if id, _ := amqp.MethodIDOf(f.Payload); id == amqp.ConnectionStartID {
			return nil
		}
	}
	return fmt.Errorf("answered by %s, want connection.start", f)
}

// firstAddress is where clients find the broker on this machine.
func firstAddress(c config.Config) (address string, secure bool) {
	switch {
	case len(c.Listen) > 0:
		address = c.Listen[0]
	case len(c.TLSListen) > 0:
		address, secure = c.TLSListen[0], true
	default:
		address, secure = tlsPort, true
	}
	host, port, _ := net.SplitHostPort(address) // it was checked
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "" // this machine, whether or not it knows the name localhost
	}
	return net.JoinHostPort(host, port), secure
}
