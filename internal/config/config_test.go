package config

import (
	"crypto/tls"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/harebellmq/harebell/internal/compat"
)

// environment makes a lookup function of "NAME=value" strings.
func environment(variables ...string) func(string) (string, bool) {
	values := make(map[string]string)
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// rules returns those of a series.
func rules(series string) compat.Rules {
	r, err := compat.For(series)
	if err != nil {
		panic(err)
	}
	return r
}

func TestDefaults(t *testing.T) {
	want := Config{
		DataDir: "harebell-data", Compat: rules("4.2"),
		TLS:    TLS{Min: tls.VersionTLS12, LoginFrom: "distinguished_name"},
		Listen: []string{":5672"}, Management: Management{Web: Web{Listen: ":15672", TLS: TLS{Min: tls.VersionTLS12}}}, Prometheus: Prometheus{Web: Web{Listen: ":15692", TLS: TLS{Min: tls.VersionTLS12}}, Path: "/metrics"}, HandshakeTimeout: 10 * time.Second, Heartbeat: time.Minute,
		FrameMax: 131072, ChannelMax: 2047, MaxMessageSize: 16 << 20, ConsumerTimeout: 30 * time.Minute, ShutdownTimeout: 10 * time.Second,
		DiskFreeLimit: 50_000_000, MemoryWatermark: Watermark{Relative: 0.6},
		DefaultUser: "guest", DefaultPass: "guest", DefaultUserTags: []string{"administrator"},
		DefaultPermissions: Permissions{Configure: ".*", Write: ".*", Read: ".*"},
		DefaultVHost:       "/", DefaultQueueType: "classic", LoopbackUsers: []string{"guest"}, AuthBackends: []string{"internal"},
		OAuth2:        OAuth2{VerifyAud: true, RequireExp: true, VerifyPeer: true},
		TestAPIListen: "127.0.0.1:15673",
		Product:       "RabbitMQ", Version: "4.2.0", LogLevel: "info", LogFormat: "auto", LogTo: "stderr",
	}
	if got := Defaults().Config(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLaterOriginsWin(t *testing.T) {
	s := Defaults()
	if err := s.ReadFile("h.conf", strings.NewReader("heartbeat = 1\nframe_max = 8192\nchannel_max = 5\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadEnvironment(environment("HAREBELL_HEARTBEAT=2", "HAREBELL_FRAME_MAX=16384", "HAREBELL_MEMORY=")); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFlag("heartbeat", "3"); err != nil {
		t.Fatal(err)
	}
	c := s.Config()
	if c.Heartbeat != 3*time.Second || c.FrameMax != 16384 || c.ChannelMax != 5 || c.Memory {
		t.Errorf("got %+v", c)
	}
	want := map[string]Setting{
		"heartbeat":    {"heartbeat", "3", "--heartbeat", false},
		"frame_max":    {"frame_max", "16384", "HAREBELL_FRAME_MAX", false},
		"channel_max":  {"channel_max", "5", "h.conf:3", false},
		"memory":       {"memory", "false", "default", false},
		"default_pass": {"default_pass", "********", "default", true},
	}
	for _, got := range s.All() {
		if w, ok := want[got.Key]; ok && got != w {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
}

func TestReadFile(t *testing.T) {
	tests := []struct {
		name string
		file string
		want func(*Config)
	}{
		{"blanks, empty lines and comments are skipped", "# first\n\n  heartbeat=5   # seconds\n",
			func(c *Config) { c.Heartbeat = 5 * time.Second }},
		{"the last of two lines counts", "heartbeat = 5\nheartbeat = 6",
			func(c *Config) { c.Heartbeat = 6 * time.Second }},
		{"# within a value is part of it", "default_pass = a#b", func(c *Config) { c.DefaultPass = "a#b" }},
		{"the test API", "test_api = true\ntest_api_listen = 15999", func(c *Config) { c.TestAPI, c.TestAPIListen = true, ":15999" }},
		{"quotes keep blanks and comments", "default_pass = ' a # b '", func(c *Config) { c.DefaultPass = " a # b " }},
		{"= within a value is part of it", "default_pass = a=b", func(c *Config) { c.DefaultPass = "a=b" }},
		{"the management API has a port", "management.tcp.port = 15673", func(c *Config) { c.Management.Listen = ":15673" }},
		{"and an address", "management.tcp.ip = ::1", func(c *Config) { c.Management.Listen = "[::1]:15672" }},
		{"or both", "management.tcp.port = 15673\nmanagement.tcp.ip = 127.0.0.1", func(c *Config) { c.Management.Listen = "127.0.0.1:15673" }},
		{"or is given whole", "management_listen = 127.0.0.1:1\nmanagement.tcp.port = 2", func(c *Config) { c.Management.Listen = "127.0.0.1:1" }},
		{"or a port with TLS, and no other then", "management.ssl.port = 1", func(c *Config) { c.Management.Listen, c.Management.TLSListen = "", ":1" }},
		{"or an address with TLS", "management.ssl.ip = 127.0.0.1\nmanagement.tcp.port = 2", func(c *Config) { c.Management.Listen, c.Management.TLSListen = ":2", "127.0.0.1:15671" }},
		{"which is turned off in spite of a certificate", "management.ssl.certfile = a.pem\nmanagement_tls_listen = none\nmanagement_listen = 3", func(c *Config) {
			c.Management.Listen, c.Management.TLS.Certificate = ":3", "a.pem"
		}},
		{"or is turned off", "management_listen = none", func(c *Config) { c.Management.Listen = "" }},
		{"or is turned off by saying nothing", "management_listen =", func(c *Config) { c.Management.Listen = "" }},
		{"metrics have a port and an address", "prometheus.tcp.port = 1\nprometheus.tcp.ip = 127.0.0.1", func(c *Config) { c.Prometheus.Listen = "127.0.0.1:1" }},
		{"or are turned off", "prometheus_listen = none", func(c *Config) { c.Prometheus.Listen = "" }},
		{"another spelling of that", "prometheus.tcp.listener = none", func(c *Config) { c.Prometheus.Listen = "" }},
		{"they have a path, and are of each object", "prometheus.path = /numbers\nprometheus.return_per_object_metrics = true", func(c *Config) {
			c.Prometheus.Path, c.Prometheus.PerObject = "/numbers", true
		}},
		{"and for users alone", "prometheus.authentication.enabled = true", func(c *Config) { c.Prometheus.Authenticate = true }},
		{"with a certificate they are nowhere else", "prometheus.ssl.certfile = a.pem\nprometheus.ssl.keyfile = a.key\nprometheus.ssl.port = 1", func(c *Config) {
			c.Prometheus.Listen, c.Prometheus.TLSListen = "", ":1"
			c.Prometheus.TLS.Certificate, c.Prometheus.TLS.Key = "a.pem", "a.key"
		}},
		{"unless a port is given", "prometheus.ssl.certfile = a.pem\nprometheus.tcp.port = 15692", func(c *Config) { c.Prometheus.TLS.Certificate, c.Prometheus.TLSListen = "a.pem", ":15691" }},
		{"or an address", "prometheus.ssl.certfile = a.pem\nprometheus.tcp.ip = ::1", func(c *Config) {
			c.Prometheus.Listen, c.Prometheus.TLS.Certificate, c.Prometheus.TLSListen = "[::1]:15692", "a.pem", ":15691"
		}},
		{"those who ask for them show a certificate", "prometheus.ssl.verify = verify_peer\nprometheus.ssl.fail_if_no_peer_cert = true\n" +
			"prometheus.ssl.cacertfile = ca.pem\nprometheus.ssl.versions.1 = tlsv1.3", func(c *Config) {
			c.Prometheus.TLS = TLS{Verify: true, Require: true, Authorities: "ca.pem", Min: tls.VersionTLS13}
		}},
		{"a port alone is for all interfaces", "listeners.tcp.default = 5673",
			func(c *Config) { c.Listen = []string{":5673"} }},
		{"several listeners add up", "listeners.tcp.1 = 127.0.0.1:5672\nlisteners.tcp.2 = ::1:5672\nlisteners.tcp.3 = [::1]:5672",
			nil},
		{"several good listeners add up", "listeners.tcp.1 = 127.0.0.1:5672\nlisteners.tcp.local = [::1]:5672",
			func(c *Config) { c.Listen = []string{"127.0.0.1:5672", "[::1]:5672"} }},
		{"there may be none", "listeners.tcp = none\nlisteners.ssl.default = none", func(c *Config) { c.Listen = nil }},
		{"the log is on the console anyway", "log.console = true", func(*Config) {}},
		{"and may be on standard output", "log.console.stdio = stdout", func(c *Config) { c.LogTo = "stdout" }},
		{"the broker has a name", "nodename = rabbit@here", func(c *Config) { c.Node = "rabbit@here" }},
		{"stopping takes its time", "shutdown_timeout = 1500", func(c *Config) { c.ShutdownTimeout = 1500 * time.Millisecond }},
		{"what nobody knows does no harm", "heartbeet = 5", func(*Config) {}},
		{"octets have units", "max_message_size = 64 MiB\nmemory_limit = 2GB",
			func(c *Config) { c.MaxMessageSize, c.MemoryLimit = 64<<20, 2e9 }},
		{"levels and formats may be RabbitMQ's words", "log.console.level = warning\nlog.console.formatter = plaintext",
			func(c *Config) { c.LogLevel, c.LogFormat = "warn", "console" }},
		{"server properties have names", "server_properties.site = Berlin\nserver_properties.rack = a=1",
			func(c *Config) { c.ServerProperties = map[string]string{"site": "Berlin", "rack": "a=1"} }},
		{"handshake_timeout is in milliseconds", "handshake_timeout = 1500",
			func(c *Config) { c.HandshakeTimeout = 1500 * time.Millisecond }},
		{"events have a virtual host", "event_exchange.vhost = audit\nevent_exchange.protocol = amqp_0_9_1", func(c *Config) { c.EventVHost = "audit" }},
		{"settings that only RabbitMQ has do no harm", "vm_memory_calculation_strategy = rss\ndeprecated_features.permit.ram_node_type = false",
			func(*Config) {}},
		{"consumer_timeout is in milliseconds", "consumer_timeout = 1500", func(c *Config) { c.ConsumerTimeout = 1500 * time.Millisecond }},
		{"consumer_timeout may be 0", "consumer_timeout = 0", func(c *Config) { c.ConsumerTimeout = 0 }},
		{"or undefined", "consumer_timeout = undefined", func(c *Config) { c.ConsumerTimeout = 0 }},
		{"or infinity", "consumer_timeout = infinity", func(c *Config) { c.ConsumerTimeout = 0 }},
		{"the series decides on defaults", "compat = 3.13", func(c *Config) {
			c.Compat, c.Version, c.MaxMessageSize = rules("3.13"), "3.13.7", 128<<20
		}},
		{"but not on what is given", "product.version = 4.0.5\nmax_message_size = 1MiB\ncompat = 4.3", func(c *Config) {
			c.Compat, c.Version, c.MaxMessageSize = rules("4.3"), "4.0.5", 1<<20
		}},
		{"deprecated features may be denied", "deprecated_features.permit.transient_nonexcl_queues = false\ndeprecated_features.permit.global_qos = false",
			func(c *Config) {
				c.Compat.PermitTransient(false)
				c.Compat.PermitGlobalQos(false)
			}},
		{"or permitted", "deprecated_features.permit.transient_nonexcl_queues = true\ndeprecated_features.permit.global_qos = true\ncompat = 4.3",
			func(c *Config) {
				c.Compat, c.Version = rules("4.3"), "4.3.0"
				c.Compat.PermitTransient(true)
				c.Compat.PermitGlobalQos(true)
			}},
		{"loopback_users may be none", "loopback_users = none", func(c *Config) { c.LoopbackUsers = nil }},
		{"or said one by one", "loopback_users.guest = false\nloopback_users.ann = true",
			func(c *Config) { c.LoopbackUsers = []string{"ann"} }},
		{"and so may the default user's tags", "default_user_tags.monitoring = true\ndefault_user_tags.x.y = true",
			func(c *Config) { c.DefaultUserTags = []string{"monitoring", "x.y"} }},
		{"the default user may be allowed less", "default_permissions.configure =\ndefault_permissions.read = ^a#b",
			func(c *Config) { c.DefaultPermissions = Permissions{Configure: "", Write: ".*", Read: "^a#b"} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := Defaults()
			err := s.ReadFile("h.conf", strings.NewReader(test.file))
			if test.want == nil {
				if err == nil {
					t.Fatal("got no error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := Defaults().Config()
			test.want(&want)
			if got := s.Config(); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestIgnoredNamesWhatOnlyRabbitMQHas(t *testing.T) {
	s := Defaults()
	if err := s.ReadFile("h.conf", strings.NewReader("heartbeat = 5\nmanagement.rates_mode = basic\n")); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Ignored(), []Setting{{"management.rates_mode", "basic", "h.conf:2", false}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnknownKeysAreToldWithTheNearest(t *testing.T) {
	s := Defaults()
	if err := s.ReadFile("h.conf", strings.NewReader("heartbeet = 5\nlistener.tcp.default = 1\n\nsomething.else = 3\nDefault_User = c")); err != nil {
		t.Fatal(err)
	}
	want := []Unknown{
		{"heartbeet", "h.conf:1", "heartbeat"},
		{"listener.tcp.default", "h.conf:2", "listeners.tcp.default"},
		{"something.else", "h.conf:4", ""},
		{"Default_User", "h.conf:5", "default_user"},
	}
	if got := s.Unknown(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if ignored := s.Ignored(); len(ignored) > 0 {
		t.Errorf("also ignored: %v", ignored)
	}
}

func TestLinesCountInsteadOfThoseInFilesBefore(t *testing.T) {
	s := Defaults()
	for name, file := range []string{
		"listeners.tcp.1 = 1\nlisteners.tcp.2 = 2\nauth_backends.1 = internal\nloopback_users.guest = true\nheartbeat = 1",
		"listeners.tcp.2 = 4\nlisteners.tcp.3 = 3\nauth_backends.1 = oauth2\nauth_backends.2 = internal\nloopback_users.guest = false\nheartbeat = 2",
	} {
		if err := s.ReadFile(fmt.Sprint(name, ".conf"), strings.NewReader(file)); err != nil {
			t.Fatal(err)
		}
	}
	c := s.Config()
	if want := []string{":1", ":4", ":3"}; !slices.Equal(slices.Sorted(slices.Values(c.Listen)), slices.Sorted(slices.Values(want))) {
		t.Errorf("addresses: got %v, want %v", c.Listen, want)
	}
	if want := []string{"oauth2", "internal"}; !slices.Equal(c.AuthBackends, want) {
		t.Errorf("logins: got %v, want %v", c.AuthBackends, want)
	}
	if len(c.LoopbackUsers) > 0 || c.Heartbeat != 2*time.Second {
		t.Errorf("got %v and %v, want nobody and 2s", c.LoopbackUsers, c.Heartbeat)
	}
}

func TestChangesAreForNowOrForARestart(t *testing.T) {
	before, after := Defaults(), Defaults()
	if err := after.ReadFile("h.conf", strings.NewReader(
		"heartbeat = 5\nlog.console.level = debug\nconnection_max = 7\nloopback_users = none\nchannel_max = 2047\ncompat = 4.3")); err != nil {
		t.Fatal(err)
	}
	live, fixed := before.Changes(after)
	if want := []string{"loopback_users", "connection_max", "log.console.level"}; !slices.Equal(live, want) {
		t.Errorf("for now: got %v, want %v", live, want)
	}
	for _, want := range []string{"compat", "heartbeat", "product.version"} {
		if !slices.Contains(fixed, want) {
			t.Errorf("for a restart: got %v, want %s too", fixed, want)
		}
	}
	if slices.Contains(fixed, "channel_max") {
		t.Error("channel_max has been given what it was, and is told as changed")
	}
}

func TestConsumerTimeoutIsIgnoredIfTheSeriesHasNone(t *testing.T) {
	for series, want := range map[string][]Setting{
		"4.2": nil,
		"4.3": {{"consumer_timeout", "1000", "--consumer-timeout", false}},
	} {
		s := Defaults()
		if err := s.SetFlag("compat", series); err != nil {
			t.Fatal(err)
		}
		if got := s.Ignored(); len(got) > 0 {
			t.Errorf("%s, not given: got %v, want nothing", series, got)
		}
		if err := s.SetFlag("consumer-timeout", "1000"); err != nil {
			t.Fatal(err)
		}
		if got := s.Ignored(); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", series, got, want)
		}
	}
}

func TestDefaultsOfTheSeriesAreShownAsSuch(t *testing.T) {
	s := Defaults()
	if err := s.ReadEnvironment(environment("HAREBELL_COMPAT=4.3", "HAREBELL_PERMIT_GLOBAL_QOS=true")); err != nil {
		t.Fatal(err)
	}
	want := map[string]Setting{
		"compat":           {"compat", "4.3", "HAREBELL_COMPAT", false},
		"product.version":  {"product.version", "4.3.0", "compat 4.3", false},
		"max_message_size": {"max_message_size", "16MiB", "compat 4.3", false},
		"deprecated_features.permit.transient_nonexcl_queues": {"deprecated_features.permit.transient_nonexcl_queues", "false", "compat 4.3", false},
		"deprecated_features.permit.global_qos":               {"deprecated_features.permit.global_qos", "true", "HAREBELL_PERMIT_GLOBAL_QOS", false},
	}
	for _, got := range s.All() {
		if w, ok := want[got.Key]; ok && got != w {
			t.Errorf("got %+v, want %+v", got, w)
		}
		delete(want, got.Key)
	}
	if len(want) > 0 {
		t.Errorf("not shown: %v", want)
	}
}

func TestMistakes(t *testing.T) {
	file := func(text string) func(*Settings) error {
		return func(s *Settings) error { return s.ReadFile("/etc/h.conf", strings.NewReader(text)) }
	}
	variable := func(text string) func(*Settings) error {
		return func(s *Settings) error { return s.ReadEnvironment(environment(text)) }
	}
	flag := func(name string, values ...string) func(*Settings) error {
		return func(s *Settings) error { return s.SetFlag(name, values...) }
	}
	tests := []struct {
		name string
		do   func(*Settings) error
		want string
	}{
		{"a value in a file", file("\nheartbeat = soon"),
			"/etc/h.conf:2: heartbeat = soon: want whole seconds from 0 to 65535"},
		{"events in a protocol that is not there", file("event_exchange.protocol = amqp_1_0"),
			"/etc/h.conf:1: event_exchange.protocol = amqp_1_0: want amqp_0_9_1, in whose headers the details of an event are"},
		{"a line that is none", file("heartbeat"), "/etc/h.conf:1: heartbeat: want key = value"},
		{"several lines", file("memory = yes\nframe_max = 100"),
			"/etc/h.conf:1: memory = yes: want true or false\n" +
				"/etc/h.conf:2: frame_max = 100: want a number of octets such as 1000000, 500kB or 64MiB, from 4096 to 128MiB"},
		{"a value in the environment", variable("HAREBELL_CHANNEL_MAX=0"),
			"HAREBELL_CHANNEL_MAX=0: want a number from 1 to 65535"},
		{"an address that is none", file("management.tcp.ip = everywhere"), "/etc/h.conf:1: management.tcp.ip = everywhere: want an IP address"},
		{"a path that is none", file("prometheus.path = metrics"), "/etc/h.conf:1: prometheus.path = metrics: want a path that begins with a slash, without a query"},
		{"a management address that is none", flag("management-listen", "host"),
			"--management-listen host: want a port from 0 to 65535, or host:port, or none"},
		{"a flag without a name", flag(""), "--: there is no such setting"},
		{"a value of a flag", flag("listen", "5672", "host:many"),
			"--listen host:many: want a port from 0 to 65535, or host:port, or none"},
		{"a negative number", flag("heartbeat", "-1"), "--heartbeat -1: want whole seconds from 0 to 65535"},
		{"a number beyond all bounds", flag("max-message-size", "99999999999GiB"),
			"--max-message-size 99999999999GiB: want a number of octets such as 1000000, 500kB or 64MiB, from 1 to 512MiB"},
		{"a version of two numbers", flag("product-version", "4.2"),
			"--product-version 4.2: want three numbers with dots between them"},
		{"a property without a name", flag("server-property", "=x"), "--server-property =x: want name=value"},
		{"a series there is not", flag("compat", "4.1"), "--compat 4.1: want 3.13, 4.2 or 4.3"},
		{"a timeout of words", flag("consumer-timeout", "never"),
			"--consumer-timeout never: want whole milliseconds from 0 to 315360000000, undefined or infinity"},
		{"a feature half permitted", file("deprecated_features.permit.global_qos = yes"),
			"/etc/h.conf:1: deprecated_features.permit.global_qos = yes: want true or false"},
		{"a level nobody knows", flag("log-level", "loud"),
			"--log-level loud: want trace, debug, info, warn, error or none"},
		{"an empty password is not shown either", flag("default-pass", ""), "--default-pass ********: want a password"},
		{"a pattern that is none", flag("default-permissions-read", "(?=a)"),
			"--default-permissions-read (?=a): want a regular expression, in RE2's syntax"},
		{"a flag nobody knows", flag("colour", "red"), "--colour: there is no such setting"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := Defaults()
			err := test.do(s)
			if err == nil {
				t.Fatal("got no error")
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
			if got, want := s.All(), Defaults().All(); !slices.Equal(got, want) {
				t.Errorf("a mistake took effect: %v", got)
			}
		})
	}
}

func TestListsInTheEnvironmentAreSeparatedByCommas(t *testing.T) {
	s := Defaults()
	if err := s.ReadEnvironment(environment("HAREBELL_LISTEN=5672, 127.0.0.1:5673", "HAREBELL_SERVER_PROPERTY=a=1,b=2")); err != nil {
		t.Fatal(err)
	}
	c := s.Config()
	if want := []string{":5672", "127.0.0.1:5673"}; !slices.Equal(c.Listen, want) {
		t.Errorf("addresses: got %v, want %v", c.Listen, want)
	}
	if want := map[string]string{"a": "1", "b": "2"}; !maps.Equal(c.ServerProperties, want) {
		t.Errorf("properties: got %v, want %v", c.ServerProperties, want)
	}
}

func TestLinesCanBeReadBack(t *testing.T) {
	s := Defaults()
	for name, values := range map[string][]string{
		"listen":          {"1", "[::1]:2"},
		"product":         {" a # b "},
		"default-user":    {"ann#1"},
		"default-pass":    {"secret"},
		"server-property": {"a=1", "b=x=y"},
		"loopback-users":  {"none"},
		"memory":          {"true"},
		"compat":          {"3.13"},

		"auth-backends":                   {"oauth2", "internal"},
		"oauth2-signing-key":              {"one=1.pem", "two=2.pem"},
		"oauth2-algorithms":               {"ES256", "RS256"},
		"oauth2-scope-alias":              {"admin=a b"},
		"oauth2-scope-prefix":             {""},
		"oauth2-discovery-endpoint-param": {"a=b=c"},
	} {
		if err := s.SetFlag(name, values...); err != nil {
			t.Fatal(err)
		}
	}
	var file strings.Builder
	for _, setting := range s.All() {
		file.WriteString(setting.Line() + "   # " + setting.Origin + "\n")
	}
	again := Defaults()
	if err := again.ReadFile("h.conf", strings.NewReader(file.String())); err != nil {
		t.Fatal(err)
	}
	want := s.Config()
	want.DefaultPass = "guest" // a secret is not told
	if got := again.Config(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v\nfrom\n%s", got, want, file.String())
	}
}

func TestEveryDefaultIsAllowed(t *testing.T) {
	for _, f := range Flags() {
		if f.Default == "" {
			continue
		}
		if err := Defaults().SetFlag(f.Name, f.Default); err != nil {
			t.Error(err)
		}
	}
}

func TestMachineMemory(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const meminfo = "MemTotal:       16000000 kB\nMemFree:         1000 kB\n"
	tests := []struct {
		name string
		root fstest.MapFS
		want int64
	}{
		{"the machine's", fstest.MapFS{"proc/meminfo": file(meminfo)}, 16000000 << 10},
		{"the group's, if less", fstest.MapFS{"proc/meminfo": file(meminfo), "sys/fs/cgroup/memory.max": file("536870912\n")}, 512 << 20},
		{"not the group's, if more", fstest.MapFS{"proc/meminfo": file(meminfo),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 16000000 << 10},
		{"a group without a limit", fstest.MapFS{"proc/meminfo": file(meminfo), "sys/fs/cgroup/memory.max": file("max\n")}, 16000000 << 10},
		{"a machine that does not say", fstest.MapFS{}, 1 << 30},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := MachineMemory(test.root); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	if got := (Config{MemoryLimit: 7}).Bodies(4000); got != 7 {
		t.Errorf("given: got %d, want 7", got)
	}
	if got := (Config{}).Bodies(4000); got != 1000 {
		t.Errorf("not given: got %d, want 1000", got)
	}
	if got := (Config{}).Bodies(16 << 30); got != 32<<20 {
		t.Errorf("on a large machine: got %d, want 32 MiB", got)
	}
}
