#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/bench.sh TARE [OPTION of bench.py]...: builds the programs of tests/bench, measures tare beside its peers here and, for what
# needs controllers on cgroup v2, in the virtual machine. Leaves bench.json, bench.md and bench.svg.
# TARE_BENCH_VM=no leaves the virtual machine out; TARE_BENCH_DOCUMENT=FILE puts the table between that file's marks too.
set -eu
cd "$(dirname "$0")/.."
tare=$(realpath "$1")
shift
directory=build-bench
mkdir -p "$directory"
headers="-idirafter /usr/include -idirafter /usr/include/$(uname -m)-linux-gnu"
# shellcheck disable=SC2086 # two options
for name in floor peak; do
	musl-gcc -static -O2 $headers -o "$directory/$name" "tests/bench/$name.c"
done
gcc -Os -static -nostdlib -fno-stack-protector -Wl,--build-id=none -o "$directory/exit" tests/bench/exit.c
programs="$tare $directory/floor $directory/exit $directory/peak"
python="/usr/bin/python3 -B"
# Where v1 controllers are mounted too, the peers must find the v2 tree where they look for it.
# shellcheck disable=SC2016,SC2086 # the inner shell's; several words
unshare --mount --propagation private sh -c '
	[ -e /sys/fs/cgroup/cgroup.controllers ] || mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup
	exec "$@"' sh $python tests/bench/bench.py "$@" $programs
# shellcheck disable=SC2086
if [ "${TARE_BENCH_VM:-yes}" = yes ]; then
	tests/vm/run --timeout 1500 -- $python tests/bench/bench.py --figures $programs >"$directory/vm.json"
	$python tests/bench/join.py bench.json "$directory/vm.json"
fi
$python tests/bench/report.py bench.json >bench.md
[ -z "${TARE_BENCH_DOCUMENT:-}" ] || $python tests/bench/report.py bench.json "$TARE_BENCH_DOCUMENT"
$python tests/bench/plot.py bench.json bench.svg
cat bench.md
