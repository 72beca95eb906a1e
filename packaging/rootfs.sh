#!/bin/sh
# Lays out the root file system of a container: rootfs.sh DIRECTORY [BINARY].
# It is what the Dockerfile copies, and what a test runs the broker in. User, places
# and settings are those of RabbitMQ's image, so that volumes fit.
set -eu

root=$1
here=$(dirname "$0")
binary=${2:-$here/../bin/harebell}
authorities=/etc/ssl/certs/ca-certificates.crt
uid=999

if [ ! -e "$authorities" ]; then
	echo "rootfs.sh: $authorities: not there; want the certificates of authorities, for connections to issuers of tokens" >&2
	exit 1
fi

mkdir -p "$root/etc/ssl/certs" "$root/etc/rabbitmq/conf.d" "$root/etc/harebell" "$root/usr/bin" "$root/var/lib/rabbitmq" "$root/tmp"
install -m 755 "$binary" "$root/usr/bin/harebell"
for tool in rabbitmqctl rabbitmq-diagnostics rabbitmq-plugins rabbitmq-queues rabbitmq-upgrade rabbitmqadmin rabbitmq-server; do
	ln -sf harebell "$root/usr/bin/$tool"
done
install -m 644 "$authorities" "$root$authorities"
chmod 1777 "$root/tmp"
chmod 755 "$root" "$root/var/lib/rabbitmq"
echo "rabbitmq:x:$uid:$uid:Harebell:/var/lib/rabbitmq:/sbin/nologin" >"$root/etc/passwd"
echo "rabbitmq:x:$uid:" >"$root/etc/group"

# In a container nobody comes from this machine.
echo 'loopback_users.guest = false' >"$root/etc/rabbitmq/conf.d/10-defaults.conf"

# Without root's rights the directory belongs to whoever makes it.
if [ "$(id -u)" = 0 ]; then
	chown "$uid:$uid" "$root/var/lib/rabbitmq"
fi
