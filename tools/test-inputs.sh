#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes build-inputs/debian once: a minimal Debian tree that the integration tests run programs of, with a server
# that they observe.
set -eu
target=build-inputs/debian
[ -e "$target/done" ] && [ -e "$target/rootfs/usr/bin/redis-server" ] && exit 0
# shellcheck disable=SC1091
. /etc/os-release
echo "making a minimal Debian tree in $target"
rm -rf "$target"
mkdir -p "$target"
apt-config dump --format '%f "%v";%n' | grep -E '^Acquire::[^:]*::Proxy' >"$target/apt.conf" || :
for keyring in /usr/share/keyrings/debian-archive-keyring.*g*; do :; done # .gpg, on newer releases .pgp
tools/archives.sh | sed "s|^|deb [signed-by=$keyring] |" >"$target/sources.list"
mmdebstrap --quiet --variant=minbase --include=redis-server --aptopt="$PWD/$target/apt.conf" \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/man/*' "$VERSION_CODENAME" "$target/rootfs" \
	- <"$target/sources.list" >"$target/log" 2>&1 || { tail -n 20 "$target/log" >&2; exit 1; }
rm -rf "$target"/rootfs/dev/* "$target"/rootfs/var/cache/apt/archives/*
touch "$target/done"
