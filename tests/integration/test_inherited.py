# SPDX-License-Identifier: Apache-2.0
"""Namespaces that a config does not list: the container has the runtime's (config-linux.md), that of mounts too."""
import json
import os
import signal
import subprocess

import pytest
from house import alive, wait_for_program, wait_until
import leaks

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts of the host take root")
NAMES = {"cgroup": "cgroup", "ipc": "ipc", "mount": "mnt", "network": "net", "pid": "pid", "uts": "uts"}


@pytest.fixture
def inheriting(bundle):
    bundle.without_namespace("mount")
    return bundle.shell("exec sleep 1000000")


def without_any(bundle):
    bundle.linux["namespaces"] = []
    bundle.config.pop("hostname", None)
    return bundle


def places_of(bundle):
    """What is mounted for its tare's containers in the session's mount namespace."""
    return [path for path in leaks.mounts() if path.startswith(f"{bundle.tare.root}/")]


@pytest.mark.parametrize("kind", NAMES)
def test_each(bundle, kind):
    """A container that is to share one namespace with the host has a new one, or another with it."""
    bundle.without_namespace(kind)
    if kind == "uts":
        bundle.config.pop("hostname", None)
    seen = dict(line.split() for line in bundle.run(
        "for n in cgroup ipc mnt net pid uts; do echo $n $(readlink /proc/self/ns/$n); done").splitlines())
    assert {name for name in NAMES.values() if seen[name] == os.readlink(f"/proc/self/ns/{name}")} == {NAMES[kind]}


def test_none_at_all(bundle):
    """The whole of the host's namespaces, and a root and mounts of its own: what a chroot is used for."""
    container = without_any(bundle).shell("echo up; exec sleep 1000000").start()
    for name in NAMES.values():
        assert os.readlink(f"/proc/{container.pid}/ns/{name}") == os.readlink(f"/proc/self/ns/{name}"), name
    assert os.readlink(f"/proc/{container.pid}/root") == f"{bundle.tare.root}/{container.id}/root"
    assert container.exec("ls", "/") == container.exec("ls", f"/proc/{container.pid}/root/")
    container.remove()
    assert places_of(bundle) == []


def test_root_and_mounts(inheriting, tmp_path):
    """All that a config says of its file systems holds, and nothing of it stays on the host."""
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "file").write_text("of the host\n")
    inheriting.config["root"]["readonly"] = True
    inheriting.mount("/volume", "bind", volume, ["bind", "ro"])
    inheriting.mount("/tmp", options=["size=64k,mode=1777"])
    inheriting.linux["maskedPaths"] = ["/proc/interrupts", "/sys/firmware"]
    inheriting.linux["readonlyPaths"] = ["/proc/sys"]
    before = leaks.mounts()
    out = inheriting.run("""cat /volume/file; for f in /x /volume/x /proc/sys/vm/swappiness /tmp/x; do
        (: > $f) 2>/dev/null && echo $f; done; wc -c < /proc/interrupts; ls -A /sys/firmware | head -n 3; ls -d /dev/pts/ptmx; pwd
        : > /dev/null && echo null""")
    assert out.split() == ["of", "the", "host", "/tmp/x", "0", "/dev/pts/ptmx", "/", "null"]
    assert leaks.mounts() == before


def test_no_other_mount_namespace_sees_them(inheriting):
    """On a booted system all mounts are shared, with services that have namespaces of their own: what stayed there
    would keep a disk busy for as long as they run."""
    other = subprocess.Popen(["unshare", "--mount", "--propagation", "slave", "sleep", "1000000"])
    wait_for_program(other.pid, "sleep")
    try:
        def theirs():
            with open(f"/proc/{other.pid}/mountinfo", encoding="utf-8") as file:
                return [line.split()[4] for line in file if f"{inheriting.tare.root}/" in line]
        container = inheriting.start()
        assert len(places_of(inheriting)) > 5 and len(theirs()) == 1
        container.remove()
        assert theirs() == places_of(inheriting) == []
    finally:
        other.kill()
        other.wait()


def test_volumes_do_not_show_what_is_mounted_in_them(inheriting, tmp_path):
    """A tmpfs inside of a volume is the container's, not the host's."""
    volume = tmp_path / "volume"
    (volume / "inner").mkdir(parents=True)
    inheriting.mount("/volume", "bind", volume, ["rbind"])
    inheriting.mount("/volume/inner")
    subprocess.run(["mount", "--bind", volume, volume], check=True)
    try:
        container = inheriting.shell(": > /volume/inner/mine; exec sleep 1000000").start()
        wait_until(lambda: "mine" in container.exec("ls", "/volume/inner"))
        assert list((volume / "inner").iterdir()) == []
        container.remove()
    finally:
        subprocess.run(["umount", volume], check=True)


@pytest.mark.parametrize("new", ["pid", None])
def test_exec_is_in_the_root(inheriting, new):
    """No namespace leads to it: an exec would be in the host's root with all the rights that the config gives."""
    if not new:
        without_any(inheriting)
    (inheriting.rootfs / "mark").touch()
    container = inheriting.start()
    seen = container.exec("sh", "-c", "ls -d /mark; pwd; readlink /proc/self/root; cd ..; pwd; ls /proc/self/fd | wc -l")
    assert seen.split() == ["/mark", "/", "/", "/", "4"]
    assert container.exec("--cwd", "/tmp", "pwd") == "/tmp\n"
    container.remove()


def test_failed_create_leaves_nothing(inheriting):
    """A program that is not there, a hook that fails behind the mounts: the second try must find the root as it was."""
    inheriting.process["args"] = ["/bin/not-there"]
    assert "/process/args/0" in inheriting.create_fails()
    assert places_of(inheriting) == []
    inheriting.shell("true")
    inheriting.config["hooks"] = {"createContainer": [{"path": "/bin/false"}]}
    assert "/hooks/createContainer/0" in inheriting.create_fails()
    assert places_of(inheriting) == []


def test_killed_create(inheriting, tare, tmp_path):
    """The runtime is killed with the mounts made: delete --force knows of them."""
    inheriting.config["hooks"] = {"createContainer": [{"path": "/bin/sh", "args": [
        "sh", "-c", f"echo > {tmp_path}/there; exec sleep 1000000"]}]}
    inheriting.write()
    os.mkfifo(tmp_path / "there")
    id = tare.new_id()
    process = tare.start_process("create", "--bundle", inheriting.path, id)
    with open(tmp_path / "there", encoding="utf-8"):
        assert places_of(inheriting) != []
    process.send_signal(signal.SIGKILL)
    process.wait()
    tare("delete", "--force", id)
    assert places_of(inheriting) == [] and tare.ids() == []


def test_one_root_for_two(inheriting):
    """Two containers of one root file system: each has its own mounts, and is deleted without the other's."""
    inheriting.mount("/tmp")
    first, second = (inheriting.start() for _ in range(2))
    first.exec("touch", "/tmp/of-the-first")
    assert second.exec("ls", "/tmp") == ""
    first.remove()
    assert second.exec("sh", "-c", "echo x > /dev/null; ls /proc/self/fd | wc -l; ls /tmp") == "4\n"
    second.remove()
    assert places_of(inheriting) == []


def test_damaged_state(inheriting):
    """What delete --force cannot read must not make it empty the root file system that is mounted in the directory."""
    container = inheriting.start()
    (inheriting.tare.root / container.id / "state.json").write_text("{")
    container.remove()
    assert places_of(inheriting) == [] and (inheriting.rootfs / "bin/sh").exists()


def test_of_a_user_namespace(inheriting):
    """Its root may not mount anything on the host: said ahead, with what to add."""
    inheriting.namespace("user")
    for kind in ("uidMappings", "gidMappings"):
        inheriting.linux[kind] = [{"containerID": 0, "hostID": 200000, "size": 65536}]
    message = inheriting.create_fails()
    assert "/linux/namespaces" in message and "needs a mount namespace" in message
    assert "needs a mount namespace" in inheriting.tare.try_("validate", "--bundle", inheriting.path).out


def test_what_needs_one(inheriting, tare, tmp_path):
    """Mounts that are added to a running container, and its image, take a mount namespace."""
    container = inheriting.start()
    more = json.dumps([{"destination": "/more", "type": "tmpfs", "source": "tmpfs"}])
    assert "no mount namespace of its own" in tare.fails("mounts", "add", container.id, "-", input=more)
    assert "/linux/namespaces: CRIU needs" in tare.fails("checkpoint", "--image-path", tmp_path / "image", container.id)
    assert alive(container.pid)
    container.remove()
