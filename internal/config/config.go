// Package config is what an operator may decide about the broker: which settings
// there are, what they may be, and where each value came from.
//
// A setting has a default and may be given in a file, in the environment and on
// the command line; what is given later in this order wins. Every value is
// checked as soon as it is read, and a mistake is told with its key, its origin
// and what would be right.
//
//	s := config.Defaults()
//	err := s.ReadFile("harebell.conf", file)     // heartbeat = 30
//	err = s.ReadEnvironment(os.LookupEnv)        // HAREBELL_HEARTBEAT=20
//	err = s.SetFlag("heartbeat", "10")           // --heartbeat 10
//	c := s.Config()                              // c.Heartbeat is 10 s
//
// The package knows nothing of flags beyond their names, and opens no files.
package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/harebellmq/harebell/internal/compat"
)

// A Config is the broker's configuration, complete and checked.
type Config struct {
	Node    string // name of this broker among others, "name" or "name@host"; "" for harebell
	DataDir string // where durable things are kept
	Memory  bool   // keep everything in memory, and nothing over a restart

	Compat compat.Rules // what to do as which series of RabbitMQ does

	Listen        []string // addresses, "host:port" each; at least one
	TLSListen     []string // addresses for amqps; none without a certificate
	TLS           TLS
	Management    Management
	Prometheus    Prometheus
	ControlSocket string // path of the socket for commands; "" for the usual place, NoSocket for none

	HandshakeTimeout time.Duration // from accepting a connection until it is open
	Heartbeat        time.Duration // proposed to clients, in whole seconds; 0 for none
	FrameMax         uint32        // octets, proposed to clients
	ChannelMax       uint16        // channels of a connection, proposed to clients
	MaxMessageSize   int64         // octets of a body
	ConnectionMax    int           // that are open; 0 for any number
	ChannelsMax      int           // of all connections; 0 for any number
	ConsumersMax     int           // of a channel; 0 for any number
	ConsumerTimeout  time.Duration // for acknowledging a delivery; 0 for ever
	ShutdownTimeout  time.Duration // for the last acks, and for clients to go
	MemoryLimit      int64         // octets of bodies kept in memory; if 0, see Bodies
	MemoryWatermark  Watermark     // memory above which publishers are blocked
	DiskFreeLimit    int64         // octets free on the disk below which publishers are blocked

	LoadDefinitions string // file or directory to import from at each start; "" for none
	LoadChanged     bool   // import only what has changed since the last start

	DefaultUser        string // made when there is no user yet
	DefaultPass        string
	DefaultUserTags    []string
	DefaultPermissions Permissions // in DefaultVHost
	DefaultVHost       string      // made when there is none yet
	DefaultQueueType   string      // of queues whose declaration names none
	EventVHost         string      // has the exchange for events, and is made if it is not there; "" for DefaultVHost

	LoopbackUsers []string // may log in from this machine only
	AuthBackends  []string // who decides on logins, in this order: Internal or Tokens
	OAuth2        OAuth2   // how Tokens are read

	Product          string            // what clients are told they talk to
	Version          string            // "major.minor.patch"
	ServerProperties map[string]string // more things to tell clients

	TestAPI       bool   // tests may do with the broker whatever they like, over HTTP
	TestAPIListen string // at this address, "host:port"

	OTLPEndpoint    string  // URL of a collector of spans; "" for none
	OTLPSampleRatio float64 // of messages without a trace of their own

	LogLevel  string // "trace", "debug", "info", "warn", "error" or "none"
	LogFormat string // "auto", "console" or "json"
	LogTo     string // "stderr" or "stdout"
}

// NoSocket is the place of a control socket that there is not to be.
const NoSocket = "none"

// A Watermark is a bound on memory: in octets or, if that is 0, as a part of the
// machine's.
type Watermark struct {
	Absolute int64
	Relative float64
}

// Octets returns the bound on a machine of so much memory.
func (w Watermark) Octets(machine int64) int64 {
	if w.Absolute > 0 {
		return w.Absolute
	}
	return int64(w.Relative * float64(machine))
}

// TLS is how the broker shows clients who it is, and asks who they are.
type TLS struct {
	Certificate, Key, Authorities string // files

	SelfSigned string // directory of an authority to make, if there is none; "" for no such thing
	Verify     bool   // ask clients for certificates
	Require    bool   // refuse clients without one
	Min        uint16 // the least version, of crypto/tls
	LoginFrom  string // the part of a client's certificate that is the user's name
}

// Given reports whether there is a certificate, or will be.
func (t TLS) Given() bool { return t.Certificate != "" || t.SelfSigned != "" }

// Management is where the management API is.
type Management struct {
	Web
	PathPrefix string // that its paths begin with, "/…"; "" for nothing
}

// Prometheus is where metrics are, and which.
type Prometheus struct {
	Web
	Path      string // begins with a slash
	PerObject bool   // a series for each object, rather than their sum

	Authenticate bool // ask for a user who may see them
}

// Permissions are the patterns of what a user may do.
type Permissions struct{ Configure, Write, Read string }

// A Setting is one value in force.
type Setting struct {
	Key    string // its name in a file
	Value  string
	Origin string // such as "default", "harebell.conf:3", "HAREBELL_HEARTBEAT" or "--heartbeat"
	Secret bool   // Value is not the real one
}

// Line returns the line of a file that gives this setting: a comment if the value
// is secret.
func (s Setting) Line() string {
	switch {
	case s.Secret:
		return fmt.Sprintf("# %s = %s", s.Key, s.Value)
	case strings.TrimSpace(s.Value) != s.Value || strings.Contains(s.Value, "#"):
		return fmt.Sprintf("%s = '%s'", s.Key, s.Value)
	}
	return fmt.Sprintf("%s = %s", s.Key, s.Value)
}

// Settings collects the values in force. Its zero value is not usable: see
// Defaults.
type Settings struct {
	values  map[*key][]Setting // as written, passwords too
	lines   map[*key][]place   // where in files values are from
	files   []string
	ignored []Setting
	unknown []Unknown
}

// Unknown is a line of a file whose key nobody knows.
type Unknown struct {
	Key, Origin string
	Nearest     string // the key that is most like it; "" for none
}

// nobody is the origin of what nobody has given.
const nobody = "default"

// Defaults returns settings nobody has touched.
func Defaults() *Settings {
	s := &Settings{values: make(map[*key][]Setting), lines: make(map[*key][]place)}
	for _, k := range keys {
		if k.standard != "" {
			s.values[k] = []Setting{{Key: k.name, Value: k.standard, Origin: nobody}}
		}
	}
	return s
}

// ReadEnvironment takes over the variables that lookup finds: HAREBELL_ and the
// flag's name in capitals. A variable that is set but empty counts as not set.
// Settings that take several values have them separated by commas. Before them it
// takes over those of RabbitMQ's.
func (s *Settings) ReadEnvironment(lookup func(name string) (string, bool)) error {
	mistakes := []error{s.readRabbitEnvironment(lookup)}
	for _, k := range keys {
		name := k.variable()
		value, ok := lookup(name)
		if k.flag == "" || !ok || value == "" {
			continue
		}
		mistakes = append(mistakes, s.set(k, k.split(value), name, name+"="))
	}
	return errors.Join(mistakes...)
}

// SetFlag takes over what was given on the command line; name is without dashes.
func (s *Settings) SetFlag(name string, values ...string) error {
	for _, k := range keys {
		if k.flag == name && name != "" {
			var all []string
			for _, v := range values {
				all = append(all, k.split(v)...)
			}
			return s.set(k, all, "--"+name, "--"+name+" ")
		}
	}
	return fmt.Errorf("--%s: there is no such setting", name)
}

// set checks the values of a key and puts them in force. A mistake is told with
// the value, and before it what the operator wrote.
func (s *Settings) set(k *key, values []string, origin, wrote string) error {
	settings := make([]Setting, 0, len(values))
	for _, v := range values {
		if !k.parse(new(Config), v) {
			return fmt.Errorf("%s%s: want %s", wrote, k.show(v), k.want)
		}
		settings = append(settings, Setting{Key: k.name, Value: v, Origin: origin})
	}
	s.values[k] = settings
	return nil
}

// inForce returns the values of a key. If nobody has given one they may follow the
// rules of the series.
func (s *Settings) inForce(k *key, rules compat.Rules) []Setting {
	if s.yields(k) {
		return nil
	}
	if given := s.values[k]; len(given) > 0 || k.follows == nil {
		return given
	}
	return []Setting{{Key: k.name, Value: k.follows(rules), Origin: "compat " + rules.Series}}
}

// All returns the settings in force, one for each value, without passwords.
func (s *Settings) All() []Setting {
	rules := s.Config().Compat
	var all []Setting
	for _, k := range keys {
		for _, setting := range s.inForce(k, rules) {
			setting.Value, setting.Secret = k.show(setting.Value), k.secret
			all = append(all, setting)
		}
	}
	return all
}

// SetDefault gives a setting another default, of an origin to be shown, unless
// somebody has given one.
func (s *Settings) SetDefault(name, value, origin string) {
	if k := keyOf(name); len(s.given(k)) == 0 {
		s.values[k] = []Setting{{Key: name, Value: value, Origin: origin}}
	}
}

// Changes compares with settings that were read later. live are the keys whose new
// values may be put in force while the broker runs, fixed those that need a restart.
func (s *Settings) Changes(next *Settings) (live, fixed []string) {
	before, after := s.Config().Compat, next.Config().Compat
	same := func(a, b Setting) bool { return a.Value == b.Value }
	for _, k := range keys {
		switch {
		case slices.EqualFunc(s.inForce(k, before), next.inForce(k, after), same):
		case k.live:
			live = append(live, k.name)
		default:
			fixed = append(fixed, k.name)
		}
	}
	return live, fixed
}

// Files returns the names of the files that have been read.
func (s *Settings) Files() []string { return s.files }

// Unknown returns the lines of files with keys that neither Harebell nor RabbitMQ has.
func (s *Settings) Unknown() []Unknown { return s.unknown }

// Ignored returns the settings given that mean nothing: lines of files with
// settings that only RabbitMQ has, and a consumer timeout for a series that has
// none for the queues there are.
func (s *Settings) Ignored() []Setting {
	if !s.Config().Compat.NoConsumerTimeout {
		return s.ignored
	}
	ignored := slices.Clone(s.ignored)
	for _, k := range keys {
		if k.name == consumerTimeout {
			ignored = append(ignored, s.given(k)...)
		}
	}
	return ignored
}

// given returns the values of a key that are not the default.
func (s *Settings) given(k *key) []Setting {
	return slices.DeleteFunc(slices.Clone(s.values[k]), func(v Setting) bool { return v.Origin == nobody })
}

// Config returns the settings as the broker wants them.
func (s *Settings) Config() Config {
	var c Config
	for _, k := range keys { // in order: what is given in parts comes before what is given whole
		for _, setting := range s.inForce(k, c.Compat) {
			k.parse(&c, setting.Value) // it was checked when it was set
		}
	}
	managementWeb.complete(&c, s.given)
	prometheusWeb.complete(&c, s.given)
	c.OAuth2.complete()
	return c
}

// Check says what is wrong with settings that are good one by one, but not together:
// each mistake on a line.
func (c Config) Check() error { return c.checkLogins() }
