#!/usr/bin/env bash
# Judges Harebell, and with the argument "rabbitmq" also RabbitMQ, each a broker
# of its own on a free port of the loopback interface, in a temporary directory.
#
#   conformance/judge.sh [rabbitmq] [flags of harebell-conformance]
#
# bin/harebell and bin/harebell-conformance must be there.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)

# free prints a port nobody listens on, from the given one on.
free() {
	local port=$1
	while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
	echo "$port"
}

# await waits for a broker to listen on a port.
await() {
	for _ in $(seq 300); do
		if (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
		sleep 0.2
	done
	echo "no broker on port $1 after a minute; see $work" >&2
	exit 2
}

# harebell_start starts it without the variables of RabbitMQ, which it would follow.
harebell_start() {
	(
		unset "${!RABBITMQ_@}"
		exec "$root/bin/harebell" serve --config none --listen "127.0.0.1:$harebell_port" --management-listen "127.0.0.1:$harebell_management" --prometheus-listen none \
			--data-dir "$work/harebell" --consumer-timeout "$CONSUMER_TIMEOUT"
	) >>"$work/harebell.log" 2>&1 &
	echo $! >"$work/harebell.pid"
	await "$harebell_port"
	await "$harebell_management"
}

harebell_stop() {
	local pid
	pid=$(cat "$work/harebell.pid")
	kill "$pid" || return 0
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

rabbitmq_install() {
	if [ -x "$rabbitmq_bin/rabbitmq-server" ]; then return; fi
	"$root/conformance/peers.sh" rabbitmq-server || exit 2
}

rabbitmq_start() {
	mkdir -p "$work/rabbitmq"
	cat >"$work/rabbitmq.conf" <<-END
		listeners.tcp.1 = 127.0.0.1:$rabbitmq_port
		management.tcp.ip = 127.0.0.1
		management.tcp.port = $rabbitmq_management
		consumer_timeout = $CONSUMER_TIMEOUT
	END
	echo '[{rabbit, [{channel_tick_interval, 500}]}].' >"$work/advanced.config" # not only once a minute
	echo '[rabbitmq_management, rabbitmq_consistent_hash_exchange, rabbitmq_random_exchange, rabbitmq_recent_history_exchange, rabbitmq_sharding, rabbitmq_event_exchange].' >"$work/enabled_plugins"
	# rabbitmq: what a crashing node leaves behind goes where it was started
	(cd "$work" && exec "$rabbitmq_bin/rabbitmq-server") >>"$work/rabbitmq.log" 2>&1 &
	await "$rabbitmq_port"
	"$rabbitmq_bin/rabbitmqctl" await_startup >>"$work/rabbitmq.log" 2>&1
	await "$rabbitmq_management"
}

rabbitmq_stop() {
	"$rabbitmq_bin/rabbitmqctl" stop "$work/rabbitmq.pid" >>"$work/rabbitmq.log" 2>&1 || true
	epmd -port "$ERL_EPMD_PORT" -kill >/dev/null 2>&1 || true
}

# restart is what the rule about restarts calls, for either broker.
restart() {
	harebell_stop
	harebell_start
	if [ -e "$work/rabbitmq.pid" ]; then
		"$rabbitmq_bin/rabbitmqctl" stop_app >>"$work/rabbitmq.log" 2>&1
		"$rabbitmq_bin/rabbitmqctl" start_app >>"$work/rabbitmq.log" 2>&1
	fi
}

# finish stops what was started, and keeps the logs if something went wrong.
finish() {
	local status=$?
	trap - EXIT
	if [ -e "$work/harebell.pid" ]; then harebell_stop; fi
	if [ -n "$with_rabbitmq" ]; then rabbitmq_stop; fi
	if [ "$status" -le 1 ]; then rm -rf "$work"; fi
	exit "$status"
}

if [ "${1:-}" = restart ]; then
	restart
	exit
fi

with_rabbitmq=
if [ "${1:-}" = rabbitmq ]; then
	with_rabbitmq=yes
	shift
fi
export work rabbitmq_bin=/usr/lib/rabbitmq/bin
export CONSUMER_TIMEOUT=8000 # milliseconds: longer than other rules keep anything, shorter than they wait
work=$(mktemp -d)
trap finish EXIT
trap 'exit 2' INT TERM

export harebell_port harebell_management
harebell_port=$(free 25700)
harebell_management=$(free 25750)
urls=(--url "amqp://guest:guest@127.0.0.1:$harebell_port/" --management-url "http://guest:guest@127.0.0.1:$harebell_management")
harebell_start

if [ -n "$with_rabbitmq" ]; then
	rabbitmq_install
	export rabbitmq_port rabbitmq_management RABBITMQ_DIST_PORT ERL_EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1
	rabbitmq_port=$(free 25800)
	rabbitmq_management=$(free 25850)
	RABBITMQ_DIST_PORT=$(free 25900)
	ERL_EPMD_PORT=$(free 26000)
	export HOME="$work" RABBITMQ_NODENAME="conformance@localhost" RABBITMQ_PID_FILE="$work/rabbitmq.pid"
	export RABBITMQ_MNESIA_BASE="$work/rabbitmq" RABBITMQ_LOG_BASE="$work/rabbitmq"
	export RABBITMQ_CONFIG_FILE="$work/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$work/advanced.config"
	export RABBITMQ_ENABLED_PLUGINS_FILE="$work/enabled_plugins"
	rabbitmq_start
	urls+=(--url "amqp://guest:guest@127.0.0.1:$rabbitmq_port/" --management-url "http://guest:guest@127.0.0.1:$rabbitmq_management")
fi

RESTART_CMD="bash '$root/conformance/judge.sh' restart" "$root/bin/harebell-conformance" "${urls[@]}" "$@"
