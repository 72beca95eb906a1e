package conformance

import (
	"errors"
	"fmt"
	"os/exec"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// turning is the restart of the broker that is judged.
var turning restart

// A restart is shared by all rules about what survives one. They do alone, one
// after the other, what comes before it; then it happens, if a rule asked for it,
// and what comes after it goes in parallel with all other rules.
type restart struct {
	broker func() error // in good order, and back before it returns; nil if there is no way
	wanted bool
	err    error
}

// restartCommand returns what runs a shell command that restarts the broker, and
// waits for it to be back. It is nil if there is no command.
func restartCommand(command string) func() error {
	if command == "" {
		return nil
	}
	return func() error {
		if output, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, output)
		}
		return awaitBroker(target.url)
	}
}

// awaitBroker waits until it can be connected to.
func awaitBroker(url string) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(4 * patience); ; <-again.C {
		connection, err := amqp.Dial(url)
		if err == nil {
			return connection.Close()
		}
		if time.Now().After(deadline) {
			return errors.Join(errors.New("the broker did not come back"), err)
		}
	}
}

// happen restarts the broker if a rule wants it.
func (r *restart) happen() {
	if r.wanted {
		r.wanted, r.err = false, r.broker()
	}
}

// beforeRestart begins a rule about a restart.
func beforeRestart(t T) *session {
	t.Helper()
	if turning.broker == nil {
		t.Skip("no command to restart the broker with")
	}
	turning.wanted = true
	return open(t)
}

// afterRestart waits until the broker has been restarted.
func afterRestart(t T) *session {
	t.Helper()
	t.Parallel()
	if turning.err != nil {
		t.Fatalf("restart: %v", turning.err)
	}
	return open(t)
}
