#!/bin/sh
# Makes the user that the unit names. The broker is not started: an operator does,
# and an upgrade leaves one that runs to its next restart.
set -e

if ! getent group harebell >/dev/null; then
	groupadd --system harebell
fi
if ! getent passwd harebell >/dev/null; then
	useradd --system --gid harebell --home-dir /var/lib/harebell --no-create-home --shell /usr/sbin/nologin harebell
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
