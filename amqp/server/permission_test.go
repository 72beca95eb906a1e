package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/vhost"
)

// permit says what guest may do.
func permit(t *testing.T, s *Server, configure, write, read string) {
	t.Helper()
	p := auth.Permissions{User: "guest", VHost: vhost.Default, Configure: configure, Write: write, Read: read}
	if _, err := s.Users.SetPermissions("", p, s.VHosts.Has); err != nil {
		t.Fatal(err)
	}
}

// narrow says which keys guest may use with a topic exchange.
func narrow(t *testing.T, s *Server, exchange, write, read string) {
	t.Helper()
	p := auth.TopicPermissions{User: "guest", VHost: vhost.Default, Exchange: exchange, Write: write, Read: read}
	if _, err := s.Users.SetTopicPermissions("", p, s.VHosts.Has); err != nil {
		t.Fatal(err)
	}
}

// ask does what lines say, and returns what the server says to that.
func (c *client) ask(lines ...string) []string {
	c.t.Helper()
	c.listen()
	for _, line := range lines {
		c.do(line)
	}
	synctest.Wait()
	return c.listen()
}

// methodsTable is what each method needs, row by row: guest may configure what
// begins with c, write to what begins with w and read what begins with r.
var methodsTable = []struct {
	name string
	say  string
	want string // the text of the refusal, or the method that answers
}{
	{"exchange.declare", `exchange.declare exchange="x" type="fanout"`, "configure access to exchange 'x'"},
	{"exchange.declare, allowed", `exchange.declare exchange="c" type="fanout"`, "exchange.declare-ok"},
	{"exchange.declare with an alternate", `exchange.declare exchange="c.alternate" type="fanout" arguments={alternate-exchange: S "w"}`, "read access to exchange 'c.alternate'"},
	{"exchange.declare with an alternate, allowed to read", `exchange.declare exchange="cr" type="fanout" arguments={alternate-exchange: S "x"}`, "write access to exchange 'x'"},
	{"exchange.declare with an alternate, allowed", `exchange.declare exchange="cr" type="fanout" arguments={alternate-exchange: S "w"}`, "exchange.declare-ok"},
	{"exchange.declare with an alternate that is there", `exchange.declare exchange="c.there" type="fanout" arguments={alternate-exchange: S "x"}`, "exchange.declare-ok"},
	{"exchange.declare with an alternate that is no name", `exchange.declare exchange="c.alternate" type="fanout" arguments={alternate-exchange: I 1}`, "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange 'c.alternate' in vhost '/'"},
	{"exchange.declare of an unknown type", `exchange.declare exchange="x" type="odd"`, "PRECONDITION_FAILED - unknown exchange type 'odd'"},
	{"exchange.declare of the default exchange", `exchange.declare exchange="" type="fanout"`, "ACCESS_REFUSED - operation not permitted on the default exchange"},
	{"exchange.declare of a reserved name", `exchange.declare exchange="amq.x" type="fanout"`, "configure access to exchange 'amq.x'"},
	{"exchange.declare passive", `exchange.declare exchange="x" passive`, "configure access to exchange 'x'"},
	{"exchange.declare passive, allowed to write", `exchange.declare exchange="w" passive`, "exchange.declare-ok"},
	{"exchange.declare passive, allowed to read", `exchange.declare exchange="r" passive`, "exchange.declare-ok"},
	{"exchange.delete", `exchange.delete exchange="x"`, "configure access to exchange 'x'"},
	{"exchange.delete of what is not there", `exchange.delete exchange="nowhere"`, "configure access to exchange 'nowhere'"},
	{"exchange.delete, allowed", `exchange.delete exchange="c"`, "exchange.delete-ok"},
	{"exchange.delete of a reserved name", `exchange.delete exchange="amq.fanout"`, "ACCESS_REFUSED - deletion of system exchange 'amq.fanout' in vhost '/' not allowed"},
	{"exchange.bind to", `exchange.bind destination="r" source="r" routing-key=""`, "write access to exchange 'r'"},
	{"exchange.bind from", `exchange.bind destination="w" source="w" routing-key=""`, "read access to exchange 'w'"},
	{"exchange.bind, allowed", `exchange.bind destination="w" source="r" routing-key=""`, "exchange.bind-ok"},
	{"exchange.bind to the default exchange", `exchange.bind destination="" source="r" routing-key=""`, "write access to exchange 'amq.default'"},
	{"exchange.bind from the default exchange", `exchange.bind destination="w" source="" routing-key=""`, "ACCESS_REFUSED - operation not permitted on the default exchange"},
	{"exchange.unbind to", `exchange.unbind destination="r" source="r" routing-key=""`, "write access to exchange 'r'"},
	{"exchange.unbind from", `exchange.unbind destination="w" source="w" routing-key=""`, "read access to exchange 'w'"},
	{"exchange.unbind, allowed", `exchange.unbind destination="w" source="r" routing-key=""`, "exchange.unbind-ok"},
	{"queue.declare", `queue.declare queue="x"`, "configure access to queue 'x'"},
	{"queue.declare, allowed", `queue.declare queue="c"`, "queue.declare-ok"},
	{"queue.declare under a name of the server's", `queue.declare queue=""`, "configure access to queue '$1'"},
	{"queue.declare of a reserved name", `queue.declare queue="amq.x"`, "ACCESS_REFUSED - queue name 'amq.x' contains reserved prefix 'amq.*'"},
	{"queue.declare with dead letters", `queue.declare queue="c.dead" arguments={x-dead-letter-exchange: S "w"}`, "read access to queue 'c.dead'"},
	{"queue.declare with dead letters, allowed to read", `queue.declare queue="cr" arguments={x-dead-letter-exchange: S "x"}`, "write access to exchange 'x'"},
	{"queue.declare with dead letters to the default exchange", `queue.declare queue="cr" arguments={x-dead-letter-exchange: S ""}`, "write access to exchange 'amq.default'"},
	{"queue.declare with dead letters, allowed", `queue.declare queue="cr" arguments={x-dead-letter-exchange: S "w"}`, "queue.declare-ok"},
	{"queue.declare with dead letters of what is there", `queue.declare queue="c.there" arguments={x-dead-letter-exchange: S "x"}`, "queue.declare-ok"},
	{"queue.declare passive", `queue.declare queue="x" passive`, "configure access to queue 'x'"},
	{"queue.declare passive, allowed to write", `queue.declare queue="w" passive`, "queue.declare-ok"},
	{"queue.declare of a reply address", `queue.declare queue="amq.rabbitmq.reply-to"`, "queue.declare-ok"},
	{"queue.declare of a reply address that nobody has", `queue.declare queue="amq.rabbitmq.reply-to.x"`, "NOT_FOUND - no queue 'amq.rabbitmq.reply-to.x' in vhost '/'"},
	{"queue.bind to", `queue.bind queue="x" exchange="r" routing-key=""`, "write access to queue 'x'"},
	{"queue.bind from", `queue.bind queue="w" exchange="w" routing-key=""`, "read access to exchange 'w'"},
	{"queue.bind, allowed", `queue.bind queue="w" exchange="r" routing-key=""`, "queue.bind-ok"},
	{"queue.unbind to", `queue.unbind queue="x" exchange="r" routing-key=""`, "write access to queue 'x'"},
	{"queue.unbind from", `queue.unbind queue="w" exchange="w" routing-key=""`, "read access to exchange 'w'"},
	{"queue.purge", `queue.purge queue="w"`, "read access to queue 'w'"},
	{"queue.purge of what is not there", `queue.purge queue="nowhere"`, "read access to queue 'nowhere'"},
	{"queue.purge, allowed", `queue.purge queue="r"`, "queue.purge-ok"},
	{"queue.delete", `queue.delete queue="x"`, "configure access to queue 'x'"},
	{"queue.delete, allowed", `queue.delete queue="c"`, "queue.delete-ok"},
	{"basic.get", `basic.get queue="w"`, "read access to queue 'w'"},
	{"basic.get, allowed", `basic.get queue="r"`, "basic.get-empty"},
	{"basic.consume", `basic.consume queue="w" consumer-tag="t"`, "read access to queue 'w'"},
	{"basic.consume, allowed", `basic.consume queue="r" consumer-tag="t"`, "basic.consume-ok"},
	{"basic.consume of replies", `basic.consume queue="amq.rabbitmq.reply-to" consumer-tag="t" no-ack`, "basic.consume-ok"},
}

func TestMethodsNeedPermissions(t *testing.T) {
	for _, test := range methodsTable {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := testServer(t)
				c := dial(t, s)
				c.login()
				c.do(`1 channel.open`)
				for _, name := range []string{"c", "w", "r", "x"} {
					c.do(fmt.Sprintf("1 exchange.declare exchange=%q type=\"fanout\"", name))
					c.do(fmt.Sprintf("1 queue.declare queue=%q", name))
				}
				c.do(`1 exchange.declare exchange="c.there" type="fanout" arguments={alternate-exchange: S "x"}`)
				c.do(`1 queue.declare queue="c.there" arguments={x-dead-letter-exchange: S "x"}`)
				synctest.Wait()
				permit(t, s, "^c", "^w", "^c?r")
				heard := c.ask("1 " + test.say)
				if len(heard) != 1 || !strings.Contains(heard[0], test.want) {
					t.Fatalf("got %q, want %q", heard, test.want)
				}
				if strings.Contains(test.want, " access to ") && !strings.Contains(heard[0], test.want+" in vhost '/' refused for user 'guest'\"") {
					t.Errorf("got %q, want it to say who is refused, and where", heard)
				}
			})
		})
	}
}

func TestPublishNeedsPermissions(t *testing.T) {
	for _, test := range []struct {
		name       string
		address    string
		properties string
		want       string
	}{
		{"exchange", `exchange="x" routing-key="w.a"`, "", "write access to exchange 'x'"},
		{"exchange that is not there", `exchange="nowhere" routing-key=""`, "", "write access to exchange 'nowhere'"},
		{"allowed exchange that is not there", `exchange="w.nowhere" routing-key=""`, "", "NOT_FOUND - no exchange 'w.nowhere' in vhost '/'"},
		{"default exchange", `exchange="" routing-key="w"`, "", "write access to exchange 'amq.default'"},
		{"topic", `exchange="w" routing-key="a"`, "", "write access to topic 'a' in exchange 'w'"},
		{"topic of CC", `exchange="w" routing-key="w.a"`, ` headers={CC: A [S "w.b", S "c"]}`, "write access to topic 'c' in exchange 'w'"},
		{"topic of BCC", `exchange="w" routing-key="w.a"`, ` headers={BCC: A [S "c"]}`, "write access to topic 'c' in exchange 'w'"},
		{"topic before user-id", `exchange="w" routing-key="a"`, ` user-id="else"`, "write access to topic 'a' in exchange 'w'"},
		{"expiration before topic", `exchange="w" routing-key="a"`, ` expiration="x"`, "PRECONDITION_FAILED - invalid expiration 'x': no_integer"},
		{"user-id", `exchange="w" routing-key="w.a"`, ` user-id="else"`, "PRECONDITION_FAILED - user_id property set to 'else' but authenticated user was 'guest'"},
		{"allowed topic", `exchange="w" routing-key="w.a"`, ` headers={CC: A [S "w.b"]} user-id="guest"`, ""},
		{"an exchange that is not a topic exchange", `exchange="w.fanout" routing-key="a"`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := testServer(t)
				c := dial(t, s)
				c.login()
				c.ask(`1 channel.open`, `1 exchange.declare exchange="w" type="topic"`, `1 exchange.declare exchange="w.fanout" type="fanout"`)
				permit(t, s, "", "^w", "")
				narrow(t, s, "w", `^w\.`, "")
				narrow(t, s, "w.fanout", "^nothing$", "")
				heard := c.ask("1 basic.publish "+test.address, "1 header size=0"+test.properties)
				if test.want == "" && len(heard) != 0 || test.want != "" && (len(heard) != 1 || !strings.Contains(heard[0], test.want)) {
					t.Errorf("got %q, want %q", heard, test.want)
				}
			})
		})
	}
}

func TestBindNeedsTopicPermissions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		c.login()
		c.ask(`1 channel.open`, `1 exchange.declare exchange="x" type="topic"`, `1 queue.declare queue="q"`)
		narrow(t, s, "x", "", `^r\.`)
		for i, test := range []struct{ say, want string }{
			{`queue.bind queue="q" exchange="x" routing-key="r.a"`, "queue.bind-ok"},
			{`queue.bind queue="q" exchange="amq.topic" routing-key="a"`, "queue.bind-ok"},
			{`queue.bind queue="q" exchange="x" routing-key="a"`, "read access to topic 'a' in exchange 'x' in vhost '/' refused for user 'guest'"},
			{`queue.unbind queue="q" exchange="x" routing-key="a"`, "read access to topic 'a' in exchange 'x'"},
			{`exchange.bind destination="amq.fanout" source="x" routing-key="a"`, "read access to topic 'a' in exchange 'x'"},
		} {
			c.ask(fmt.Sprintf("%d channel.open", i+2))
			if heard := c.ask(fmt.Sprintf("%d %s", i+2, test.say)); len(heard) != 1 || !strings.Contains(heard[0], test.want) {
				t.Errorf("%s: got %q, want %q", test.say, heard, test.want)
			}
		}
	})
}

func TestPermissionsReachOpenChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		c.login()
		c.ask(`1 channel.open`, `1 confirm.select`, `2 channel.open`)
		publish := []string{`1 basic.publish exchange="amq.fanout" routing-key=""`, `1 header size=0`}
		const confirmed = `1 basic.ack delivery-tag=%d`
		for tag := 1; tag <= 2; tag++ {
			if heard, want := c.ask(publish...), fmt.Sprintf(confirmed, tag); !slices.Equal(heard, []string{want}) {
				t.Fatalf("got %q, want %q", heard, want)
			}
		}
		if err := s.Users.ClearPermissions("", "guest", vhost.Default); err != nil {
			t.Fatal(err)
		}
		want := `1 channel.close reply-code=403 reply-text="ACCESS_REFUSED - write access to exchange 'amq.fanout' in vhost '/' refused for user 'guest'" class-id=60 method-id=40`
		if heard := c.ask(publish...); !slices.Equal(heard, []string{want}) {
			t.Errorf("got  %q\nwant %q", heard, want)
		}
		permit(t, s, "", "^amq.fanout$", "")
		heard := c.ask(`2 basic.publish exchange="amq.fanout" routing-key=""`, `2 header size=0`, `2 channel.flow active`)
		if !slices.Equal(heard, []string{`2 channel.flow-ok active`}) {
			t.Errorf("given back: got %q, want the other channel to go on", heard)
		}
	})
}

func TestDeletingAUserEndsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		c := dial(t, s)
		c.login()
		if err := s.Users.Delete("", "guest"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		want := []string{`0 connection.close reply-code=320 reply-text="CONNECTION_FORCED - user 'guest' is deleted" class-id=0 method-id=0`}
		if heard := c.listen(); !slices.Equal(heard, want) {
			t.Errorf("got %q, want %q", heard, want)
		}
	})
}

func TestLimitsOfUsersAndVirtualHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		host, err := s.VHosts.Get(vhost.Default)
		if err != nil {
			t.Fatal(err)
		}
		first := dial(t, s)
		first.login()
		first.ask(`1 channel.open`, `1 queue.declare queue="q"`)
		enter := func() string {
			t.Helper()
			c := dial(t, s)
			heard := c.ask(handshake...)
			c.ask(`0 connection.close-ok`)
			return heard[len(heard)-1]
		}
		const opened = `0 connection.open-ok`
		for _, test := range []struct {
			name string
			set  func() error
			do   func() string
			want string
		}{
			{"connections of a user", func() error { return s.Users.SetLimit("", "guest", limits.MaxConnections, 1) }, enter,
				`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - connection refused for user 'guest': user connection limit (1) is reached" class-id=10 method-id=40`},
			{"connections to a virtual host", func() error { return host.SetLimit("", limits.MaxConnections, 1) }, enter,
				`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - access to vhost '/' refused for user 'guest': connection limit (1) is reached" class-id=10 method-id=40`},
			{"one more connection to a virtual host", func() error { return host.SetLimit("", limits.MaxConnections, 2) }, enter,
				`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - connection refused for user 'guest': user connection limit (1) is reached" class-id=10 method-id=40`},
			{"one more connection", func() error { return s.Users.ClearLimit("", "guest", limits.MaxConnections) }, enter, opened},
			{"queues", func() error { return host.SetLimit("", limits.MaxQueues, 1) },
				func() string { return first.ask(`1 queue.declare queue="r"`)[0] },
				`1 channel.close reply-code=406 reply-text="PRECONDITION_FAILED - cannot declare queue 'r': queue limit in vhost '/' (1) is reached" class-id=50 method-id=10`},
			{"channels", func() error { return s.Users.SetLimit("", "guest", limits.MaxChannels, 1) },
				func() string { return first.ask(`2 channel.open`)[0] },
				`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - number of channels opened for user 'guest' has reached the maximum allowed user limit of 1" class-id=0 method-id=0`},
		} {
			if err := test.set(); err != nil {
				t.Fatal(err)
			}
			if got := test.do(); got != test.want && !strings.HasPrefix(got, test.want) {
				t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
			}
		}
	})
}
