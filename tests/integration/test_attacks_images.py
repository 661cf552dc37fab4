# SPDX-License-Identifier: Apache-2.0
"""Image trees whose places are symlinks to the host: what the runtime makes and mounts must stay inside.

CVE-2019-18837, CVE-2021-30465, CVE-2024-45310, CVE-2025-24965, CVE-2026-41579, CVE-2026-47766 and their kin."""
import os
import shlex
import shutil
import stat
import subprocess

import pytest

SECRET = "a secret of the host"


def snapshot(directory):
    """All that a runtime could change there."""
    seen = {}
    for path in [directory, *sorted(directory.rglob("*"))]:
        status = path.lstat()
        text = path.read_text() if stat.S_ISREG(status.st_mode) else ""
        seen[str(path)] = (status.st_mode, status.st_uid, status.st_gid, status.st_ctime_ns, text)
    return seen


@pytest.fixture
def outside(tmp_path):
    """A part of the host that no container has."""
    path = tmp_path / "outside"
    path.mkdir()
    for name in ("ptmx", "null", "secret", "fd", "console"):
        (path / name).write_text(SECRET)
    for name in ("shm", "pts", "sub"):
        (path / name).mkdir()
        (path / name / "secret").write_text(SECRET)
    return path


def plant(bundle, place, target):
    """Makes a place of the image a symlink."""
    path = bundle.rootfs / place
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    bundle.config["root"]["readonly"] = False


def without_dev(bundle):
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if not row["destination"].startswith("/dev")]


def leads_out(bundle, place, outside, more=""):
    """A runtime that adds strings would write outside."""
    script = f'cd /; echo x 2>/dev/null >"{bundle.rootfs}/{place}{more}/touched" || ' \
             f'echo x >"{bundle.rootfs}/{place}{more}"'
    before = snapshot(outside)
    subprocess.run([*bundle.tare.become, "sh", "-c", script], check=True)
    changed = snapshot(outside) != before
    for path in outside.rglob("touched"):
        path.unlink()
    for name in ("ptmx", "null", "secret", "fd", "console"):
        (outside / name).write_text(SECRET)
    return changed


def targets(outside, name):
    """Ways to say the same place."""
    return {"absolute": f"{outside}/{name}".rstrip("/"),
            "relative": f"../../../../../../../../../../../../{outside}/{name}".rstrip("/"),
            "chain": f"/proc/self/root/{outside}/{name}".rstrip("/"),
            "magic": f"/proc/{os.getpid()}/root{outside}/{name}".rstrip("/")}


def survives(bundle, outside, script="true"):
    """Whatever becomes of the container, outside is as it was and was not read."""
    before = snapshot(outside)
    outcome = bundle.try_run(script)
    assert snapshot(outside) == before
    assert SECRET not in outcome.out
    return outcome


WAYS = ("absolute", "relative", "chain", "magic")
PLACES = [("dev", ""), ("dev/pts", "pts"), ("dev/shm", "shm"), ("dev/null", "null"), ("dev/ptmx", "ptmx"),
          ("dev/console", "console"), ("dev/fd", "fd"), ("proc", ""), ("sys", ""), ("tmp", "sub"), ("etc", ""),
          ("run", "sub")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place, name", PLACES)
def test_image_without_dev(bundle, outside, place, name, way):
    """Podman and containerd let images bring their /dev: its nodes and links are made in the image."""
    without_dev(bundle)
    plant(bundle, place, targets(outside, name)[way])
    assert leads_out(bundle, place, outside)
    survives(bundle, outside, f"for f in /{place}/secret /{place}; do test -f $f && cat $f; done")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place, name", PLACES)
def test_default_mounts(bundle, outside, place, name, way):
    """The config of `spec`, as every engine sends something like it."""
    plant(bundle, place, targets(outside, name)[way])
    assert leads_out(bundle, place, outside)
    survives(bundle, outside, f"for f in /{place}/secret /{place}; do test -f $f && cat $f; done")


@pytest.mark.parametrize("place", ["proc", "sys"])
@pytest.mark.parametrize("target", ["tmp", "/tmp", "/proc/self/cwd", "../etc"])
def test_proc_and_sys_are_no_links(bundle, place, target):
    """Label and sysctl writes went where a symlinked /proc led (CVE-2019-19921, CVE-2023-27561,
    CVE-2023-28642, CVE-2025-54867)."""
    plant(bundle, place, target)
    careless = f"mount -t tmpfs none {bundle.rootfs}/{place}; grep -c ' {bundle.rootfs}/{place} ' /proc/self/mountinfo"
    out = subprocess.run(["unshare", "-m", "sh", "-c", careless], text=True, stdout=subprocess.PIPE).stdout
    assert out == "0\n"  # it is mounted, but somewhere else
    assert f"/{place}" in bundle.create_fails()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["tmpfs", "bind", "file"])
@pytest.mark.parametrize("more", ["", "/new", "/new/deep"])
def test_mount_destination(bundle, outside, tmp_path, kind, more, way):
    """Directories and files were made on the host, and volumes mounted over it."""
    plant(bundle, "place", targets(outside, "sub")[way])
    assert leads_out(bundle, "place", outside)
    (tmp_path / "volume").mkdir()
    (tmp_path / "file").write_text("volume")
    if kind == "tmpfs":
        bundle.mount(f"/place{more}")
    elif kind == "bind":
        bundle.mount(f"/place{more}", "bind", tmp_path / "volume", ["rbind"])
    elif more:
        bundle.mount(f"/place{more}", "bind", tmp_path / "file", ["bind"])
    survives(bundle, outside, "cat /place/secret")


@pytest.mark.parametrize("way", WAYS)
def test_copy_up(bundle, outside, way):
    """tmpcopyup read what the image's symlink pointed to."""
    plant(bundle, "data", targets(outside, "")[way])
    assert (bundle.rootfs / "data/secret").read_text() == SECRET
    bundle.mount("/data", options=["tmpcopyup"])
    survives(bundle, outside, "cat /data/secret /data/sub/secret")


@pytest.mark.parametrize("way", WAYS)
def test_devices_of_the_config(bundle, outside, way):
    """mknod through a symlink put device nodes on the host."""
    without_dev(bundle)
    plant(bundle, "place", targets(outside, "sub")[way])
    assert leads_out(bundle, "place", outside)
    bundle.linux["devices"] = [{"path": "/place/disk", "type": "b", "major": 7, "minor": 99},
                               {"path": "/place/new/queue", "type": "p"}]
    survives(bundle, outside)


@pytest.mark.parametrize("way", WAYS)
def test_masks(bundle, outside, way):
    """A masked or read-only path that is a symlink mounted over the host or showed it."""
    plant(bundle, "masked", targets(outside, "secret")[way])
    plant(bundle, "readonly", targets(outside, "sub")[way])
    assert (bundle.rootfs / "masked").read_text() == SECRET
    bundle.linux["maskedPaths"] = ["/masked"]
    bundle.linux["readonlyPaths"] = ["/readonly"]
    survives(bundle, outside, "cat /masked /readonly/secret")


@pytest.mark.parametrize("way", WAYS)
def test_working_directory(bundle, outside, way):
    """A WORKDIR that is a symlink left the program, or made directories, on the host."""
    plant(bundle, "work", targets(outside, "sub")[way])
    assert (bundle.rootfs / "work/secret").read_text() == SECRET
    bundle.process["cwd"] = "/work"
    survives(bundle, outside, "cat secret ../secret /work/secret")
    bundle.process["cwd"] = "/work/new"
    survives(bundle, outside, "cat ../secret")


@pytest.mark.parametrize("number", range(3, 14))
@pytest.mark.parametrize("place", ["dev", "place", "work"])
def test_link_to_a_descriptor(bundle, outside, place, number):
    """/proc/self/fd/N led through whatever directory the runtime had open (CVE-2024-21626)."""
    plant(bundle, place, f"/proc/self/fd/{number}")
    without_dev(bundle)
    bundle.mount("/place/sub")
    bundle.process["cwd"] = "/work" if place == "work" else "/"
    before = snapshot(outside)
    command = f"cd {outside}; exec {number}<.; cd /; cat {bundle.rootfs}/{place}/secret"
    assert subprocess.run(["bash", "-c", command], check=True, text=True, stdout=subprocess.PIPE).stdout == SECRET
    bundle.shell(f"cat secret /{place}/secret").write()
    tare = shlex.join(bundle.tare.command("run", "--bundle", bundle.path, bundle.tare.new_id()))
    outcome = subprocess.run(["bash", "-c", f"exec {number}<{outside}; exec {tare}"], text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert SECRET not in outcome.stdout and snapshot(outside) == before
