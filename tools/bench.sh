#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/bench.sh TARE [ROUNDS]: builds the programs of tests/bench and times tare beside its peers.
set -eu
cd "$(dirname "$0")/.."
tare=$(realpath "$1")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
headers="-idirafter /usr/include -idirafter /usr/include/$(uname -m)-linux-gnu"
# shellcheck disable=SC2086 # two options
musl-gcc -static -O2 $headers -o "$directory/floor" tests/bench/floor.c
gcc -Os -static -nostdlib -fno-stack-protector -Wl,--build-id=none -o "$directory/exit" tests/bench/exit.c
# Where v1 controllers are mounted too, the peers must find the v2 tree where they look for it.
unshare --mount --propagation private sh -c '
	[ -e /sys/fs/cgroup/cgroup.controllers ] || mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup
	shift
	/usr/bin/python3 tests/bench/bench.py "$@" && echo && exec /usr/bin/python3 -B tests/bench/filters.py "$@"' sh - "$tare" "$directory/floor" "$directory/exit" "${2:-60}"
