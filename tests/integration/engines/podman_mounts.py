#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Podman's mounts, devices and hooks."""
import json
import shutil
import subprocess

from compare import Script, busybox_root
from podman import Podman

script = Script(__file__, Podman)


def options(line):
    """Of a line of mountinfo: where, the mount's own options, propagation, type."""
    fields = line.split()
    dash = fields.index("-")
    return [fields[4], fields[5], [field.split(":")[0] for field in fields[6:dash]], fields[dash + 1]]


@script.case
def standard(podman):
    """the mount table of a plain container: places, options, types."""
    return sorted(options(line) for line in podman.shell("cat /proc/self/mountinfo").splitlines())


@script.case
def devices(podman):
    """the device nodes and links below /dev, their owners and modes."""
    return podman.shell("cd /dev; for f in $(ls); do [ -d $f ] || stat -c '%n %F %t:%T %a %u' $f; "
                        "[ -L $f ] && readlink $f; done; true")


@script.case
def forms(podman):
    """--mount and --volume: bind, read-only, tmpfs, volume, sub-paths, propagation, options."""
    source = podman.directory / "source"
    (source / "inner").mkdir(parents=True)
    (source / "file").write_text("from the host\n")
    script = ("cat /b/file; echo x >/ro/new; echo x >/b/new && echo wrote; echo x >/v/new && echo wrote; "
              "cat /f; cat /proc/self/mountinfo | grep -E ' /(b|ro|t|v|f|n) '")
    text = podman.shell(script, "--mount", f"type=bind,source={source},target=/b,bind-propagation=rslave",
                        "--mount", f"type=bind,source={source},target=/ro,readonly=true",
                        "--mount", "type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=700",
                        "--mount", "type=volume,source=vol,destination=/v",
                        "--volume", f"{source}/file:/f:ro,noexec", "--tmpfs", "/n:rw,size=64k,nosuid")
    podman("volume", "rm", "vol")
    lines = text.splitlines()
    return [[line for line in lines if " - " not in line], sorted(options(line) for line in lines if " - " in line)]


@script.case
def recursive_read_only(podman):
    """ro and rro of a bind with a mount below it."""
    source = podman.directory / "recursive"
    (source / "below").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "below", source / "below"], check=True)
    try:
        outcome = podman.run("--volume", f"{source}:/m:ro,rbind", "--", "sh", "-c",
                             "touch /m/x; touch /m/below/x; cat /proc/self/mountinfo | grep -c ' /m'")
    finally:
        subprocess.run(["umount", source / "below"], check=True)
    return [outcome.status, outcome.out, outcome.err]


@script.case
def copy_up(podman):
    """a volume on a directory of the image begins with its content; a tmpfs with tmpcopyup too."""
    return podman.shell("ls /etc | sort | head -3; ls /home; stat -c '%a %u' /tmp",
                        "--volume", "copied:/home", "--tmpfs", "/etc:tmpcopyup,size=1m", "--rm")


@script.case
def device_option(podman):
    """--device with a name and rights, --device-cgroup-rule: what may be opened."""
    look = ("stat -c '%t:%T %a' /dev/other; head -c 1 /dev/other | wc -c; echo x >/dev/other; "
            "mknod /tmp/fuse c 10 229 && head -c 0 /tmp/fuse && echo opened; head -c 1 /dev/null | wc -c; true")
    outcome = podman.run("--device", "/dev/zero:/dev/other:r", "--cap-add", "mknod", "--", "sh", "-c", look)
    return [outcome.status, outcome.out, outcome.err]


@script.case
def privileged_devices(podman):
    """--privileged: the machine's devices are there, and all may be used."""
    return podman.shell("ls /dev | grep -cvE '^(pts|shm|mqueue|vport|tty|vcs|console|fd|std|core|ptmx)'; "
                        "mknod /tmp/n b 259 9 && echo made; mount -t tmpfs t /mnt 2>&1 || mkdir /mnt && "
                        "mount -t tmpfs t /mnt && echo mounted", "--privileged")


@script.case
def cdi_device(podman):
    """a CDI file's device: node, mount, environment and hook of the vendor are in the container."""
    directory = podman.directory / "cdi"
    directory.mkdir()
    (directory / "vendor.json").write_text(json.dumps({
        "cdiVersion": "0.3.0", "kind": "vendor.example/thing", "devices": [{"name": "one", "containerEdits": {
            "env": ["THING=one"], "deviceNodes": [{"path": "/dev/thing", "type": "c", "major": 1, "minor": 5}],
            "mounts": [{"hostPath": "/etc/hostname", "containerPath": "/thing", "options": ["ro", "bind"]}]}}]}))
    subprocess.run(["mkdir", "-p", "/etc/cdi"], check=True)
    target = f"/etc/cdi/{podman.name}.json"
    text = (directory / "vendor.json").read_text().replace("vendor.example", f"{podman.name}.example")
    with open(target, "w") as file:
        file.write(text)
    return podman.shell("echo $THING; stat -c '%t:%T' /dev/thing; head -c 2 /dev/thing | wc -c; test -s /thing; "
                        "echo $?", "--device", f"{podman.name}.example/thing=one")


@script.case
def hooks(podman):
    """--hooks-dir: a hook of each stage is run with the state, in order."""
    directory = podman.directory / "hooks"
    directory.mkdir()
    log = directory / "log"
    for stage in ("prestart", "createRuntime", "createContainer", "poststart", "poststop"):
        script = f"echo {stage} $(grep -c status)"
        (directory / f"{stage}.json").write_text(json.dumps({
            "version": "1.0.0", "when": {"always": True}, "stages": [stage],
            "hook": {"path": "/bin/sh", "args": ["sh", "-c", f"{script} >>{log}"], "env": ["PATH=/bin:/usr/bin"]}}))
    outcome = podman.try_("--hooks-dir", directory, "run", "--rm", "--network", "none", "localhost/box", "true")
    assert outcome.status == 0, outcome
    return log.read_text().splitlines()


@script.case(more=True)
def rootfs_option(podman):
    """--rootfs DIR: a container without an image."""
    shutil.copytree(busybox_root(), podman.directory / "rootfs", symlinks=True)
    outcome = podman.try_("run", "--rm", "--network", "none", "--rootfs", podman.directory / "rootfs", "echo", "ok")
    return outcome.seen()


if __name__ == "__main__":
    script.main()
