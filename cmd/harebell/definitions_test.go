package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// page reads a page of the management API as a user, whose password is the name.
func (p *process) page(user, path string, into any) (status int) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+p.management+path, nil)
	must(p.t, err)
	r.SetBasicAuth(user, user)
	answer, err := http.DefaultClient.Do(r)
	must(p.t, err)
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		must(p.t, json.NewDecoder(answer.Body).Decode(into))
	}
	return answer.StatusCode
}

// names are those on a page of the management API.
func (p *process) names(user, path string) []string {
	p.t.Helper()
	var objects []struct{ Name string }
	if status := p.page(user, path, &objects); status != http.StatusOK {
		return []string{http.StatusText(status)}
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.Name)
	}
	return names
}

const (
	annAlone = `{"users":[{"name":"ann","password":"ann","tags":"administrator"}],"permissions":[{"user":"ann","vhost":"/","configure":"","write":"","read":".*"}],
		"queues":[{"name":"orders","vhost":"/","durable":true,"auto_delete":false,"arguments":{}}]}`
	aPolicy = `{"policies":[{"vhost":"/","name":"%","pattern":".*","apply-to":"queues","definition":{"max-length":3},"priority":0}]}`
)

func policy(name string) string { return strings.Replace(aPolicy, "%", name, 1) }

// TestDefinitionsAtTheStart has a broker load them, beside the user it begins with.
func TestDefinitionsAtTheStart(t *testing.T) {
	for _, test := range []struct {
		name        string
		definitions string
		arguments   []string
		user        string // an administrator then
		want        []string
	}{
		{"they bring the users", annAlone, nil, "ann", []string{"ann"}},
		{"they bring users besides the one named", annAlone, []string{"--default-user", "bob", "--default-pass", "bob"}, "bob", []string{"ann", "bob"}},
		{"they bring the user named", strings.ReplaceAll(annAlone, "ann", "bob"), []string{"--default-user", "bob", "--default-pass", "other"}, "bob", []string{"bob"}},
		{"they bring no users", policy("p"), nil, "guest", []string{"guest"}},
		{"to a broker for tests", annAlone, []string{"--test-api"}, "ann", []string{"ann", "guest"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "definitions.json")
			must(t, os.WriteFile(file, []byte(test.definitions), 0o600))
			conf := filepath.Join(t.TempDir(), "rabbitmq.conf")
			must(t, os.WriteFile(conf, []byte("management.load_definitions = "+file+"\n"), 0o600))
			p := start(t, append(test.arguments, "--memory", "--config", conf)...)
			if got := p.names(test.user, "/api/users"); !slices.Equal(got, test.want) {
				t.Errorf("users: got %q, want %q", got, test.want)
			}
		})
	}
}

// TestDefinitionsAtEachStart changes what has been loaded, and starts again.
func TestDefinitionsAtEachStart(t *testing.T) {
	data, directory := t.TempDir(), t.TempDir()
	write := func(name, text string) { must(t, os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600)) }
	write("1.json", annAlone)
	write("2.json", policy("first"))
	write("notes.txt", "no definitions")
	arguments := []string{"--data-dir", data, "--load-definitions", directory, "--load-definitions-skip-if-unchanged"}
	p := start(t, arguments...)
	if got := p.names("ann", "/api/policies"); !slices.Equal(got, []string{"first"}) {
		t.Fatalf("policies: got %q, want first", got)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+p.management+"/api/policies/%2F/first", nil)
	must(t, err)
	r.SetBasicAuth("ann", "ann")
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	answer.Body.Close()
	p.stop()

	p = start(t, arguments...)
	if got := p.names("ann", "/api/policies"); len(got) != 0 {
		t.Errorf("policies after a start with the same definitions: got %q, want none", got)
	}
	p.stop()

	write("2.json", policy("second"))
	p = start(t, arguments...)
	if got := p.names("ann", "/api/policies"); !slices.Equal(got, []string{"second"}) {
		t.Errorf("policies after a start with others: got %q, want second", got)
	}
	if got := p.names("ann", "/api/queues"); !slices.Equal(got, []string{"orders"}) {
		t.Errorf("queues: got %q, want orders", got)
	}
	p.stop()
}

func TestDefinitionsThatCannotBeLoaded(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "wrong.json")
	must(t, os.WriteFile(file, []byte(`{"queues":[{"name":"q","vhost":"nowhere"}]}`), 0o600))
	missing := filepath.Join(directory, "missing.json")
	for path, want := range map[string]string{
		file:    "load definitions: " + file + ": queue 'q': virtual host 'nowhere' is not there: want it among the definitions, or made before",
		missing: "load_definitions: stat " + missing + ": no such file or directory",
	} {
		_, err := run(t, "serve", "--config", "none", "--memory", "--listen", anyPort, "--management-listen", "none", "--log-level", "none", "--load-definitions", path)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
