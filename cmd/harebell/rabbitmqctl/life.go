package rabbitmqctl

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// stop has the broker end. With the file that names its process it waits until that has
// ended.
func stop(c *call) (any, error) {
	if err := c.connect(); err != nil {
		if f, is := err.(*failure); is && f.code == exitUnavailable && c.options["idempotent"] != "" {
			return nil, nil // it has ended already
		}
		return nil, err
	}
	c.say("Stopping and halting node %s ...", c.node)
	if err := c.api.Do(c, "POST", "/control/stop", nil, nil); err != nil || len(c.arguments) == 0 {
		return nil, err
	}
	return nil, c.awaitEnd()
}

// shutdown has the broker end, and waits until it has.
func shutdown(c *call) (any, error) {
	if err := c.api.Do(c, "POST", "/control/stop", nil, nil); err != nil {
		return nil, err
	}
	if c.options["no-wait"] != "" {
		return nil, nil
	}
	c.say("Waiting for PID %d to terminate", c.pid)
	if err := c.awaitEnd(); err != nil {
		return nil, err
	}
	return text(fmt.Sprintf("%s node %s running at PID %d successfully shut down", c.product, c.node, c.pid)), nil
}

// pollEvery is how often a broker is looked at that begins or ends.
const pollEvery = 50 * time.Millisecond

// poll returns when it is so, or time is over.
func (c *call) poll(so func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	whole := c.Context
	if c.timeout > 0 { // also for a broker that takes questions and does not answer
		limited, cancel := context.WithTimeout(whole, c.timeout)
		defer cancel()
		c.Context = limited
		defer func() { c.Context = whole }()
	}
	for !so() {
		select {
		case <-tick.C:
		case <-c.Done():
			if whole.Err() != nil {
				return whole.Err()
			}
			return &failure{exitTimeout, fmt.Sprintf("Error: operation %s on node %s timed out. Timeout value used: %d", c.command.name, c.nodeOr(), c.timeout.Milliseconds()), true}
		}
	}
	return nil
}

// nodeOr is the name of the node, or of the one that is waited for.
func (c *call) nodeOr() string {
	if c.node != "" {
		return c.node
	}
	return c.broker.Node
}

// awaitEnd returns when the broker's process has ended.
func (c *call) awaitEnd() error {
	return c.poll(func() bool { return isGone(c.get("/control/broker", nil)) && !alive(c.pid) })
}

// awaitStartup returns when the broker answers: by then it is up.
func awaitStartup(c *call) (any, error) {
	if _, given := c.options["timeout"]; !given {
		c.timeout = 300 * time.Second
	}
	var wrong error
	return nil, joinTimeout(c.poll(func() bool { wrong = c.connect(); return wrong == nil }), wrong)
}

// joinTimeout says why the time was not enough.
func joinTimeout(err, wrong error) error {
	f, ok := err.(*failure)
	if !ok || wrong == nil {
		return err
	}
	return &failure{f.code, f.text + "\n" + wrong.Error(), true}
}

// wait returns when the broker of a file that names a process is up.
func wait(c *call) (any, error) {
	if _, given := c.options["timeout"]; !given {
		c.timeout = 10 * time.Second
	}
	broker, err := c.Find()
	if err != nil {
		return nil, err
	}
	c.broker = broker
	pid := c.options["pid"]
	if c.options["P"] != "" {
		pid = c.options["P"]
	}
	if pid == "" && len(c.arguments) == 0 {
		return nil, failf(exitUsage, "a path of a file, or --pid, is wanted")
	}
	if pid == "" {
		file := c.arguments[0]
		c.say("Waiting for pid file '%s' to appear", file)
		if err := c.poll(func() bool {
			octets, err := os.ReadFile(file)
			pid = strings.TrimSpace(string(octets))
			return err == nil && pid != ""
		}); err != nil {
			return nil, err
		}
		c.say("pid is %s", pid)
	}
	c.say("Waiting for erlang distribution on node '%s' while OS process '%s' is running", broker.Node, pid)
	number, err := strconv.Atoi(pid)
	if err != nil {
		return nil, failf(exitData, "pid is %s: want a number", pid)
	}
	c.say("Waiting for applications 'rabbit_and_plugins' to start on node '%s'", broker.Node)
	ended := false
	err = c.poll(func() bool { ended = !alive(number); return ended || c.connect() == nil })
	switch {
	case err != nil:
		return nil, err
	case ended:
		return nil, failf(exitUnavailable, "process_not_running")
	}
	return text(fmt.Sprintf("Applications 'rabbit_and_plugins' are running on node '%s'", c.node)), nil
}
