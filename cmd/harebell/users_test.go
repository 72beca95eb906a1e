package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// administer asks the management API for something, as a user whose password is
// the name, and returns the status of the answer.
func (p *process) administer(user, method, path, body string) int {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.management+"/api/"+path, strings.NewReader(body))
	must(p.t, err)
	r.SetBasicAuth(user, user)
	answer, err := http.DefaultClient.Do(r)
	must(p.t, err)
	must(p.t, answer.Body.Close())
	return answer.StatusCode
}

// enter opens a virtual host as a user whose password is the name.
func (p *process) enter(user, vhost string) (*amqp091.Connection, error) {
	conn, err := amqp091.Dial(fmt.Sprintf("amqp://%s:%s@%s/%s", user, user, p.address, vhost))
	if err == nil {
		p.t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

func TestRestartKeepsUsersAndPermissions(t *testing.T) {
	for name, end := range map[string]func(*process){"after SIGTERM": (*process).stop, "after kill -9": (*process).kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := start(t, "--data-dir", dir)
			for _, step := range []struct {
				user, method, path, body string
				want                     int
			}{
				{"guest", "PUT", "vhosts/v", "", 201},
				{"guest", "PUT", "vhosts/gone", "", 201},
				{"guest", "PUT", "users/boss", `{"password":"boss","tags":"administrator"}`, 201},
				{"guest", "PUT", "users/ann", `{"password":"ann","tags":""}`, 201},
				{"guest", "PUT", "permissions/v/ann", `{"configure":"^ann","write":"","read":""}`, 201},
				{"guest", "PUT", "permissions/gone/ann", `{"configure":".*","write":".*","read":".*"}`, 201},
				{"guest", "PUT", "user-limits/ann/max-connections", `{"value":1}`, 204},
				{"guest", "PUT", "vhost-limits/v/max-queues", `{"value":1}`, 204},
				{"boss", "DELETE", "users/guest", "", 204},
				{"boss", "DELETE", "vhosts/gone", "", 204},
			} {
				if got := p.administer(step.user, step.method, step.path, step.body); got != step.want {
					t.Fatalf("%s %s: got status %d, want %d\n%s", step.method, step.path, got, step.want, p.log)
				}
			}
			end(p)

			p = start(t, "--data-dir", dir)
			conn, err := p.enter("ann", "v")
			must(t, err)
			if _, err := p.enter("ann", "v"); err == nil {
				t.Error("ann has a second connection, want one")
			}
			if _, err := p.enter("guest", "%2f"); err == nil {
				t.Error("guest is back")
			}
			for queue, want := range map[string]string{
				"ann.first":  "",
				"ann.second": "PRECONDITION_FAILED - cannot declare queue 'ann.second': queue limit in vhost 'v' (1) is reached",
				"bob":        "ACCESS_REFUSED - configure access to queue 'bob' in vhost 'v' refused for user 'ann'",
			} {
				if queue != "ann.first" {
					declare(t, conn, "ann.first", "")
				}
				declare(t, conn, queue, want)
			}
			for path, want := range map[string]int{
				"whoami": 200, "users/guest": 404, "users/ann": 200, "vhosts/gone": 404, "permissions/v/ann": 200, "permissions/gone/ann": 404, "vhosts/v": 200,
			} {
				if got := p.administer("boss", "GET", path, ""); got != want {
					t.Errorf("%s: got status %d, want %d", path, got, want)
				}
			}
			p.stop()
		})
	}
}

// declare declares a queue, and fails the test unless the broker answers with that
// error, "" for none.
func declare(t *testing.T, conn *amqp091.Connection, queue, want string) {
	t.Helper()
	ch, err := conn.Channel()
	must(t, err)
	defer ch.Close()
	got := ""
	if _, err := ch.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		got = err.(*amqp091.Error).Reason
	}
	if got != want {
		t.Errorf("declare %s: got %q, want %q", queue, got, want)
	}
}

func TestManagementCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	p := start(t, "--memory", "--management-listen", "")
	if strings.Contains(p.log.String(), `"protocol":"http"`) {
		t.Errorf("log: got\n%s", p.log)
	}
	p.stop()
}
