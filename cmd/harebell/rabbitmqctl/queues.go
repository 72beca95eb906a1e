package rabbitmqctl

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

func (c *call) queuePath(name string) string { return "/api" + tool.Path("queues", c.vhost, name) }

func purgeQueue(c *call) (any, error) {
	return nil, c.delete(c.queuePath(c.arguments[0]) + "/contents")
}

// deleteQueue deletes a queue, and tells how much was in it.
func deleteQueue(c *call) (any, error) {
	path, query := c.queuePath(c.arguments[0]), url.Values{}
	var q tool.Object
	err := c.get(path, &q)
	if err == nil {
		for option, does := range map[string]string{"if-empty": "if-empty", "if-unused": "if-unused", "e": "if-empty", "u": "if-unused"} {
			if c.options[option] != "" {
				query.Set(does, "true")
			}
		}
		err = c.delete(path + "?" + query.Encode())
	}
	switch {
	case missing(err):
		return nil, failf(exitUsage, "Queue not found")
	case err != nil && strings.Contains(err.Error(), " in use"):
		return nil, failf(exitUsage, "Queue is in use")
	case err != nil && strings.Contains(err.Error(), " not empty"):
		return nil, failf(exitUsage, "Queue is not empty")
	case err != nil:
		return nil, err
	}
	return text(fmt.Sprintf("Queue was successfully deleted with %d ready messages", q.Number("messages_ready"))), nil
}

// quorumStatus shows the one member of a quorum queue.
func quorumStatus(c *call) (any, error) {
	var q tool.Object
	if err := c.get(c.queuePath(c.arguments[0]), &q); err != nil {
		return nil, err
	}
	if q.Text("type") != "quorum" {
		return nil, failf(exitUnavailable, "Cannot get quorum status of a classic queue")
	}
	return rows{[]string{"Node Name", "Raft State", "Membership"}, [][]any{{c.node, "leader", "voter"}}, false}, nil
}

// Connections.

// closeConnections closes those that are wanted, at most so many, with a delay between
// them; 0 is for all.
func (c *call) closeConnections(wanted func(tool.Object) bool, most int, delay time.Duration, reason string) (closed int, err error) {
	all, err := c.list("/api/connections")
	if err != nil {
		return 0, err
	}
	for _, connection := range all {
		if !wanted(connection) || most > 0 && closed == most {
			continue
		}
		if closed > 0 && delay > 0 {
			select {
			case <-time.After(delay):
			case <-c.Done():
				return closed, c.Err()
			}
		}
		_, err := c.api.Send(c, "DELETE", "/api"+tool.Path("connections", connection.Text("name")), nil, map[string]string{"X-Reason": reason})
		if err != nil && !missing(err) { // it may have gone meanwhile
			return closed, err
		}
		closed++
	}
	return closed, nil
}

// closeConnection closes one, by the name of its process or its own.
func closeConnection(c *call) (any, error) {
	_, err := c.closeConnections(func(o tool.Object) bool {
		return o.Text("pid") == c.arguments[0] || o.Text("name") == c.arguments[0]
	}, 0, 0, c.arguments[1])
	return nil, err
}

// most is the number of an option, 0 if it is not given.
func (i invocation) most(option string) int {
	n, _ := strconv.Atoi(i.options[option]) // it was checked
	return n
}

func checkLimit(i invocation) (int, string) {
	for _, option := range []string{"limit", "per-connection-delay"} {
		text, given := i.options[option]
		if n, err := strconv.Atoi(text); given && (err != nil || n < 0) {
			return exitUsage, "Invalid options for this command:\n--" + option + " : " + text
		}
	}
	return 0, ""
}

func closeAllConnections(c *call) (any, error) {
	vhost, one := c.options["vhost"]
	if c.options["global"] != "" {
		one = false
	} else if !one {
		vhost, one = "/", true
	}
	delay := time.Duration(c.most("per-connection-delay")) * time.Millisecond
	closed, err := c.closeConnections(func(o tool.Object) bool { return !one || o.Text("vhost") == vhost }, c.most("limit"), delay, c.arguments[0])
	return text(fmt.Sprintf("Closed %d connections", closed)), err
}

func closeUserConnections(c *call) (any, error) {
	_, err := c.closeConnections(func(o tool.Object) bool { return o.Text("user") == c.arguments[0] }, 0, 0, c.arguments[1])
	return nil, err
}

// attempts shows how often somebody has tried to log in.
func attempts(c *call) (any, error) {
	if c.options["by-source"] != "" {
		all, err := c.list("/api/auth/attempts" + tool.Path(c.node, "source"))
		return sourceColumns.rows(nil, all), err
	}
	all, err := c.list("/api/auth/attempts" + tool.Path(c.node))
	return attemptColumns.rows(nil, all), err
}

func resetAttempts(c *call) (any, error) {
	return nil, c.delete("/api/auth/attempts" + tool.Path(c.node))
}

// Features.

func enableFeature(c *call) (any, error) {
	if c.arguments[0] == "all" {
		return nil, nil // they are
	}
	err := c.put("/api/feature-flags"+tool.Path(c.arguments[0], "enable"), map[string]any{})
	if missing(err) {
		return nil, failf(exitUsage, "This feature flag is not supported by node %s", c.node)
	}
	return nil, err
}

// isGone reports whether an error is that the broker no longer answers.
func isGone(err error) bool {
	_, refused := errors.AsType[*tool.Refusal](err)
	return err != nil && !refused && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}

// some returns those of several names that are given.
func (i invocation) some(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return i.options[name] == "" })
}
