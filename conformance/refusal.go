package conformance

import (
	"maps"
	"slices"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A refusal is something a client must not do, and what it is told. In the text,
// {q} and {x} stand for the names given to the row and {v} for the virtual host.
type refusal struct {
	setup func(r *raw, q, x string) // may be nil; must succeed
	send  func(r *raw, q, x string)
	want  closing
}

// refusals runs every row on a connection of its own. Codes from 500 on are
// expected to close the connection, the others the channel only.
func refusals(t T, rows map[string]refusal) {
	t.Helper()
	for _, rule := range slices.Sorted(maps.Keys(rows)) {
		row := rows[rule]
		t.Run(rule, func(t T) {
			t.Parallel()
			q := unique(t)
			x := q + ".x"
			t.Cleanup(func() {
				drop(t, func(ch *amqp.Channel) {
					ch.ExchangeDelete(x, false, false)
					ch.QueueDelete(q, false, false, false)
				})
			})
			r := openRaw(t)
			t.Cleanup(func() { r.conn.Close() }) // first of all, so that the names can be dropped
			if row.setup != nil {
				row.setup(r, q, x)
			}
			row.send(r, q, x)
			want := row.want
			want.text = strings.NewReplacer("{q}", q, "{x}", x, "{v}", target.vhost).Replace(want.text)
			if full := codeName(want.code) + " - " + want.text; len(full) > 255 {
				want.text = full[len(codeName(want.code))+3:252] + "..."
			}
			if want.code >= 500 {
				r.expectClose(0, want)
				return
			}
			r.expectClose(1, want)
			r.send(1, channelCloseOk())
			r.openChannel(1)
		})
	}
}

// sending sends a method that does not depend on the names.
func sending(method []byte) func(*raw, string, string) {
	return func(r *raw, _, _ string) { r.send(1, method) }
}

// declared declares an exclusive queue and is a setup.
func declared(args ...fields) func(*raw, string, string) {
	return func(r *raw, q, _ string) { r.call(1, queueDeclare(q, exclusive, table(args...)), 11) }
}

// exchanged declares an exchange and is a setup.
func exchanged(kind string, args ...fields) func(*raw, string, string) {
	return func(r *raw, _, x string) { r.call(1, exchangeDeclare(x, kind, 0, table(args...)), 11) }
}

// foreign declares a queue exclusive to another connection and is a setup.
func foreign(r *raw, q, _ string) {
	r.t.Helper()
	openRaw(r.t).call(1, queueDeclare(q, exclusive, nil), 11)
}
