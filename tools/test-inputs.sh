#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the Debian trees that tests use, once each, in build-inputs: tools/test-inputs.sh TREE...
#   debian   a minimal tree that the integration tests run programs of, with a server that they observe
#   engines  containerd and Docker of this machine's release, which nobody wants on his own machine for a test
#   forky    the same of a newer release: TARE_ENGINES_TREE=forky tools/test.sh engines
#   trixie   engines, systemd and CRIU 4 with what tests/integration needs
set -eu
# shellcheck disable=SC1091
. /etc/os-release
engines="containerd,docker.io,docker-compose,systemd,dbus,runc,crun,iptables,iproute2,procps,kmod,busybox-static,apparmor,uidmap,ca-certificates,python3,python3-grpcio,python3-protobuf"

# plan TREE: what it is made of.
plan() {
	suite=$VERSION_CODENAME setting=
	case $1 in
	debian) packages=redis-server wanted=usr/bin/redis-server ;;
	engines) packages=$engines,criu wanted=usr/sbin/criu ;;
	trixie)
		suite=trixie wanted=usr/sbin/criu
		packages=$engines,criu,podman,conmon,catatonit,systemd,dbus,dbus-user-session,libpam-systemd,python3-pytest,busybox-static,util-linux,perl-base ;;
	# A release that is still being made: a mirror may be older than its promise.
	forky)
		suite=forky packages=$engines,docker-cli wanted=usr/sbin/dockerd
		setting='Acquire::Check-Valid-Until false;' ;;
	*) echo "no tree $1" >&2 && exit 2 ;;
	esac
}

make() {
	plan "$1"
	target=build-inputs/$1
	[ -e "$target/done" ] && [ -e "$target/rootfs/$wanted" ] && return
	echo "making a Debian tree in $target"
	rm -rf "$target"
	mkdir -p "$target"
	apt-config dump --format '%f "%v";%n' | grep -E '^Acquire::[^:]*::Proxy' >"$target/apt.conf" || :
	echo "$setting" >>"$target/apt.conf"
	for keyring in /usr/share/keyrings/debian-archive-keyring.*g*; do :; done # .gpg, on newer releases .pgp
	tools/archives.sh | sed "s|^|deb [signed-by=$keyring] |" >"$target/sources.list"
	# Of another release only its main suite.
	[ "$suite" = "$VERSION_CODENAME" ] || sed -i -n "s/ $VERSION_CODENAME / $suite /p" "$target/sources.list"
	mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt="$PWD/$target/apt.conf" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' "$suite" "$target/rootfs" \
		- <"$target/sources.list" >"$target/log" 2>&1 || { tail -n 20 "$target/log" >&2; exit 1; }
	rm -rf "$target"/rootfs/dev/* "$target"/rootfs/var/cache/apt/archives/*
	touch "$target/done"
}

[ $# -gt 0 ] || set -- debian
mkdir -p build-inputs
exec 9>build-inputs/lock
flock 9 # whoever else makes one
for tree; do
	make "$tree"
done
