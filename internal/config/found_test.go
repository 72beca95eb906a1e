package config

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestFoundFiles(t *testing.T) {
	root := func(names ...string) fstest.MapFS {
		files := make(fstest.MapFS)
		for _, name := range names {
			files[name] = new(fstest.MapFile)
		}
		return files
	}
	rabbit := root("etc/rabbitmq/rabbitmq.conf", "etc/rabbitmq/conf.d/20-b.conf", "etc/rabbitmq/conf.d/10-a.conf",
		"etc/rabbitmq/conf.d/readme", "etc/rabbitmq/enabled_plugins", "srv/more/1.conf")
	tests := []struct {
		name      string
		root      fstest.MapFS
		variables []string
		want      []string
	}{
		{"nothing is there", root(), nil, nil},
		{"RabbitMQ's, in its order", rabbit, nil, []string{"/etc/rabbitmq/rabbitmq.conf", "/etc/rabbitmq/conf.d/10-a.conf", "/etc/rabbitmq/conf.d/20-b.conf"}},
		{"a directory alone", root("etc/rabbitmq/conf.d/10-a.conf"), nil, []string{"/etc/rabbitmq/conf.d/10-a.conf"}},
		{"our own comes first, and alone", root("etc/harebell/harebell.conf", "etc/rabbitmq/rabbitmq.conf"), nil, []string{"/etc/harebell/harebell.conf"}},
		{"a file is named", rabbit, []string{"RABBITMQ_CONFIG_FILE=/srv/r.conf"}, []string{"/srv/r.conf", "/etc/rabbitmq/conf.d/10-a.conf", "/etc/rabbitmq/conf.d/20-b.conf"}},
		{"without its ending", root(), []string{"RABBITMQ_CONFIG_FILE=/srv/r"}, []string{"/srv/r.conf"}},
		{"a directory is named", rabbit, []string{"RABBITMQ_CONFIG_FILES=/srv/more/"}, []string{"/etc/rabbitmq/rabbitmq.conf", "/srv/more/1.conf"}},
		{"a pattern is named", rabbit, []string{"RABBITMQ_CONFIG_FILES=/etc/rabbitmq/conf.d/1*"}, []string{"/etc/rabbitmq/rabbitmq.conf", "/etc/rabbitmq/conf.d/10-a.conf"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FoundFiles(test.root, environment(test.variables...))
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
	if got, err := FoundFiles(rabbit, environment("RABBITMQ_CONFIG_FILES=/etc/[")); err == nil {
		t.Errorf("a pattern that is none: got %v", got)
	}
}

func TestVariablesOfRabbitMQ(t *testing.T) {
	s := Defaults()
	if err := s.ReadFile("h.conf", strings.NewReader("default_user = file\ndefault_vhost = file\nheartbeat = 5")); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadEnvironment(environment(
		"RABBITMQ_DEFAULT_USER=ann", "RABBITMQ_DEFAULT_PASS=a,b", "RABBITMQ_DEFAULT_VHOST=", "RABBITMQ_NODENAME=rabbit@here",
		"RABBITMQ_NODE_PORT=5673", "RABBITMQ_LOGS=-", "RABBITMQ_ERLANG_COOKIE=secret", "RABBITMQ_PORT_5672_TCP=tcp://10.0.0.1:5672",
		"HAREBELL_DEFAULT_USER=bob",
	)); err != nil {
		t.Fatal(err)
	}
	c := s.Config()
	if c.DefaultUser != "bob" || c.DefaultPass != "a,b" || c.DefaultVHost != "file" || c.Node != "rabbit@here" || c.LogTo != "stdout" ||
		!slices.Equal(c.Listen, []string{":5673"}) || c.Heartbeat != 5*time.Second {
		t.Errorf("got %+v", c)
	}
	if got, want := s.Ignored(), []Setting{{Key: "RABBITMQ_ERLANG_COOKIE", Origin: "environment"}}; !slices.Equal(got, want) {
		t.Errorf("ignored: got %v, want %v", got, want)
	}
}

func TestVariablesThatRabbitMQsImageRefuses(t *testing.T) {
	err := Defaults().ReadEnvironment(environment("RABBITMQ_DEFAULT_PASS_FILE=/run/secrets/pass", "RABBITMQ_SSL_CERTFILE=c.pem", "RABBITMQ_NODENAME=@here"))
	want := "RABBITMQ_DEFAULT_PASS_FILE is set but deprecated: want default_pass in a file of settings\n" +
		"RABBITMQ_SSL_CERTFILE is set but deprecated: want ssl_options.certfile in a file of settings\n" +
		"RABBITMQ_NODENAME=@here: want a name, or name@host"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
