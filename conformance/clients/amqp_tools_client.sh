#!/bin/sh
# amqp-tools, the commands over librabbitmq, the C client. They know no confirms
# and do not show the redelivered flag; direct reply-to would need one command
# that both publishes and consumes.
set -eu

queue="amqp-tools.$$"
service="amqp-tools.$$.service"
dir=$(mktemp -d)

tool() {
	name=$1
	shift
	"amqp-$name" --url "$AMQP_URL" "$@"
}

clean_up() {
	status=$?
	for q in "$queue" "$service"; do
		tool delete-queue --queue "$q" >/dev/null 2>&1 || true # it may not be there
	done
	rm -r "$dir"
	exit "$status"
}
trap clean_up EXIT

check() {
	[ "$1" = "$2" ] || { echo "got '$1', want '$2'" >&2; exit 1; }
}

tool declare-queue --queue "$queue" >/dev/null
printf 'one\ntwo\n' | tool publish --routing-key "$queue" --line-buffered
check "$(tool consume --queue "$queue" --count 2 cat | tr '\n' ' ')" 'one two '
if tool get --queue "$queue"; then
	echo 'acked messages came back' >&2
	exit 1
fi
echo 'ok publish, and consume with ack'

# amqp-consume acks only what its command has taken, so this leaves the message.
tool publish --routing-key "$queue" --body again
tool consume --queue "$queue" --count 1 -- sh -c 'cat >/dev/null; false'
check "$(tool consume --queue "$queue" --count 1 cat)" again
echo 'ok unacked message is requeued'

# The client consumes from an exclusive queue; its name comes over standard error.
mkfifo "$dir/name"
tool consume --exclusive --count 1 cat >"$dir/reply" 2>"$dir/name" &
client=$!
read -r text <"$dir/name"
replies=${text##* }

# amqp-consume hides the properties, so the request says where to reply.
tool declare-queue --queue "$service" >/dev/null
tool publish --routing-key "$service" --reply-to "$replies" --body "$replies hello"
tool consume --queue "$service" --count 1 -- sh -c '
	read -r replies body
	echo "$body" | tr a-z A-Z | amqp-publish --url "$AMQP_URL" --routing-key "$replies"'
wait "$client"
check "$(cat "$dir/reply")" HELLO
echo 'ok RPC over an exclusive queue'

# refused runs a command that must fail with a reply code.
refused() {
	code=$1
	shift
	if tool "$@" 2>"$dir/refusal"; then
		echo "amqp-$* succeeded" >&2
		exit 1
	fi
	grep -q "$code" "$dir/refusal" || { cat "$dir/refusal" >&2; exit 1; }
}

refused 406 declare-queue --queue "$queue" --durable
echo 'ok other arguments are refused'

refused 404 get --queue "$queue.missing"
echo 'ok missing queue is refused'
