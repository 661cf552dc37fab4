# SPDX-License-Identifier: Apache-2.0
"""root, mounts, devices and links, masked and read-only paths, seen from inside."""
import contextlib
import os
import stat
import subprocess

import pytest
from house import IN_VM


def mount_rows(text):
    """/proc/self/mountinfo as {mount point: (options, optional fields, type, source, fs options)}."""
    rows = {}
    for line in text.splitlines():
        left, right = line.split(" - ", 1)
        fields, (kind, source, options) = left.split(), right.split(" ", 2)
        rows[fields[4]] = (fields[5].split(","), fields[6:], kind, source, options.split(","))
    return rows


def mounts(bundle):
    return mount_rows(bundle.run("exec cat /proc/self/mountinfo"))


def test_root_is_the_rootfs_alone(bundle):
    """Anything of the host's tree in sight is an escape."""
    (bundle.rootfs / "marker").write_text("x")
    assert "marker" in bundle.run("ls /").split()
    rows = mounts(bundle)
    assert not any(point.startswith(("/oldroot", "/work", "/home")) for point in rows)
    assert bundle.run("ls -d /../../../marker") == "/../../../marker\n"


def test_readonly_root(bundle):
    """An image shared by containers must not be changed by one of them."""
    bundle.config["root"]["readonly"] = True
    outcome = bundle.try_run("touch /new")
    assert outcome.status != 0 and "Read-only" in outcome.err
    assert "ro" in mounts(bundle)["/"][0]
    bundle.config["root"]["readonly"] = False
    bundle.run("touch /new")
    assert (bundle.rootfs / "new").exists()


def test_default_mounts(bundle):
    """What `tare spec` promises: every program expects these."""
    rows = mounts(bundle)
    assert {point: rows[point][2] for point in ("/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys")} \
        == {"/proc": "proc", "/dev": "tmpfs", "/dev/pts": "devpts", "/dev/shm": "tmpfs",
            "/dev/mqueue": "mqueue", "/sys": "sysfs"}
    assert {"nosuid", "noexec", "nodev"} <= set(rows["/dev/shm"][0])
    assert "ro" in rows["/sys"][0]


FLAGS = [("ro", "ro"), ("nosuid", "nosuid"), ("nodev", "nodev"), ("noexec", "noexec"),
         ("noatime", "noatime"), ("nodiratime", "nodiratime"), ("relatime", "relatime"),
         ("nosymfollow", "nosymfollow")]


@pytest.mark.parametrize("option, shown", FLAGS)
@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
def test_mount_flags(bundle, tmp_path, kind, option, shown):
    """A flag that is silently not applied leaves a volume writable, executable or full of devices."""
    (tmp_path / "volume").mkdir()
    if kind == "bind":
        bundle.mount("/mnt", "bind", tmp_path / "volume", ["bind", option])
    else:
        bundle.mount("/mnt", options=[option])
    assert shown in mounts(bundle)["/mnt"][0]


def test_tmpfs_options(bundle):
    """Size and mode protect memory and privacy."""
    bundle.mount("/mnt", options=["size=64k", "mode=1750", "uid=1000", "gid=1001"])
    assert bundle.run("stat -c '%a %u %g' /mnt") == "1750 1000 1001\n"
    assert "size=64k" in mounts(bundle)["/mnt"][4]
    assert bundle.try_run("dd if=/dev/zero of=/mnt/f bs=1k count=100").status != 0


def test_unknown_option_is_named(bundle):
    """A typo in an option must not become a mount without it."""
    bundle.mount("/mnt", options=["nosiud"])
    message = bundle.create_fails()
    assert f"/mounts/{len(bundle.config['mounts']) - 1}" in message and "nosiud" in message


def test_bind_file_and_directory(bundle, tmp_path):
    """Volumes and single files such as resolv.conf."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/inner").write_text("inner")
    (tmp_path / "file").write_text("file")
    bundle.config["root"]["readonly"] = False
    bundle.mount("/new/place", "bind", tmp_path / "dir", ["rbind"])
    bundle.mount("/etc/new.conf", "bind", tmp_path / "file", ["bind", "ro"])
    assert bundle.run("cat /new/place/inner /etc/new.conf") == "innerfile"
    assert bundle.try_run("echo >/etc/new.conf").status != 0
    assert (tmp_path / "file").read_text() == "file"


def test_relative_destination_is_below_the_root(bundle):
    """Allowed since runtime-spec 1.2."""
    bundle.mount("mnt")
    assert "/mnt" in mounts(bundle)


def test_recursive_readonly(bundle, tmp_path):
    """rro must reach the mounts inside a volume, ro only its top."""
    inner = tmp_path / "volume/sub"
    inner.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inner], check=True)
    bundle.mount("/all", "bind", inner.parent, ["rbind", "rro"])
    bundle.mount("/top", "bind", inner.parent, ["rbind", "ro"])
    rows = mounts(bundle)
    subprocess.run(["umount", inner], check=True)
    assert {point: "ro" in rows[point][0] for point in ("/all", "/all/sub", "/top", "/top/sub")} == {
        "/all": True, "/all/sub": True, "/top": True, "/top/sub": False}


def test_missing_bind_source_is_named(bundle):
    """Otherwise nobody knows which of twenty volumes is absent."""
    bundle.mount("/mnt", "bind", "/no/such/source", ["bind"])
    message = bundle.create_fails()
    assert f"/mounts/{len(bundle.config['mounts']) - 1}" in message
    assert "/no/such/source" in message and "No such file" in message


def test_tmpcopyup(bundle):
    """Images keep files below a directory that becomes a tmpfs."""
    (bundle.rootfs / "data/deep").mkdir(parents=True)
    (bundle.rootfs / "data/deep/file").write_text("kept")
    (bundle.rootfs / "data/link").symlink_to("deep/file")
    os.chown(bundle.rootfs / "data/deep/file", 7, 8)
    bundle.mount("/data", options=["tmpcopyup"])
    assert bundle.run("cat /data/link; stat -c ' %u %g' /data/deep/file; echo new >/data/x") == "kept 7 8\n"
    assert not (bundle.rootfs / "data/x").exists()


def test_mount_over_symlink_stays_in_the_root(bundle, tmp_path):
    """A symlink in an image must not send a mount to the host (CVE-2021-30465 and kin)."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (bundle.rootfs / "link").symlink_to(outside)
    (bundle.rootfs / "dots").symlink_to("../../../../../../../../../../tmp")
    bundle.config["root"]["readonly"] = False
    bundle.mount("/link/sub")
    bundle.mount("/dots/sub")
    rows = mounts(bundle)
    assert str(outside / "sub") in rows and "/tmp/sub" in rows
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("place", ["proc", "sys"])
def test_proc_and_sys_may_not_be_symlinks(bundle, place):
    """A symlinked /proc put label and sysctl writes under an attacker's control (CVE-2019-19921)."""
    (bundle.rootfs / place).rmdir()
    (bundle.rootfs / place).symlink_to("tmp")
    assert f"/{place}" in bundle.create_fails()


def test_dev_symlink_stays_in_the_root(bundle, tmp_path):
    """A /dev symlink in an image let device setup delete and create on the host (CVE-2026-41579)."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "ptmx").write_text("precious")
    (bundle.rootfs / "dev").rmdir()
    (bundle.rootfs / "dev").symlink_to(outside)
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if not row["destination"].startswith("/dev")]
    bundle.try_run("true")
    assert [path.name for path in outside.iterdir()] == ["ptmx"]
    assert (outside / "ptmx").read_text() == "precious"


def test_default_devices(bundle):
    """Every program needs /dev/null to be /dev/null."""
    out = bundle.run("stat -c '%n %t %T %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty")
    assert out.split("\n")[:-1] == ["/dev/null 1 3 666", "/dev/zero 1 5 666", "/dev/full 1 7 666",
                                    "/dev/random 1 8 666", "/dev/urandom 1 9 666", "/dev/tty 5 0 666"]
    assert bundle.run("echo lost >/dev/null; head -c 3 /dev/zero | od -An -tx1").split() == ["00"] * 3


def test_default_links(bundle):
    """Shell scripts use /dev/stdin and /dev/fd."""
    names = ("fd", "stdin", "stdout", "stderr", "core", "ptmx")
    out = bundle.run("for n in %s; do readlink /dev/$n; done" % " ".join(names))
    assert out.split() == ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/proc/kcore",
                           "pts/ptmx"]


def test_devices(bundle):
    """Devices a config adds: type, numbers, mode and owner."""
    bundle.linux["devices"] = [
        {"path": "/dev/some", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 5, "gid": 6},
        {"path": "/dev/deep/block", "type": "b", "major": 7, "minor": 200},
        {"path": "/dev/queue", "type": "p"}]
    out = bundle.run("stat -c '%F %t %T %a %u %g' /dev/some; stat -c '%F %t %T' /dev/deep/block; stat -c %F /dev/queue")
    assert out.splitlines() == ["character special file 1 3 640 5 6", "block special file 7 c8", "fifo"]


def allow_capabilities(bundle, *names):
    for kind in ("bounding", "effective", "permitted"):
        listed = bundle.process["capabilities"][kind]
        listed += [name for name in names if name not in listed]


def test_unlisted_device_is_refused(bundle):
    """A container that may make and open any device owns the host's disks."""
    bundle.resources["devices"] = [{"allow": False, "access": "rwm"}]
    allow_capabilities(bundle, "CAP_MKNOD")
    out = bundle.run("mknod /dev/disk b 8 0; mknod /dev/kmsg c 1 11; head -c 1 /dev/kmsg; true; "
                     "head -c 1 /dev/zero >/dev/null && echo zero")
    assert out == "zero\n"
    outcome = bundle.try_run("mknod /dev/kmsg c 1 11 && head -c 1 /dev/kmsg")
    assert outcome.status != 0 and "not permitted" in outcome.err


def test_allowed_device(bundle):
    """What the config allows must work, with just that access."""
    bundle.resources["devices"] = [{"allow": False, "access": "rwm"},
                                   {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}]
    bundle.linux["devices"] = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}]
    allow_capabilities(bundle, "CAP_SYSLOG")
    assert bundle.run("exec 3</dev/kmsg && echo open") == "open\n"
    assert bundle.try_run("exec 3>/dev/kmsg && echo open").out == ""


def test_masked_paths(bundle):
    """/proc/kcore and friends hold the host's memory and settings."""
    (bundle.rootfs / "secret").mkdir()
    (bundle.rootfs / "secret/file").write_text("x")
    (bundle.rootfs / "etc/secret").write_text("x")
    bundle.linux["maskedPaths"] = ["/secret", "/etc/secret", "/not/there"]
    assert bundle.run("ls -a /secret; cat /etc/secret; wc -c </etc/secret").split() == [".", "..", "0"]
    assert bundle.try_run("touch /secret/new").status != 0


def test_dev_null_of_the_image(bundle):
    """A fake /dev/null in an image turned a masked path into a writable one (CVE-2025-31133): it is no default device."""
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if not row["destination"].startswith("/dev")]
    (bundle.rootfs / "etc/secret").write_text("x")
    bundle.linux["maskedPaths"] = ["/etc/secret"]
    for fake in (lambda path: path.symlink_to("/proc/sys/kernel/core_pattern"), lambda path: path.write_text("x")):
        fake(bundle.rootfs / "dev/null")
        assert "default device (/dev/null): mknodat /dev/null is something else" in bundle.create_fails()
        (bundle.rootfs / "dev/null").unlink()
    assert bundle.run("cat /etc/secret; stat -c '%F %t:%T' /etc/secret") == "character special file 1:3\n"


def test_readonly_paths(bundle):
    """/proc/sys writable from inside changes the host."""
    (bundle.rootfs / "data/sub").mkdir(parents=True)
    bundle.config["root"]["readonly"] = False
    bundle.linux["readonlyPaths"] = ["/data", "/proc/sys", "/not/there"]
    assert bundle.try_run("touch /data/sub/x").status != 0
    assert bundle.try_run("echo x >/proc/sys/kernel/hostname").status != 0


@contextlib.contextmanager
def mounted(place, *args):
    """A mount of the host's that shares what is mounted below it."""
    subprocess.run(["mount", *args, place], check=True)
    subprocess.run(["mount", "--make-shared", place], check=True)
    yield
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize("name, field, follows", [("private", None, False), ("slave", "master:", True),
                                                  ("shared", "shared:", False), ("unbindable", "unbindable", False)])
@pytest.mark.parametrize("recursive", ["", "r"])
def test_rootfs_propagation(bundle, name, field, follows, recursive):
    """What is mounted in the root on the host later appears inside, or must not. A shared root is its own, not the
    host's: pivot_root(2) takes no other."""
    bundle.linux["rootfsPropagation"] = recursive + name
    with mounted(bundle.rootfs, "--bind", bundle.rootfs):
        container = bundle.shell("exec sleep 1000000").start()
        with mounted(bundle.rootfs / "tmp", "-t", "tmpfs", "late"):
            rows = mount_rows(container.exec("cat", "/proc/self/mountinfo"))
        container.remove()
    assert [text.partition(":")[0] for text in rows["/"][1]] == ([field.rstrip(":")] if field else [])
    assert ("/tmp" in rows) == follows


@pytest.mark.parametrize("option, root, follows, leads", [
    ("rprivate", "rslave", False, False), ("rslave", "rslave", True, False), ("rshared", "rshared", True, True),
    ("rslave", "rshared", True, False)])
def test_propagation_of_a_volume(bundle, tmp_path, option, root, follows, leads):
    """HostToContainer and Bidirectional of Kubernetes: storage drivers mount in a container for the whole node."""
    volume = tmp_path / "volume"
    volume.mkdir()
    bundle.linux["rootfsPropagation"] = root
    bundle.mount("/tmp", "bind", volume, ["rbind", option])
    allow_capabilities(bundle, "CAP_SYS_ADMIN")
    with mounted(volume, "-t", "tmpfs", "volume"):
        for name in ("host", "inside"):
            (volume / name).mkdir()
        container = bundle.shell("exec sleep 1000000").start()
        container.exec("mount", "-t", "tmpfs", "inner", "/tmp/inside")
        with mounted(volume / "host", "-t", "tmpfs", "late"):
            rows = mount_rows(container.exec("cat", "/proc/self/mountinfo"))
        with open("/proc/self/mountinfo") as file:
            own = mount_rows(file.read())
        container.remove()
    assert ("/tmp/host" in rows, str(volume / "inside") in own) == (follows, leads)


def test_mounts_inside_do_not_reach_the_host(bundle):
    """A mount that propagates to the host outlives the container."""
    bundle.run("mount -t tmpfs none /mnt 2>/dev/null; true")
    with open("/proc/self/mountinfo") as own:
        assert str(bundle.rootfs) not in own.read()


def test_sysctl(bundle):
    """Networked services need their sysctls, the host must not get them."""
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1",
                              "net/ipv4/ping_group_range": "0 100"}
    with open("/proc/sys/kernel/shm_rmid_forced") as own:
        before = own.read()
    out = bundle.run("cd /proc/sys; cat net/ipv4/ip_forward kernel/shm_rmid_forced net/ipv4/ping_group_range")
    assert out.split() == ["1", "1", "0", "100"]
    with open("/proc/sys/kernel/shm_rmid_forced") as own:
        assert own.read() == before


@pytest.mark.parametrize("name", ["kernel.core_pattern", "vm.swappiness", "net.ipv4/../../kernel.core_pattern"])
def test_sysctl_of_the_host_is_refused(bundle, name):
    """A sysctl without a namespace would change the host."""
    bundle.linux["sysctl"] = {name: "1"}
    assert "/linux/sysctl" in bundle.create_fails()


def test_no_descriptor_of_the_host_is_inside(bundle):
    """A leaked directory descriptor is a door to the host (CVE-2024-21626)."""
    root = os.open("/", os.O_PATH)
    out = bundle.run("ls -l /proc/self/fd", pass_fds=[root])
    os.close(root)
    links = [line.split(" -> ")[1] for line in out.splitlines() if " -> " in line]
    assert len(links) <= 4 and "/" not in links


@pytest.mark.parametrize("number", range(3, 12))
def test_cwd_through_a_descriptor_is_refused(bundle, number):
    """process.cwd = /proc/self/fd/N led out of the container (CVE-2024-21626)."""
    bundle.process["cwd"] = f"/proc/self/fd/{number}"
    outcome = bundle.try_run("cat /proc/self/mountinfo >/dev/null; ls ../../../../../../etc/hostname")
    assert outcome.status != 0


def test_runtime_is_out_of_reach(bundle):
    """A container that writes to the runtime's binary owns the host (CVE-2019-5736)."""
    bundle.process["args"] = ["/proc/self/exe", "true"]
    outcome = bundle.try_run()
    assert outcome.status != 0
    container = bundle.shell("exec sleep 1000000").create()
    image = os.stat(f"/proc/{container.pid}/exe")
    program = os.stat(bundle.tare.program)
    assert (image.st_dev, image.st_ino) != (program.st_dev, program.st_ino)
    container.remove()


def test_mqueue_and_shm_are_private(bundle):
    """Shared memory of the host must not be reachable."""
    name = f"tare-test.{os.getpid()}"  # another run may be on the same host
    with open(f"/dev/shm/{name}", "w"):
        pass
    try:
        assert name not in bundle.run("ls /dev/shm")
    finally:
        os.unlink(f"/dev/shm/{name}")


def test_cgroup_mount(bundle):
    """Programs read their limits below /sys/fs/cgroup."""
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"])
    bundle.namespace("cgroup")
    out = bundle.run("cat /sys/fs/cgroup/cgroup.procs; cat /proc/self/cgroup")
    assert "1" in out.split()
    assert "0::/" in out.splitlines()
    if IN_VM:
        assert bundle.try_run("mkdir /sys/fs/cgroup/x").status != 0


def test_rootfs_that_is_a_mount_of_its_own(bundle, tmp_path):
    """Engines hand over an overlay mount as root."""
    upper, work, merged = (tmp_path / name for name in ("upper", "work", "merged"))
    for path in (upper, work, merged):
        path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", merged], check=True)
    try:
        subprocess.run(["cp", "-a", f"{bundle.rootfs}/.", merged], check=True)
        bundle.config["root"] = {"path": str(merged), "readonly": False}
        assert bundle.run("touch /x; echo fine") == "fine\n"
        assert stat.S_ISREG(os.stat(merged / "x").st_mode)
    finally:
        subprocess.run(["umount", merged], check=True)
