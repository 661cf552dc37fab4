#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows a container: tools/demo.sh PROGRAM. Each command is printed before its output; nothing stays.
set -eu
program=$(realpath "$1")
work=$(mktemp -d /tmp/tare-demo.XXXXXX)
mkdir "$work/bin" "$work/bundle" "$work/bundle/rootfs"
ln -s "$program" "$work/bin/tare"
PATH=$work/bin:$PATH
cd "$work/bundle"

clean() {
	tare --root "$work/state" delete --force demo >/dev/null 2>&1 || :
	cd /
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

bold='' plain=''
[ -t 1 ] && bold=$(printf '\033[1m') plain=$(printf '\033[0m')
say() {
	printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}
# Prints a command as one would type it, then runs it.
show() {
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	sh -c "$*"
}
# The same for a command of tare, with a state root of the demo's own.
t() {
	printf '%s$ tare %s%s\n' "$bold" "$*" "$plain"
	sh -c "tare --root '$work/state' $*"
}

say "A root file system: busybox"
mkdir -p rootfs/bin rootfs/etc rootfs/proc rootfs/sys rootfs/dev rootfs/tmp rootfs/root
cp "$(command -v busybox)" rootfs/bin/
chroot rootfs /bin/busybox --install -s /bin
echo 'root:x:0:0:root:/root:/bin/sh' >rootfs/etc/passwd
show "ls rootfs rootfs/bin | head -n 12"

say "A bundle is that and a config.json"
t spec
# edit SED-COMMAND...: what one would do in an editor.
edit() {
	sed -i "$@" config.json
}
edit -e 's/"terminal": true/"terminal": false/' -e 's/"hostname": "[^"]*"/"hostname": "demo"/'
program_is() {
	tr '\n' '\f' <config.json | sed "s|\"args\": \[[^]]*\]|\"args\": [\"sh\", \"-c\", \"$1\"]|" |
		tr '\f' '\n' >config.new
	mv config.new config.json
}
show "head -n 22 config.json"

say "Run: what the program inside sees"
inside='hostname; echo; ps; echo; id; echo; cat /proc/self/cgroup; echo; cut -d\\" \\" -f5,6,9- /proc/self/mountinfo'
program_is "$inside"
t run demo

say "What tare does for it: the plan"
t "plan | head -n 25"

say "The life of a container, step by step"
program_is "exec sleep 1000000"
t create demo
t state demo
t start demo
t exec demo hostname
t exec demo ps
t ps demo
t pause demo
t list
t resume demo
t kill demo KILL
until tare --root "$work/state" state demo | grep -q '"stopped"'; do :; done # ends soon, but not at once
t list
t delete demo

say "Nothing is left"
t list
