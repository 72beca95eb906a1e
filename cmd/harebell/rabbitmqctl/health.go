package rabbitmqctl

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// An alarms is what the broker is short of.
type alarms struct {
	node      string
	resources []string
}

// alarmNames are how resources are called.
var alarmNames = map[string]string{"memory": "Memory alarm", "disk": "Free disk space alarm"}

func (a alarms) lines() []string {
	var all []string
	for _, resource := range a.resources {
		all = append(all, fmt.Sprintf("%s on node %s", alarmNames[resource], a.node))
	}
	return all
}

// texts are the same as JSON has it.
func (a alarms) texts() []string { return append([]string{}, a.lines()...) }

// alarms asks what the broker is short of.
func (c *call) alarms() (alarms, error) {
	var node struct {
		Memory bool `json:"mem_alarm"`
		Disk   bool `json:"disk_free_alarm"`
	}
	err := c.get("/api"+tool.Path("nodes", c.node)+"?columns=mem_alarm,disk_free_alarm", &node)
	a := alarms{node: c.node}
	if node.Memory {
		a.resources = append(a.resources, "memory")
	}
	if node.Disk {
		a.resources = append(a.resources, "disk")
	}
	return a, err
}

func ping(c *call) (any, error) { return text("Ping succeeded"), nil } // to be here it has answered

func checkRunning(c *call) (any, error) {
	return text(fmt.Sprintf("%s on node %s is fully booted and running", c.product, c.node)), nil
}

func isBooting(c *call) (any, error) {
	return text(fmt.Sprintf("%s on node %s is fully booted (check with is_running), stopped or has not started booting yet", c.product, c.node)), nil
}

func listAlarms(c *call) (any, error) {
	a, err := c.alarms()
	shown := fmt.Sprintf("Node %s reported no alarms, local or clusterwide", c.node)
	if len(a.resources) > 0 {
		shown = fmt.Sprintf("Node %s reported the following local alarms:\n\n%s", c.node, strings.Join(a.lines(), "\n"))
	}
	return reported{shown, map[string]any{"alarms": a.texts(), "node": c.node, "result": "ok"}}, err
}

// checkAlarms returns what fails while the broker is short of something.
func checkAlarms(none string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		a, err := c.alarms()
		switch {
		case err != nil:
			return nil, err
		case len(a.resources) > 0:
			return nil, failf(exitUnavailable, "%s", strings.Join(a.lines(), "\n"))
		}
		return text(fmt.Sprintf("Node %s reported no %s", c.node, none)), nil
	}
}

func showListeners(c *call) (any, error) {
	all, err := c.listeners()
	return reported{strings.Join(lines(all), "\n"), map[string]any{"listeners": all, "node": c.node, "result": "ok"}}, err
}

// ports are those of listeners, in order.
func ports(all []listener) string {
	var numbers []int
	for _, l := range all {
		numbers = append(numbers, l.Port)
	}
	slices.Sort(numbers)
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(slices.Compact(numbers))), ", "), "[]")
}

// checkConnectivity goes to where clients come.
func checkConnectivity(c *call) (any, error) {
	all, err := c.listeners()
	if err != nil {
		return nil, err
	}
	var failed []string
	for _, l := range all {
		if err := c.connectTo(l); err != nil {
			failed = append(failed, fmt.Sprintf("%s (%v)", l, err))
		}
	}
	if len(failed) > 0 {
		return nil, failf(exitUnavailable, "Connection to ports of the following listeners on node %s failed:\n%s", c.node, strings.Join(failed, "\n"))
	}
	return text(fmt.Sprintf("Successfully connected to ports %s on node %s.", ports(all), c.node)), nil
}

// connectTo opens a connection and closes it. An empty host means this machine.
func (c *call) connectTo(l listener) error {
	host := strings.Trim(l.Interface, "[]")
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	if a, ok := c.options["address"]; ok {
		host = a
	}
	d := &net.Dialer{}
	address := net.JoinHostPort(host, strconv.Itoa(l.Port))
	if strings.HasSuffix(l.Protocol, "/ssl") { // the name in the certificate is for others
		secure := tls.Dialer{NetDialer: d, Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err := secure.DialContext(c, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	conn, err := d.DialContext(c, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func checkPort(c *call) (any, error) {
	all, err := c.listeners()
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if strconv.Itoa(l.Port) == c.arguments[0] {
			return text(fmt.Sprintf("A listener for port %s is running on node %s.", c.arguments[0], c.node)), nil
		}
	}
	return nil, &failure{exitUnavailable, fmt.Sprintf("No listener for port %s is active on node %s. Found listeners that use the following ports: %s", c.arguments[0], c.node, ports(all)), true}
}

func checkPortNumber(i invocation) (int, string) {
	if n, err := strconv.Atoi(i.arguments[0]); err != nil || n < 0 || n > 65535 {
		return exitData, "Bad argument."
	}
	return 0, ""
}

func checkProtocol(c *call) (any, error) {
	asked := c.arguments[0]
	err := c.get("/api/health/checks/protocol-listener"+tool.Path(asked), nil)
	if !refusedWith(err, http.StatusServiceUnavailable) {
		return text(fmt.Sprintf("A listener for protocol %s is running on node %s.", asked, c.node)), err
	}
	all, err := c.listeners()
	if err != nil {
		return nil, err
	}
	var have []string
	for _, l := range all {
		have = append(have, l.Protocol)
	}
	slices.Sort(have)
	return nil, failf(exitUnavailable, "No listener for protocol %s is active on node %s. Found listeners for the following protocols: %s", asked, c.node, strings.Join(slices.Compact(have), ", "))
}

func checkVHosts(c *call) (any, error) {
	err := c.get("/api/health/checks/virtual-hosts", nil)
	return text(fmt.Sprintf("Node %s reported all vhosts as running", c.node)), err
}

// checkCertificates fails if a certificate of the broker expires soon.
func checkCertificates(c *call) (any, error) {
	within, unit := c.options["within"], c.options["unit"]
	if within == "" {
		within = "4"
	}
	if unit == "" {
		unit = "weeks"
	}
	err := c.get("/api/health/checks/certificate-expiration"+tool.Path(within, unit), nil)
	if refusedWith(err, http.StatusServiceUnavailable) {
		return nil, failf(exitUnavailable, "Certificates of node %s expire within %s %s", c.node, within, unit)
	}
	if within == "1" {
		unit = strings.TrimSuffix(unit, "s")
	}
	return text(fmt.Sprintf("No certificates are expiring within %s %s.", within, unit)), err
}

func checkExpiry(i invocation) (int, string) {
	if _, given := i.options["within"]; !given {
		return exitUsage, "Invalid options for this command:\n--within : want a number, and --unit days, weeks, months or years"
	}
	return 0, ""
}

// onlyNode is what is said where several nodes are asked for.
func onlyNode(c *call) (any, error) {
	return text(fmt.Sprintf("Node %s seems to be the only one in a single node cluster, the check does not apply", c.node)), nil
}

func nothingToAwait(c *call) (any, error) {
	return text("Target node seems to be the only one in a single node cluster, the command does not apply"), nil
}

func nodeHealth(c *call) (any, error) { return text("Health check passed"), nil }

func serverVersion(c *call) (any, error) { return text(c.version), nil }

// memoryBreakdown shows what the broker's memory is for.
func memoryBreakdown(c *call) (any, error) {
	var node tool.Object
	err := c.get("/api"+tool.Path("nodes", c.node), &node)
	if err != nil {
		return nil, err
	}
	queues, err := c.list("/api/queues?columns=memory")
	total, inQueues := node.Number("mem_used"), int64(0)
	for _, q := range queues {
		inQueues += q.Number("memory")
	}
	inQueues = min(inQueues, total)
	line := func(what string, n int64) string {
		part := 0.0
		if total > 0 {
			part = float64(n) / float64(total) * 100
		}
		return fmt.Sprintf("%s: %s (%.2f%%)", what, c.octets(n), part)
	}
	return reported{line("queue_procs", inQueues) + "\n" + line("other", total-inQueues),
		map[string]any{"queue_procs": inQueues, "other": total - inQueues, "total": total}}, err
}
