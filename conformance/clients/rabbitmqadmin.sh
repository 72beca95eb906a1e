#!/bin/sh
# rabbitmqadmin, the command of RabbitMQ's own package, over the management API:
# ADMIN is the script, HTTP_URL where the API is.
set -eu

python=${PYTHON:-/usr/bin/python3}
address=${HTTP_URL#http://}
vhost="rabbitmqadmin/$$" # a slash must get through
dir=$(mktemp -d)

admin() { "$python" "$ADMIN" --host "${address%:*}" --port "${address##*:}" "$@"; }
inside() { admin --vhost "$vhost" "$@"; }

clean_up() {
	status=$?
	admin delete vhost name="$vhost" >/dev/null 2>&1 || true # it may have gone
	admin delete user name="admin$$" >/dev/null 2>&1 || true
	rm -r "$dir"
	exit "$status"
}
trap clean_up EXIT

check() {
	[ "$1" = "$2" ] || { echo "got '$1', want '$2'" >&2; exit 1; }
}
# messages sees that a queue has so many; RabbitMQ counts them every few seconds only.
messages() {
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		shown=$(inside --format kvp list queues name messages | grep "name=\"$1\"")
		case $shown in *"messages=\"$2\""*) return ;; esac
		sleep 1
	done
	check "$shown" "$2 messages in $1"
}
values() { inside --format tsv list "$@" | tail -n +2 | tr '\t\n' '  '; }

check "$(admin show overview node --format tsv | wc -l)" 2
admin declare vhost name="$vhost" >/dev/null
admin declare permission vhost="$vhost" user=guest configure='.*' write='.*' read='.*' >/dev/null
admin declare user name="admin$$" password=secret tags=management >/dev/null
admin declare permission vhost="$vhost" user="admin$$" configure='^mine' write='.*' read='.*' >/dev/null
check "$(admin --format tsv list permissions | grep -c "$vhost")" 2
check "$(admin --username "admin$$" --password secret --format tsv list vhosts name | tail -n +2)" "$vhost"
echo 'ok virtual hosts, users and permissions'

check "$(inside declare queue name=orders durable=true arguments='{"x-max-length":3}')" 'queue declared'
inside declare queue name=steady queue_type=quorum durable=true >/dev/null
inside declare exchange name=shop type=topic >/dev/null
inside declare binding source=shop destination=orders routing_key='order.#' >/dev/null
check "$(values queues name type durable)" 'orders classic True steady quorum True '
check "$(values exchanges name type | grep -o 'shop topic')" 'shop topic'
check "$(values bindings source destination routing_key | grep -o 'shop orders order.#')" 'shop orders order.#'
echo 'ok queues, exchanges and bindings'

check "$(inside publish exchange=shop routing_key=order.new payload='{"id":1}' properties='{"content_type":"application/json","delivery_mode":2}')" 'Message published'
check "$(inside publish exchange=shop routing_key=nobody payload=x)" 'Message published but NOT routed'
echo 'from standard input' | inside publish routing_key=orders >/dev/null
messages orders 2
check "$(inside --format tsv get queue=orders ackmode=ack_requeue_false | tail -1 | cut -f1,4)" 'order.new	{"id":1}'
inside get queue=orders ackmode=ack_requeue_false payload_file="$dir/payload" >/dev/null
check "$(cat "$dir/payload")" 'from standard input'
inside publish routing_key=orders payload=x >/dev/null
check "$(inside purge queue name=orders)" 'queue purged'
messages orders 0
echo 'ok publish, get and purge'

inside declare policy name=short pattern='^orders$' definition='{"max-length":1}' apply-to=queues priority=2 >/dev/null
inside declare operator_policy name=limit pattern='.*' definition='{"max-length":9}' apply-to=queues >/dev/null
admin declare vhost_limit vhost="$vhost" name=max-queues value=2 >/dev/null
check "$(values policies name pattern priority)" 'short ^orders$ 2 '
if inside declare queue name=one-too-many 2>"$dir/refusal"; then
	echo 'a queue more than the limit was declared' >&2
	exit 1
fi
grep -q 'queue limit in vhost' "$dir/refusal" || { cat "$dir/refusal" >&2; exit 1; }
admin delete vhost_limit vhost="$vhost" name=max-queues >/dev/null
echo 'ok policies and limits'

inside export "$dir/definitions.json" >/dev/null
inside delete queue name=orders >/dev/null
inside delete exchange name=shop >/dev/null
check "$(values queues name)" 'steady '
inside import "$dir/definitions.json" >/dev/null
check "$(values queues name)" 'orders steady '
check "$(values bindings source destination routing_key | grep -o 'shop orders order.#')" 'shop orders order.#'
echo 'ok definitions out and in again'

if admin --username "admin$$" --password wrong list queues 2>"$dir/refusal"; then
	echo 'a wrong password was good enough' >&2
	exit 1
fi
grep -q 'Access refused' "$dir/refusal" || { cat "$dir/refusal" >&2; exit 1; }
if inside delete queue name=none 2>"$dir/refusal"; then
	echo 'a queue that is not there was deleted' >&2
	exit 1
fi
grep -q 'Not found' "$dir/refusal" || { cat "$dir/refusal" >&2; exit 1; }
echo 'ok refusals'

for format in long pretty_json kvp bash table; do
	inside --format "$format" list queues >"$dir/$format"
	grep -q orders "$dir/$format" || { cat "$dir/$format" >&2; exit 1; }
done
for what in connections channels consumers nodes parameters operator_policies vhost_limits; do
	admin list "$what" >/dev/null
done
echo 'ok everything there is to list'
