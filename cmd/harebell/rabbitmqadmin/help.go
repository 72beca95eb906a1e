package rabbitmqadmin

import (
	"fmt"
	"strings"
)

// help lists what there is.
func help() string {
	var b strings.Builder
	b.WriteString("Usage\n=====\n  rabbitmqadmin [options] subcommand\n\n  where subcommand is one of:\n\nDisplay\n=======\n\n")
	for _, t := range things {
		fmt.Fprintf(&b, "  list %s [<column>...]\n", t.plural)
	}
	b.WriteString("  show overview [<column>...]\n\nObject Manipulation\n===================\n\n")
	for _, t := range things {
		if t.mandatory == nil {
			continue
		}
		var optional []string
		for _, f := range t.optional {
			optional = append(optional, f.name+"=...")
		}
		line := "  declare " + t.name + fieldsOf(t.mandatory)
		if optional != nil {
			line += " [" + strings.Join(optional, " ") + "]"
		}
		b.WriteString(line + "\n")
	}
	for _, t := range things {
		if t.mandatory != nil {
			b.WriteString("  delete " + t.name + fieldsOf(t.identity) + "\n")
		}
	}
	b.WriteString(`  close connection name=...
  purge queue name=...

Broker Definitions
==================

  export <file>
  import <file>

Publishing and Consuming
========================

  publish routing_key=... [payload=... properties=... exchange=... payload_encoding=...]
  get queue=... [count=... ackmode=... payload_file=... encoding=...]

  * If payload is not specified on publish, standard input is used
  * If payload_file is specified on get, count must not be set

The same as rabbitmqadmin-ng has it
===================================

  queues declare --name orders --type quorum
  declare queue --name orders --type quorum
  health_check local_alarms

Options
=======

  -H, --host  -P, --port  -u, --username  -p, --password  -V, --vhost  -U, --base-uri  --path-prefix
  -s, --ssl  -k, --ssl-insecure  --ssl-ca-cert-file  --ssl-cert-file  --ssl-key-file  --ssl-disable-hostname-verification
  -c, --config (~/.rabbitmqadmin.conf)  -N, --node  -t, --request-timeout  -q, --quiet
  -f, --format: ` + strings.Join(formats, ", ") + `
  -S, --sort  -R, --sort-reverse  -d, --depth  --version
`)
	return b.String()
}

func fieldsOf(names []string) string {
	text := ""
	for _, name := range names {
		text += " " + strings.ReplaceAll(name, "|", "=... OR ") + "=..."
	}
	return text
}
