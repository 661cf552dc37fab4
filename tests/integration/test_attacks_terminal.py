# SPDX-License-Identifier: Apache-2.0
"""The terminal's places change while the runtime makes it: /dev/console showed any file of procfs, ahead of the masks
(CVE-2025-52565)."""
import os
import select
import subprocess

import pytest
from house import IN_VM, PATIENCE
from test_attacks_images import outside, snapshot, without_dev  # noqa: F401
from test_attacks_races import link_text, swap  # noqa: F401

RUNS = 8 if IN_VM else 40


@pytest.fixture
def dev(bundle, tmp_path):
    """/dev is a volume that the attacker has too."""
    path = tmp_path / "dev"
    (path / "pts").mkdir(parents=True)
    (path / "console").touch()
    without_dev(bundle)
    bundle.mount("/dev", "bind", path, ["bind"])
    bundle.mount("/dev/pts", "devpts", "devpts", ["newinstance", "ptmxmode=0666", "mode=0620"])
    (bundle.rootfs / "etc/target").write_text("the target")
    (bundle.rootfs / "fake").mkdir()
    for name in ("0", "1", "ptmx"):
        (bundle.rootfs / "fake" / name).symlink_to("/etc/target")
    bundle.config["root"]["readonly"] = False
    bundle.process["terminal"] = True
    return path


def output(user):
    """All that appears on the terminal until the command ends."""
    pidfd, text = os.pidfd_open(user.process.pid), b""
    while True:
        ended = pidfd in select.select([pidfd, user.master], [], [], 30 * PATIENCE)[0]
        while select.select([user.master], [], [], 0)[0]:
            text += os.read(user.master, 4096)
        if ended:
            os.close(pidfd)
            user.process.wait()
            return text.decode()


def mounts_of_a_run(at_terminal, bundle):
    """Rows of mountinfo as a program on the terminal finds them; none where the run failed."""
    bundle.process["args"] = ["/bin/busybox", "cat", "/proc/self/mountinfo"]
    bundle.write()
    text = output(at_terminal("run", "--bundle", bundle.path, bundle.tare.new_id()))
    return [row.split() for row in text.splitlines() if " - " in row]


def shows_the_terminal_alone(rows):
    consoles = [row for row in rows if row[4] == "/dev/console"]
    assert not any(row[3].endswith("target") for row in rows), rows
    assert all("devpts" in row for row in consoles), consoles
    return bool(consoles)


@pytest.mark.seconds(200)
def test_pts_that_moves(bundle, dev, at_terminal, swap):  # noqa: F811
    """A careless runtime binds what the name /dev/pts/0 is at that moment."""
    (dev / "link").symlink_to("/fake")
    careless = dev.parent / "careless"
    (careless / "pts").mkdir(parents=True)
    (careless / "pts/0").write_text("a terminal")
    (careless / "console").touch()
    (careless / "link").symlink_to(bundle.rootfs / "etc/target")
    swap(careless / "pts/0", careless / "link")
    script = f"cd {careless}; until grep -q 'the target' console; do umount console; mount --bind pts/0 console; done"
    subprocess.run(["unshare", "-m", "sh", "-c", script], check=True, stderr=subprocess.DEVNULL)
    assert shows_the_terminal_alone(mounts_of_a_run(at_terminal, bundle))
    swap(dev / "pts", dev / "link")
    for _ in range(RUNS):
        shows_the_terminal_alone(mounts_of_a_run(at_terminal, bundle))
    assert (bundle.rootfs / "etc/target").read_text() == "the target"


@pytest.mark.seconds(200)
@pytest.mark.parametrize("way", ["absolute"] if IN_VM else ["absolute", "relative", "magic"])
def test_console_that_moves(bundle, dev, outside, at_terminal, swap, way):  # noqa: F811
    """Where the terminal is mounted: a link at the right moment leads to a file of the host."""
    (dev / "link").symlink_to(link_text(outside, way) + "/console")
    swap(dev / "console", dev / "link")
    script = (f"until mount --bind /dev/null {dev}/console && grep -q {outside}/console /proc/self/mountinfo; "
              f"do umount -l {dev}/console || :; done")
    subprocess.run(["unshare", "-m", "sh", "-c", script], check=True, stderr=subprocess.DEVNULL)
    before = snapshot(outside)
    for _ in range(RUNS // 2):
        shows_the_terminal_alone(mounts_of_a_run(at_terminal, bundle))
        assert snapshot(outside) == before
        with open("/proc/self/mountinfo") as file:
            assert str(outside) not in file.read()


@pytest.mark.parametrize("target", ["/etc/target", "/proc/sysrq-trigger", "../proc/1/attr/exec", "/proc/self/fd/1"])
def test_console_that_is_a_link(bundle, dev, at_terminal, target):
    """Without a race: what /dev/console points to is covered by the terminal, or nothing is; never shown or written."""
    (dev / "console").unlink()
    (dev / "console").symlink_to(target)
    assert os.path.islink(dev / "console")
    shows_the_terminal_alone(mounts_of_a_run(at_terminal, bundle))
    assert (bundle.rootfs / "etc/target").read_text() == "the target"
