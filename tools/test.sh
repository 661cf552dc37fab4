#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All tests but the engines' and CRIU's, or the parts named: tools/test.sh [quick|lint|sanitize|deep|host|vm|vm-systemd|vm-selinux|engines|criu]... Every part runs even
# when one before it failed; the last lines are the summary. Of A+B+C the parts before the last run one after the other
# beside it; vm is vm-rest+vm-most.
# shellcheck disable=SC2317 # the parts are functions called by name
set -u
cd "$(dirname "$0")/.." || exit 1
# In a chroot the kernel makes no user namespaces; once is enough.
if [ -z "${TARE_OWN_ROOT:-}" ] && ! unshare --user true 2>/dev/null && unshare --mount true 2>/dev/null; then
	TARE_OWN_ROOT=1 exec tools/own-root.py tools/test.sh "$@"
fi
build=build
python=/usr/bin/python3
unset PYTHONDONTWRITEBYTECODE # what the host's Python compiled, the emulated ones need not
pytest="$python -m pytest -q -rs -p no:cacheprovider --durations 40 --durations-min 3 tests/integration"
pytest_criu="tests/integration/test_criu_options.py tests/integration/test_criu_programs.py"
report=$(mktemp -d)
trap 'rm -rf "$report"' EXIT

# Builds a directory with further options: configure DIRECTORY OPTION...
configure() {
	directory=$1
	shift
	[ -e "$directory/build.ninja" ] || meson setup "$directory" "$@" >"$report/setup" ||
		{ cat "$report/setup"; return 1; }
	ninja -C "$directory" -k 0 --quiet
}

# The rest of a test run by meson in a directory.
check() {
	directory=$1
	shift
	meson test -C "$directory" --no-rebuild --print-errorlogs "$@"
}

# Two functions beside each other, then what they wrote.
both() {
	"$1" >"$report/$1" 2>&1 &
	first=$!
	both_status=0
	"$2" >"$report/$2" 2>&1 || both_status=1
	wait "$first" || both_status=1
	cat "$report/$1" "$report/$2"
	return "$both_status"
}

quick() {
	configure "$build" && check "$build"
}

lint() {
	configure "$build" && check "$build" --suite lint
}

# The host's tests wait most of the time; what is beside them takes what they leave of the processors.
stand_back() {
	renice -n 19 "$(exec sh -c 'echo $PPID')" >/dev/null
}

# The unit tests again with the sanitizers: gcc's address and undefined behaviour.
sanitize() {
	stand_back
	configure build-asan -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=0 &&
		check build-asan --suite unit --timeout-multiplier 5 # it may run behind others
}

# Warnings are errors for both compilers, gcc's analyzer, clang-tidy's list of likely mistakes. All of it,
# whatever fails.
deep() {
	stand_back
	deep_status=0
	# The analyzer sees neither what the inline assembly of a system call writes nor whom a cleanup frees.
	CC=gcc configure build-gcc -Dtests=false -Dwerror=true -Dc_args="-fanalyzer -Wno-analyzer-malloc-leak \
-Wno-analyzer-fd-leak -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-va-list-exhausted" || deep_status=1
	CC=clang configure build-clang -Dwerror=true -Doptimization=0 || deep_status=1
	find base spec plan namespaces cgroups seccomp runtime -name '*.c' -print0 |
		xargs -0 -n 8 -P "$(nproc)" clang-tidy --quiet -p build-clang 2>"$report/tidy" || deep_status=1
	return "$deep_status"
}

# Real containers on this machine as it is. TARE, or the program of the plain build; sizes are the release's.
host() {
	tools/test-inputs.sh || return 1
	[ -n "${TARE:-}" ] || { configure "$build" && tools/release.sh build-release; } || return 1
	both host_first host_second
}

host_first() {
	TARE_SHARE=1/2 $pytest
}

host_second() {
	TARE_SHARE=2/2 $pytest
}

# The same in virtual machines, with the release binary. The tests wait most of the time for one process
# that is emulated, so two machines take half the time of one. The other parts that are machines run beside the longer.
vm_most() {
	vm_share 1-4/7
}

vm_rest() {
	vm_share 5-7/7
}

vm_share() {
	tools/test-inputs.sh && vm_ready || return 1
	TARE=${TARE:-$PWD/build-release/tare} TARE_SHARE=$1 tests/vm/run --memory "${TARE_VM_MEMORY:-4G}" \
		--timeout "${TARE_VM_TIMEOUT:-1500}" -- sh -c "exec $pytest"
}

# The program and what the machines are made of are made once, by whoever comes first.
vm_ready() {
	(
		flock 9
		[ -n "${TARE:-}" ] || tools/release.sh build-release || exit 1
		[ -e "$report/vm" ] || tests/vm/run -- true && touch "$report/vm"
	) 9>"$report/lock"
}

# Containers below a systemd that is process 1, as the system's and as a user's.
vm_systemd() {
	vm_ready || return 1
	TARE=${TARE:-$PWD/build-release/tare} tests/vm/run --systemd --timeout 600 -- \
		tests/vm/user sh -c "exec $pytest/test_systemd.py"
}

# Labels, where the kernel runs SELinux in AppArmor's place.
vm_selinux() {
	vm_ready || return 1
	TARE=${TARE:-$PWD/build-release/tare} tests/vm/run --security selinux --timeout 300 -- \
		sh -c "exec $pytest/test_selinux.py"
}

# Engines with tare, runc and crun side by side, in two virtual machines at a time: this machine's Podman and
# Buildah, and containerd and Docker of a tree of their own. Each is booted without systemd, then with systemd as process
# 1 and as the engines' cgroup manager; what only a newer containerd asks for has a newer tree.
engines() {
	tree=${TARE_ENGINES_TREE:-engines}
	tools/test-inputs.sh "$tree" forky && vm_ready || return 1
	both engines_here engines_of_tree
}

engines_here() {
	here_status=0
	engine_machine -- "$engine_scripts" command podman buildah || here_status=1
	engine_machine --systemd -- tests/vm/user "$engine_scripts" systemd_podman systemd_rootless \
		systemd_buildah || here_status=1
	return "$here_status"
}

engines_of_tree() {
	tree_status=0
	engine_machine --tree "build-inputs/$tree/rootfs" -- "$engine_scripts" containerd docker || tree_status=1
	engine_machine --systemd --tree "build-inputs/$tree/rootfs" -- "$engine_scripts" systemd_cri systemd_docker ||
		tree_status=1
	# What that containerd does to a root file system takes a newer kernel than this release's.
	engine_machine --tree build-inputs/forky/rootfs --release trixie -- "$engine_scripts" newer_cri || tree_status=1
	return "$tree_status"
}

# Checkpoint and restore of real programs, with every option, and by engines: with this release's CRIU and kernel,
# and with those of the next.
criu() {
	tools/test-inputs.sh debian engines trixie && vm_ready || return 1
	both criu_here criu_of_next
}

# Debian's crun is built without CRIU.
criu_here() {
	here_status=0
	criu_machine || here_status=1
	engine_machine --env TARE_ENGINES_PEERS=runc -- "$engine_scripts" podman_checkpoint || here_status=1
	engine_machine --env TARE_ENGINES_PEERS=runc --tree build-inputs/engines/rootfs -- "$engine_scripts" \
		containerd_checkpoint || here_status=1
	return "$here_status"
}

criu_of_next() {
	next_status=0
	criu_machine --tree build-inputs/trixie/rootfs --release trixie || next_status=1
	engine_machine --env TARE_ENGINES_PEERS= --tree build-inputs/trixie/rootfs -- "$engine_scripts" \
		podman_checkpoint containerd_checkpoint || next_status=1
	return "$next_status"
}

# A virtual machine for the costly tests of CRIU, below systemd: criu_machine [--tree TREE --release RELEASE]
criu_machine() {
	TARE=${TARE:-$PWD/build-release/tare} TARE_CRIU=1 TARE_VM_ALL=1 tests/vm/run --systemd \
		--memory "${TARE_VM_MEMORY:-4G}" --timeout "${TARE_VM_TIMEOUT:-2400}" "$@" -- \
		sh -c "exec $pytest/test_checkpoint.py $pytest_criu"
}

# A virtual machine for some of the scripts: engine_machine [OPTION]... -- COMMAND...
engine_scripts=tests/integration/engines/run
engine_machine() {
	TARE=${TARE:-$PWD/build-release/tare} tests/vm/run --memory "${TARE_VM_MEMORY:-4G}" \
		--timeout "${TARE_VM_TIMEOUT:-6000}" "$@"
}

# Runs a part; its output also goes to a file, its row to the summary.
run_part() {
	start=$(date +%s)
	echo "== $1"
	{ "$(echo "$1" | tr - _)"; echo $? >"$report/$1.status"; } 2>&1 | tee "$report/$1.out"
	# Of meson's and pytest's own summary, what says how many.
	said=$(grep -E '^(Ok|Fail|Expected Fail|Skipped|Timeout):|(passed|failed|error).* in [0-9.]+s' "$report/$1.out" |
		tr -s ' ' | paste -sd' ' -)
	ended=ok
	[ "$(cat "$report/$1.status")" = 0 ] || ended=FAILED
	printf '%-10s %-6s %4ss  %s\n' "$1" "$ended" $(($(date +%s) - start)) "$said" >>"$report/summary"
}

# The tree is downloaded while the compilers work; who needs it waits for it, and tells of a failure.
if [ $# -eq 0 ]; then
	tools/test-inputs.sh >/dev/null 2>&1 &
	set -- quick sanitize+deep+host vm-rest+vm-systemd+vm-selinux+vm-most
fi
for group; do
	[ "$group" != vm ] || group=vm-rest+vm-most
	if [ "${group%+*}" != "$group" ]; then
		for part in $(echo "${group%+*}" | tr + ' '); do run_part "$part"; done >"$report/beside" 2>&1 &
		beside=$!
		run_part "${group##*+}"
		wait "$beside"
		cat "$report/beside"
	else
		run_part "$group"
	fi
done
echo "== summary"
cat "$report/summary"
! grep -q ' FAILED ' "$report/summary"
