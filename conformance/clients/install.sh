#!/bin/sh
# Installs the client libraries from Debian's packages, as far as it may and as
# far as they come within a minute and a half. What it cannot install is left out
# of the matrix, so this never fails.

packages='python3-pika python3-pytest python3-kombu python3-celery ruby-bunny php-cli php-amqplib
	amqp-tools librabbitmq-client-java libslf4j-java prometheus'
command -v npm >/dev/null || packages="$packages nodejs npm"
command -v javac >/dev/null || packages="$packages default-jdk-headless"

installed() {
	[ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v apt-get >/dev/null; then
	echo 'clients: no apt-get here; using what there is' >&2
	exit 0
fi
missing=
for package in $packages; do
	installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	root='sudo --non-interactive'
	if ! $root true 2>/dev/null; then
		echo "clients: may not install packages; missing:$missing" >&2
		exit 0
	fi
fi

# within runs a command until the time is over. It is for downloads only, as it is
# not good to stop what installs.
deadline=$(($(date +%s) + 90))
within() {
	left=$((deadline - $(date +%s)))
	[ "$left" -gt 0 ] && timeout "$left" "$@"
}

echo "clients: installing$missing" >&2
# Not the service of Prometheus: its test starts one of its own.
apt="$root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=15"
within $apt update >&2 || echo 'clients: could not update the list of packages' >&2
for package in $missing; do # one by one: one that is not to be had stops no other
	if ! within $apt install --no-install-recommends --download-only "$package" >/dev/null; then
		echo "clients: could not download $package" >&2
	elif ! $apt install --no-install-recommends --no-download "$package" >/dev/null; then
		echo "clients: could not install $package" >&2
	fi
done
exit 0
