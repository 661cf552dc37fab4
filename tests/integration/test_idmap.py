# SPDX-License-Identifier: Apache-2.0
"""Mounts whose ids are mapped, and places that the root of a user namespace has no path to."""
import os
import pathlib
import stat
import subprocess

import pytest
from test_filesystem import allow_capabilities, mounts

BASE = 100000


def user_namespace(bundle, base=BASE):
    """A user namespace whose root is BASE on the host, and a root file system that is theirs."""
    bundle.namespace("user")
    for kind in ("uidMappings", "gidMappings"):
        bundle.linux[kind] = [{"containerID": 0, "hostID": base, "size": 65536}]
    for path in [bundle.rootfs, *bundle.rootfs.rglob("*")]:
        os.lchown(path, base, base)


def open_the_way(path):
    """pytest's directories are 0700: lets everybody through."""
    for parent in [path, *path.parents]:
        if parent.stat().st_mode & 0o111 != 0o111:
            os.chmod(parent, parent.stat().st_mode | 0o111)


def options(bundle, *more, **fields):
    bundle.config["mounts"][-1]["options"] += more
    bundle.config["mounts"][-1].update(fields)


def kernel_is_before(major, minor):
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2]) < (major, minor)


def shell(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def disk(tmp_path):
    """A directory on a file system that can map ids: tmpfs can since Linux 6.3, ext4 in all."""
    path = tmp_path / "disk"
    path.mkdir()
    if not kernel_is_before(6, 3):
        shell(f"mount -t tmpfs -o mode=755 none {path}")
    else:
        shell("modprobe loop; modprobe ext4")
        shell(f"truncate -s 16M {path}.image; mkfs.ext4 -q {path}.image; mount -o loop {path}.image {path}")
    yield path
    shell(f"umount {path}")


@pytest.fixture
def volume(disk):
    """A directory with files of root, of 5:6, and one of an id far away."""
    path = disk / "volume"
    path.mkdir()
    for name, uid, gid in (("root", 0, 0), ("some", 5, 6), ("far", 300000, 300000)):
        (path / name).write_text(name)
        os.chown(path / name, uid, gid)
    return path


SHOW = "cd /mnt; stat -c '%n %u %g' root some far"


def mapping(container, host, size):
    return [{"containerID": container, "hostID": host, "size": size}]


def test_idmap_shows_the_disks_ids_in_a_user_namespace(bundle, volume):
    """A pod with a user namespace could neither read nor own anything on its volumes."""
    user_namespace(bundle)
    allow_capabilities(bundle, "CAP_CHOWN")
    bundle.mount("/mnt", "bind", volume, ["rbind", "idmap"])
    out = bundle.run(SHOW + "; echo new >made; mkdir dir; chown 7:8 dir")
    assert out.splitlines() == ["root 0 0", "some 5 6", "far 65534 65534"]
    made, directory = (volume / "made").stat(), (volume / "dir").stat()
    assert (made.st_uid, made.st_gid, directory.st_uid, directory.st_gid) == (0, 0, 7, 8)


def test_without_idmap_the_hosts_ids_are_nobodys(bundle, volume):
    """The volume of one container must not be owned by the root of another by accident."""
    user_namespace(bundle)
    bundle.mount("/mnt", "bind", volume, ["rbind"])
    assert bundle.run(SHOW).splitlines()[0] == "root 65534 65534"
    assert bundle.try_run("echo new >/mnt/made").status != 0


@pytest.mark.parametrize("user", [False, True])
def test_mappings_of_a_mount(bundle, volume, user):
    """Volumes made for other ids are shared by mapping them, with and without a user namespace."""
    base = BASE if user else 0
    if user:
        user_namespace(bundle)
    bundle.mount("/mnt", "bind", volume, ["bind", "idmap"])
    options(bundle, uidMappings=mapping(0, base + 1000, 10), gidMappings=mapping(0, base + 2000, 10))
    assert bundle.run(SHOW).splitlines() == ["root 1000 2000", "some 1005 2006", "far 65534 65534"]


def test_mappings_without_an_option_are_applied(bundle, volume):
    """A mapping that is passed over shows other people's files."""
    bundle.mount("/mnt", "bind", volume, ["bind"])
    options(bundle, uidMappings=mapping(0, 1000, 10), gidMappings=mapping(0, 1000, 10))
    assert bundle.run(SHOW).splitlines()[1] == "some 1005 1006"


@pytest.mark.parametrize("text, shown", [
    ("uids=0-100-10;gids=0-200-10", "some 105 206"),
    ("uids=0-100-3#5-40-1;gids=6-60-1", "some 40 60"),
])
def test_mappings_in_an_option(bundle, volume, text, shown):
    """Podman's volumes with idmap=uids=... come like this."""
    bundle.mount("/mnt", "bind", volume, ["bind", "idmap=" + text])
    assert bundle.run(SHOW).splitlines()[1] == shown


def test_relative_mappings_in_an_option(bundle, volume):
    """With @ the ids are the container's, wherever those are on the host."""
    user_namespace(bundle)
    bundle.mount("/mnt", "bind", volume, ["bind", "idmap=uids=@5-70-1;gids=@6-80-1"])
    assert bundle.run(SHOW).splitlines()[1] == "some 70 80"


@pytest.mark.parametrize("option, inner", [("ridmap", "5 6"), ("idmap", "65534 65534")])
def test_recursion(bundle, volume, disk, option, inner):
    """What is mounted inside a volume keeps its ids with idmap, and is mapped with ridmap."""
    user_namespace(bundle)
    (volume / "sub").mkdir()
    other = disk / "other"
    other.mkdir()
    (other / "file").write_text("x")
    os.chown(other / "file", 5, 6)
    shell(f"mount --bind {other} {volume}/sub")
    try:
        bundle.mount("/mnt", "bind", volume, ["rbind", option])
        out = bundle.run("stat -c '%u %g' /mnt/some /mnt/sub/file").splitlines()
    finally:
        shell(f"umount {volume}/sub")
    assert out == ["5 6", inner]


@pytest.mark.skipif(kernel_is_before(6, 3), reason="tmpfs can map ids since Linux 6.3")
@pytest.mark.parametrize("user", [False, True])
def test_new_file_system_with_mapped_ids(bundle, user):
    """A tmpfs with a mapping, as crun makes it."""
    if user:
        user_namespace(bundle)
    bundle.mount("/mnt", "tmpfs", options=["mode=755", "size=64k", "idmap"])
    base = BASE if user else 0
    options(bundle, uidMappings=mapping(0, base + 0, 1000), gidMappings=mapping(0, base + 0, 1000))
    assert bundle.run("echo x >/mnt/f; stat -c '%u %g' /mnt/f").split() == ["0", "0"]
    assert "size=64k" in mounts(bundle)["/mnt"][4]


def test_attributes_of_a_mapped_mount(bundle, volume):
    """A read-only volume stays one."""
    user_namespace(bundle)
    bundle.mount("/mnt", "bind", volume, ["bind", "ro", "nosuid", "nodev", "noexec", "idmap"])
    assert {"ro", "nosuid", "nodev", "noexec", "idmapped"} <= set(mounts(bundle)["/mnt"][0])
    assert "Read-only" in bundle.try_run("echo >/mnt/root").err


def test_joined_user_namespace(bundle, volume, new_bundle):
    """The containers of a pod share its user namespace."""
    user_namespace(bundle)
    open_the_way(bundle.rootfs)
    sandbox = bundle.shell("exec sleep 1000000").start()
    other = new_bundle()
    user_namespace(other)
    other.namespace("user", f"/proc/{sandbox.pid}/ns/user")
    other.mount("/mnt", "bind", volume, ["bind", "idmap"])
    outcome = other.try_run(SHOW)
    sandbox.remove()
    assert outcome.out.splitlines()[1] == "some 5 6"


@pytest.mark.parametrize("change, said", [
    (lambda b: b.mount("/mnt", "bind", "/tmp", ["bind", "idmap"]), "user namespace"),
    (lambda b: b.mount("/mnt", "bind", "/tmp", ["bind", "idmap=uids=0-1-10"]), "gids="),
    (lambda b: b.mount("/mnt", "bind", "/tmp", ["bind", "idmap=uids=0-1;gids=0-1-1"]), "FROM-TO-COUNT"),
    (lambda b: b.mount("/mnt", "bind", "/tmp", ["bind", "idmap=uids=0-1-0;gids=0-1-1"]), "FROM-TO-COUNT"),
    (lambda b: b.mount("/mnt", "bind", "/tmp", ["bind", "idmap=uids=@0-1-1;gids=0-1-1"]), "@"),
    (lambda b: b.mount("/mnt", "bind", "/tmp", ["bind", "idmap=pids=0-1-1"]), "pids="),
    (lambda b: b.mount("/mnt", "proc", "proc", ["idmap=uids=0-1-1;gids=0-1-1"]), "proc cannot map ids"),
])
def test_bad_mappings_are_named(bundle, change, said):
    """A mapping that is not understood must not become a mount without it."""
    change(bundle)
    message = bundle.create_fails()
    assert f"/mounts/{len(bundle.config['mounts']) - 1}" in message and said in message, message


def test_file_system_that_cannot_is_named(bundle):
    """Which of twenty volumes, on what, and what to do about it."""
    bundle.mount("/mnt", "bind", "/proc/sys", ["bind", "idmap=uids=0-1-1;gids=0-1-1"])
    message = bundle.create_fails()
    assert "(destination /mnt)" in message and "proc" in message and "ids" in message


@pytest.fixture
def hidden(tmp_path):
    """Below a directory that only the host's root may enter."""
    path = tmp_path / "hidden"
    (path / "volume").mkdir(parents=True)
    (path / "volume/file").write_text("found")
    os.chown(path / "volume", BASE, BASE)
    os.chmod(path, 0o700)
    return path


def test_volume_below_a_closed_directory(bundle, hidden):
    """/var/lib/kubelet is 0700: no volume could be used from a user namespace."""
    user_namespace(bundle)
    bundle.mount("/mnt", "bind", hidden / "volume", ["rbind", "nosuid"])
    assert bundle.run("cat /mnt/file; echo x >/mnt/new") == "found"
    assert (hidden / "volume/new").stat().st_uid == BASE
    assert "nosuid" in mounts(bundle)["/mnt"][0]


@pytest.mark.parametrize("options", [["rbind", "ro"], ["rbind", "ro", "idmap"]])
@pytest.mark.parametrize("of_the_host", [False, True])
def test_read_only_copies_stay_so(bundle, hidden, options, of_the_host):
    """A mount that the host lane copies has flags that are not locked: what keeps a workload from changing them is
    that it lacks CAP_SYS_ADMIN (SECURITY.md)."""
    user_namespace(bundle)
    if of_the_host:
        options = [option for option in options if option != "ro"]
        shell(f"mount --bind {hidden}/volume {hidden}/volume; mount -o remount,bind,ro {hidden}/volume")
    try:
        bundle.mount("/mnt", "bind", hidden / "volume", options)
        outcome = bundle.try_run("mount -o remount,bind,rw /mnt; echo x >/mnt/file; unshare -r -m sh -c "
                                 "'mount -o remount,bind,rw /mnt; echo x >/mnt/file'; cat /mnt/file")
    finally:
        if of_the_host:
            shell(f"umount {hidden}/volume")
    if "idmap" in options and "mapping the ids" in outcome.err:
        pytest.skip("the file system cannot map ids")
    assert outcome.out == "found" and (hidden / "volume/file").read_text() == "found", outcome


def test_links_and_devices_below_a_closed_directory(bundle, hidden):
    """/etc/localtime of a hidden tree stays a link, and a disk below a closed directory of /dev is there."""
    user_namespace(bundle)
    (hidden / "link").symlink_to("UTC")
    (hidden / "file").write_text("plain")
    bundle.mount("/etc/localtime", "bind", hidden / "link", ["bind", "ro", "copy-symlink"])
    bundle.mount("/etc/plain", "bind", hidden / "file", ["bind", "copy-symlink"])
    device = hidden / "device"
    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    os.chmod(device, 0o666)
    bundle.linux["devices"] = [{"path": str(device), "type": "c", "major": 1, "minor": 5}]
    out = bundle.run(f"readlink /etc/localtime; cat /etc/plain; echo; head -c 3 {device} | wc -c")
    assert out.split() == ["UTC", "plain", "3"]


@pytest.mark.parametrize("pivot", [(), ("--no-pivot",)])
@pytest.mark.parametrize("propagation", [None, "shared", "private"])
def test_rootfs_below_a_closed_directory(bundle, hidden, pivot, propagation):
    """The storage of engines is below 0700 directories, too."""
    user_namespace(bundle)
    if propagation:
        bundle.linux["rootfsPropagation"] = propagation
    os.rename(bundle.rootfs, hidden / "rootfs")
    bundle.config["root"]["path"] = str(hidden / "rootfs")
    (hidden / "rootfs/marker").write_text("x")
    out = bundle.run("ls /; ls -d /../marker; cat /proc/self/mountinfo; umount /proc 2>/dev/null; true", *pivot)
    assert "marker" in out.split() and "/../marker" in out.split()
    roots = [line.split() for line in out.splitlines() if " - " in line and line.split()[4] == "/"]
    assert pivot or len(roots) == 1, roots
    assert ("shared:" in roots[-1][6]) == (propagation == "shared")


def test_nothing_of_a_hidden_volume_reaches_the_host(bundle, hidden):
    """A mount that a container makes in its volume must not appear on the host."""
    user_namespace(bundle)
    allow_capabilities(bundle, "CAP_SYS_ADMIN")
    (hidden / "volume/sub").mkdir()
    os.chown(hidden / "volume/sub", BASE, BASE)
    shell(f"mount --bind {hidden}/volume {hidden}/volume; mount --make-shared {hidden}/volume")
    try:
        bundle.mount("/mnt", "bind", hidden / "volume", ["rbind"])
        out = bundle.run(f"mount -t tmpfs none /mnt/sub && grep -c /mnt/sub /proc/self/mountinfo; cat /mnt/file")
        own = pathlib.Path("/proc/self/mountinfo").read_text()
    finally:
        shell(f"umount -l {hidden}/volume")
    assert out == "1\nfound" and f"{hidden}/volume/sub" not in own


def test_plan_shows_who_opens_what(bundle, hidden):
    """What happens must be seen ahead of time."""
    user_namespace(bundle)
    bundle.mount("/mnt", "bind", hidden / "volume", ["rbind"])
    bundle.mount("/tmp", "bind", "/usr", ["rbind"])
    text = bundle.write().tare("plan", "--bundle", bundle.path)
    rows = [line.split() for line in text.splitlines()]
    assert any(row[:2] == ["host", "host-tree"] and f"source={hidden}/volume" in row for row in rows)
    assert any(row[:2] == ["init", "tree"] and "source=/usr" in row for row in rows)
