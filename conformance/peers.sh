#!/usr/bin/env bash
# Installs other brokers from Debian's packages, those of them that are missing.
#
#   conformance/peers.sh rabbitmq-server garagemq
set -euo pipefail

missing=()
for package in "$@"; do
	if ! dpkg -s "$package" >/dev/null 2>&1; then missing+=("$package"); fi
done
if [ ${#missing[@]} = 0 ]; then exit; fi
if ! command -v apt-get >/dev/null; then
	echo "not installed, and there is no apt-get to do it: ${missing[*]}" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then sudo=sudo; fi
$sudo apt-get update
# Not the services: who needs a broker starts one of its own.
$sudo env RUNLEVEL=1 apt-get install -y --no-install-recommends "${missing[@]}"
