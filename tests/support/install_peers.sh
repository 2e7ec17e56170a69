#!/bin/sh
# Install the Debian packages named as arguments that are absent, where we may; otherwise say what to install.
missing=""
for package in "$@"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null; then
	echo "not a Debian system: install the equivalents of$missing; the tests that need them will say so" >&2
	exit 0
fi
if [ "$(id -u)" = 0 ]; then run=""; elif sudo -n true 2>/dev/null; then run="sudo"; else
	echo "no root here: 'apt install$missing' enables the interop tests; they will fail with the package's name until then" >&2
	exit 0
fi
$run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
