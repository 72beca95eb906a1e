#!/bin/sh
# The data stay, and the user they belong to.
set -e

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
