package rabbitmqctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// The exit codes.
//
// rabbitmq: those of sysexits.h
const (
	exitUsage       = 64
	exitData        = 65
	exitNoUser      = 67
	exitUnavailable = 69
	exitSoftware    = 70
	exitTimeout     = 75
	exitConfig      = 78
)

// A failure ends a command with a code.
type failure struct {
	code int
	text string
	bare bool // without the line "Error:" before it
}

func (f *failure) Error() string { return f.text }

// failf makes a failure that is told below "Error:".
func failf(code int, format string, args ...any) error {
	return &failure{code, fmt.Sprintf(format, args...), false}
}

// misused makes the failure of a command line that is none, with how it should be.
func (i invocation) misused(code int, what string) error {
	return &failure{code, fmt.Sprintf("Error (argument validation): %s\nArguments given:\n\t%s\n\n%s\n\n%s",
		what, strings.Join(i.given, " "), tool.Bold("Usage"), usage(i.tool, i.command)), true}
}

// unreachable is the failure of a broker that cannot be asked.
func unreachable(node, why string) error {
	return &failure{exitUnavailable, fmt.Sprintf(
		"Error: unable to perform an operation on node '%s'. Please see diagnostics information and suggestions below.\n\n * %s\n", node, why), true}
}

// noVHost is the failure of a virtual host that is not there.
func noVHost(name string) error {
	return &failure{exitData, fmt.Sprintf("Virtual host '%s' does not exist", name), true}
}

// noUser is the failure of a user who is not there.
func noUser(name string) error { return failf(exitNoUser, "User \"%s\" does not exist", name) }

// alone is the failure of what only several nodes could do.
func alone(what string) error {
	return failf(exitUnavailable, "Harebell is a single node: %s", what)
}

// missing reports whether an error is that something is not there.
func missing(err error) bool { return refusedWith(err, http.StatusNotFound) }

func refusedWith(err error, status int) bool {
	r, ok := errors.AsType[*tool.Refusal](err)
	return ok && r.Status == status
}

// explain makes the failure of whatever a command returns. What the API refuses is told
// in its own words, which are RabbitMQ's.
func explain(err error, i invocation) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if u, ok := errors.AsType[*unknownCommand](err); ok {
		return &failure{exitUsage, u.Error(), true}
	}
	if r, ok := errors.AsType[*tool.Refusal](err); ok {
		code := exitUnavailable
		if r.Status >= http.StatusInternalServerError && r.Status != http.StatusServiceUnavailable {
			code = exitSoftware
		}
		if missing(r) {
			return &failure{code: code, text: "not_found"}
		}
		return &failure{code: code, text: r.Error()}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &failure{exitTimeout, fmt.Sprintf("Error: operation %s timed out. Timeout value used: %d", i.command.name, i.timeout.Milliseconds()), true}
	}
	return &failure{code: exitSoftware, text: err.Error()}
}

// report tells of an error, if there is one, and returns the exit code.
func report(w io.Writer, i invocation, err error) int {
	if err == nil {
		return 0
	}
	f := explain(err, i)
	if !f.bare {
		fmt.Fprintln(w, "Error:")
	}
	fmt.Fprintln(w, f.text)
	return f.code
}
