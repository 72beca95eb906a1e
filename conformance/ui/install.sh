#!/bin/sh
# Installs Debian's Chromium if there is no browser and it may. What it cannot install
# is not tested, so this never fails.

command -v "${CHROMIUM:-chromium}" >/dev/null && exit 0
if ! command -v apt-get >/dev/null; then
	echo 'ui: no apt-get here, and no chromium' >&2
	exit 0
fi
root=
if [ "$(id -u)" != 0 ]; then
	root='sudo --non-interactive'
	if ! $root true 2>/dev/null; then
		echo 'ui: may not install packages; missing: chromium' >&2
		exit 0
	fi
fi
echo 'ui: installing chromium' >&2
apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=15"
timeout 60 $apt update >&2 || echo 'ui: could not update the list of packages' >&2
if ! timeout 180 $apt install --no-install-recommends --download-only chromium >/dev/null; then
	echo 'ui: could not download chromium' >&2
elif ! $apt install --no-install-recommends --no-download chromium >/dev/null; then
	echo 'ui: could not install chromium' >&2
fi
exit 0
