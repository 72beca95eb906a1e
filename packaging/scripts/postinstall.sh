#!/bin/sh
# Makes the user that the unit names, and its directory, for those without systemd. The broker is not started: an operator does,
# and an upgrade leaves one that runs to its next restart.
set -e

if ! getent group harebell >/dev/null; then
	groupadd --system harebell
fi
if ! getent passwd harebell >/dev/null; then
	useradd --system --gid harebell --home-dir /var/lib/harebell --no-create-home --shell /usr/sbin/nologin harebell
fi
install -d -o harebell -g harebell -m 0750 /var/lib/harebell
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
