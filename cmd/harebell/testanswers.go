package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/internal/testapi"
)

// shows makes a function that shows an answer of one type.
func shows[T any](show func(w io.Writer, answer T) error) func(io.Writer, []byte) error {
	return func(w io.Writer, text []byte) error {
		var answer T
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("answer not understood: %w", err)
		}
		return show(w, answer)
	}
}

// lists makes a function that shows a table with a row for each element.
func lists[T any](head string, row func(T) string) func(io.Writer, []byte) error {
	return shows(func(w io.Writer, all []T) error {
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		fmt.Fprintln(table, head)
		for _, one := range all {
			fmt.Fprintln(table, row(one))
		}
		return table.Flush()
	})
}

// cells are one row.
func cells(values ...any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, "\t")
}

var (
	showClock = shows(func(w io.Writer, c testapi.Clock) error {
		_, err := fmt.Fprintln(w, c.Now.Format(time.RFC3339Nano))
		return err
	})

	showVHosts = lists("NAME\tURL", func(v testapi.VHost) string { return cells(v.Name, v.URL) })
	showVHost  = shows(func(w io.Writer, v testapi.VHost) error {
		_, err := fmt.Fprintln(w, v.Name, v.URL)
		return err
	})

	showSnapshots = lists("ID\tVHOST\tTAKEN", func(s testapi.Snapshot) string { return cells(s.ID, s.VHost, s.Taken.Format(time.RFC3339)) })
	showSnapshot  = shows(func(w io.Writer, s testapi.Snapshot) error {
		_, err := fmt.Fprintln(w, s.ID)
		return err
	})

	showQueues = lists("VHOST\tQUEUE\tREADY\tUNACKED\tCONSUMERS", queueRow)
	showQueue  = shows(func(w io.Writer, q testapi.Queue) error {
		_, err := fmt.Fprintf(w, "%d ready, %d unacked, %d consumers\n", q.MessagesReady, q.MessagesUnacknowledged, q.Consumers)
		return err
	})
	showMessages = lists("EXCHANGE\tROUTING KEY\tREDELIVERED\tOCTETS\tPAYLOAD", func(m amqptest.Message) string {
		return cells(quoted(m.Exchange), quoted(m.RoutingKey), m.Redelivered, len(m.Body), excerpt(m.Body))
	})
	showPurged = shows(func(w io.Writer, p testapi.Purged) error {
		_, err := fmt.Fprintln(w, p.MessageCount)
		return err
	})

	showExchanges = lists("VHOST\tEXCHANGE\tTYPE\tBINDINGS", func(x testapi.Exchange) string {
		bindings := make([]string, len(x.Bindings))
		for i, b := range x.Bindings {
			bindings[i] = fmt.Sprintf("%s to %s %s", quoted(b.RoutingKey), b.DestinationType, quoted(b.Destination))
		}
		return cells(x.VHost, quoted(x.Name), x.Type, strings.Join(bindings, ", "))
	})
	showConnections = lists("CONNECTION\tCLIENT\tUSER\tVHOST\tCHANNELS", func(c testapi.Connection) string {
		return cells(c.Name, quoted(c.UserProvidedName), c.User, c.VHost, c.Channels)
	})

	showFaults = lists("ID\tHITS\tTIMES\tFAULT\tAT", func(f testapi.Fault) string {
		times := "always"
		if f.Times > 0 {
			times = fmt.Sprint(f.Times)
		}
		return cells(f.ID, f.Hits, times, f.Fault, f.At())
	})
	showFault = shows(func(w io.Writer, f testapi.Fault) error {
		_, err := fmt.Fprintln(w, f.ID)
		return err
	})

	showJournal = shows(func(w io.Writer, j testapi.Journal) error {
		for _, e := range j.Events {
			if _, err := fmt.Fprintln(w, e); err != nil {
				return err
			}
		}
		return nil
	})
)

func queueRow(q testapi.Queue) string {
	return cells(q.VHost, quoted(q.Name), q.MessagesReady, q.MessagesUnacknowledged, q.Consumers)
}

// showEvent shows one event on a line, or its JSON.
func showEvent(w io.Writer, text []byte, asJSON bool) error {
	if asJSON {
		_, err := fmt.Fprintf(w, "%s\n", text)
		return err
	}
	return shows(func(w io.Writer, e amqptest.Event) error {
		_, err := fmt.Fprintln(w, e)
		return err
	})(w, text)
}

// quoted keeps a name apart from what is around it.
func quoted(name string) string { return fmt.Sprintf("%q", name) }

// excerptMost is how many octets of a payload are shown.
const excerptMost = 60

func excerpt(body []byte) string {
	if len(body) <= excerptMost {
		return fmt.Sprintf("%q", body)
	}
	return fmt.Sprintf("%q...", body[:excerptMost])
}
