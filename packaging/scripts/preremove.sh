#!/bin/sh
# Stops the broker when the package goes, but not when another version takes its place.
set -e

case ${1:-} in
remove | 0) # of Debian, of RPM
	if [ -d /run/systemd/system ]; then
		systemctl disable --now harebell.service
	fi
	;;
esac
