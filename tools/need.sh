#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a target of the Makefile needs, if any are missing:
# tools/need.sh GROUP... Costs one dpkg-query when nothing is. Elsewhere than on Debian it only says
# what is wanted.
# shellcheck disable=SC2034 # the groups are used by name
set -eu

build="gcc libc6-dev make meson ninja-build pkgconf git libseccomp-dev libjansson-dev
	libcmocka-dev"
release="gcc libc6-dev make meson ninja-build pkgconf git musl-tools gperf dpkg-dev linux-libc-dev"
demo="busybox-static procps"
test="python3 python3-pytest busybox-static crun runc umoci mmdebstrap procps iproute2
	util-linux mount uidmap strace perl-base jq universal-ctags mandoc shellcheck clang apparmor secilc criu iptables python3-jsonschema"
deep="clang clang-tidy"
bench="crun runc musl-tools strace python3-matplotlib qemu-system-x86 kmod busybox-static python3 util-linux linux-libc-dev"
# Installed, not started: the engines run in the virtual machine.
engines="crun runc mmdebstrap podman buildah conmon catatonit uidmap python3 busybox-static"
vm="qemu-system-x86 busybox-static python3 kmod systemd dbus dbus-user-session libpam-systemd"

wanted=
for group; do
	eval "wanted=\"\$wanted \$$group\""
done
# shellcheck disable=SC2086
installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' $wanted 2>/dev/null |
	sed -n 's/^i. *//p') || :
missing=
for package in $wanted; do
	echo "$installed" | grep -qxF -e "$package" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null; then
	echo "missing, by their Debian names:$missing" >&2
	exit 0
fi
install() {
	# Packages of engines would start their services.
	[ -e /usr/sbin/policy-rc.d ] || {
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod 755 /usr/sbin/policy-rc.d
		policy=/usr/sbin/policy-rc.d
	}
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
		install -y --no-install-recommends $missing </dev/null >"$1" 2>&1
}
echo "installing:$missing"
output=$(mktemp)
policy=
trap 'rm -f "$output" $policy' EXIT
# The package lists of a bare machine are empty or old: then once more behind an update.
install "$output" || { apt-get -qq update </dev/null && install "$output"; } || {
	cat "$output" >&2
	exit 1
}
