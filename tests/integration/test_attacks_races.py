# SPDX-License-Identifier: Apache-2.0
"""Places that change while the runtime works on them: another container's process shares the volume.

A run has a hundred mounts, masks or devices, so that some tens of runs are thousands of rounds."""
import contextlib
import os
import pathlib
import stat
import subprocess

import pytest
from attacking import program
from house import IN_VM, read_line
from test_attacks_images import SECRET, outside, snapshot, without_dev  # noqa: F401

RUNS = 6 if IN_VM else 25
ROUNDS = 24 if IN_VM else 1000  # of what happens once in a run


def end_of(path):
    """The name behind a link that may be none any more between two looks."""
    try:
        return os.path.basename(os.path.realpath(path))
    except OSError:
        return ""


EACH = 100
LINKS = ["absolute", "relative", "magic"]
REACHED = "reached "


@pytest.fixture
def swap():
    """Starts to exchange two names."""
    running = []

    def start(a, b):
        running.append(subprocess.Popen([program("swapper"), a, b], stdout=subprocess.PIPE))
        assert read_line(running[-1].stdout.fileno()) == "ready"
    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def volume(bundle, tmp_path):
    """Shared with the attacker, below /volume."""
    path = tmp_path / "volume"
    path.mkdir()
    bundle.mount("/volume", "bind", path, ["rbind"])
    bundle.config["root"]["readonly"] = False
    return path


def link_text(outside, way):  # noqa: F811
    return {"absolute": str(outside), "relative": f"../../../../../../../../../../..{outside}",
            "magic": f"/proc/{os.getpid()}/root{outside}"}[way]


def moving_place(volume, swap, text):
    """volume/place is a directory and a link out, in turns."""
    (volume / "place").mkdir()
    (volume / "link").symlink_to(text)
    swap(volume / "place", volume / "link")
    return volume / "place"


def beats_a_check(volume, outside):  # noqa: F811
    """Who looks first and acts by path then, acts outside sooner or later."""
    subprocess.run([program("weak_make"), volume, volume / "place", "touched", outside / "touched"], check=True)
    assert (outside / "touched").exists()
    (outside / "touched").rmdir()


def attempts(bundle, script, reached=False):
    """What some runs came to, and more until the program of one has run: a link in the way may end the others before."""
    runs = 0
    while runs < RUNS or not reached:
        outcome = bundle.try_run(f"printf '{REACHED}'; {script}")
        runs, reached = runs + 1, reached or outcome.out.startswith(REACHED)
        yield outcome


@pytest.mark.seconds(200)
@pytest.mark.parametrize("way", LINKS)
def test_mount_targets(bundle, volume, outside, swap, way):  # noqa: F811
    """Targets were made and mounted on the host (CVE-2021-30465, CVE-2024-45310)."""
    moving_place(volume, swap, link_text(outside, way))
    beats_a_check(volume, outside)
    source = volume / "source"
    source.write_text("")
    for n in range(EACH // 2):
        bundle.mount(f"/volume/place/new{n}/deep")
        bundle.mount(f"/volume/place/file{n}", "bind", source, ["bind"])
    before = snapshot(outside)
    for _ in attempts(bundle, "cat /volume/place/secret", reached=IN_VM and way == "magic"):  # there it takes minutes
        assert snapshot(outside) == before


@pytest.mark.seconds(200)
@pytest.mark.parametrize("way", LINKS)
def test_devices(bundle, volume, outside, swap, way):  # noqa: F811
    """A /dev that moves put nodes and links on the host, or removed a ptmx there (CVE-2026-41579,
    CVE-2026-47766)."""
    place = moving_place(volume, swap, link_text(outside, way))
    beats_a_check(volume, outside)
    without_dev(bundle)
    bundle.linux["devices"] = [{"path": f"/volume/{place.name}/node{n}", "type": "c", "major": 1, "minor": 3}
                               for n in range(EACH)]
    before = snapshot(outside)
    for _ in attempts(bundle, "true"):
        assert snapshot(outside) == before


@pytest.mark.seconds(200)
def test_masks_with_a_moving_null(bundle, volume, swap):
    """A /dev/null that is a link at the right moment made a masked file readable and writable
    (CVE-2025-31133, CVE-2025-62161)."""
    without_dev(bundle)
    (volume / "dev").mkdir()
    bundle.mount("/dev", "bind", volume / "dev", ["bind"])
    (bundle.rootfs / "etc/target").write_text("the target")
    (volume / "dev/null").touch()
    (volume / "dev/other").symlink_to("/etc/target")
    (bundle.rootfs / "masked").mkdir()
    for n in range(EACH):
        (bundle.rootfs / f"masked/{n}").write_text("hidden")
    bundle.linux["maskedPaths"] = [f"/masked/{n}" for n in range(EACH)]
    swap(volume / "dev/null", volume / "dev/other")
    careless = (f"mount --bind {volume}/dev {bundle.rootfs}/dev; exec chroot {bundle.rootfs} sh -c '"
                "until grep -s target /masked/0; do umount /masked/0; test -L /dev/null || "
                "mount -o bind /dev/null /masked/0; done 2>/dev/full'")
    assert subprocess.run(["unshare", "-m", "sh", "-c", careless], text=True,
                          stdout=subprocess.PIPE).stdout == "the target\n"
    for _ in range(RUNS):
        out = bundle.run("cat /masked/*; stat -c '%F %t:%T' /masked/* | sort -u; cat /etc/target")
        assert out == "character special file 1:3\nthe target"


@pytest.mark.seconds(200)
def test_masked_path_that_moves(bundle, volume, outside, swap):  # noqa: F811
    """A mask or a read-only bind must not be mounted on the host, nor bring the host in."""
    place = moving_place(volume, swap, link_text(outside, "absolute"))
    beats_a_check(volume, outside)
    bundle.linux["maskedPaths"] = [f"/volume/{place.name}/secret", f"/volume/{place.name}"] * 30
    bundle.linux["readonlyPaths"] = [f"/volume/{place.name}/sub", f"/volume/{place.name}"] * 30
    for outcome in attempts(bundle, "cat /volume/place/secret /volume/place/sub/secret"):
        assert SECRET not in outcome.out
        assert (outside / "secret").read_text() == SECRET


class FakeProcfs:
    """What an image has for a runtime to write its labels and sysctls to; the first word in each file stays."""
    attributes = [f"{task}/attr/{name}" for task in ("self", "thread-self")
                  for name in ("exec", "current", "keycreate", "apparmor/exec", "apparmor/current")]

    def __init__(self, path, sysctls=()):
        self.path = path
        self.names = self.attributes + [f"sys/{name}" for name in sysctls]
        for name in self.names:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text("fake")

    def taken(self):
        return [name for name in self.names if (self.path / name).read_text() != "fake"]

    def takes_from_a_check(self, place):
        """Who looks that it is a directory and writes by path then, writes here sooner or later."""
        for name in (self.attributes[0], self.names[-1]):
            while name not in self.taken():
                if stat.S_ISDIR(os.lstat(place).st_mode):
                    with contextlib.suppress(OSError):
                        (place / name).write_text("taken")
            (self.path / name).write_text("fake")


def withstands(bundle, fake, command, expected):
    for outcome in attempts(bundle, command):
        assert outcome.status != 0 or outcome.out == REACHED + expected, outcome
        assert fake.taken() == []


def parameters():
    """Sysctls of a network namespace that take 1."""
    names = sorted(path.name for path in pathlib.Path("/proc/sys/net/ipv4/conf/lo").iterdir()
                   if path.stat().st_mode & 0o200)
    return [f"net/ipv4/conf/{device}/{name}" for device in ("lo", "all", "default") for name in names]


@pytest.mark.seconds(200)
@pytest.mark.parametrize("place", ["proc", "sys"])
def test_proc_that_moves(bundle, swap, place):
    """Two containers on one root raced /proc to a link, and labels and sysctls went to fake files
    (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881, CVE-2025-62596)."""
    fake = FakeProcfs(bundle.rootfs / "fake", [*parameters(), "net/ipv4/ip_forward"])
    if os.path.exists("/proc/self/attr/apparmor/exec"):
        bundle.process["apparmorProfile"] = "unconfined"
    (bundle.rootfs / "link").symlink_to("fake")
    bundle.config["root"]["readonly"] = False
    bundle.linux["sysctl"] = {name: "1" for name in [*parameters(), "net/ipv4/ip_forward"]}
    bundle.mount("/genuine", "proc")
    swap(bundle.rootfs / place, bundle.rootfs / "link")
    fake.takes_from_a_check(bundle.rootfs / place)
    withstands(bundle, fake, "cat /genuine/sys/net/ipv4/ip_forward", "1\n")


def test_volume_over_proc(bundle):
    """An image's volume took the place of /proc, and with it what the runtime wrote (CVE-2019-16884)."""
    fake = FakeProcfs(bundle.rootfs / "fake", ["net/ipv4/ip_forward"])
    careless = f"mount --bind {fake.path} {bundle.rootfs}/proc; echo taken >{bundle.rootfs}/proc/self/attr/exec"
    subprocess.run(["unshare", "-m", "sh", "-c", careless], check=True)
    assert fake.taken() == ["self/attr/exec"]
    (fake.path / "self/attr/exec").write_text("fake")
    if os.path.exists("/proc/self/attr/apparmor/exec"):
        bundle.process["apparmorProfile"] = "unconfined"
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    bundle.mount("/proc", "bind", fake.path, ["bind"])
    bundle.mount("/genuine", "proc")
    bundle.config["root"]["readonly"] = False
    assert bundle.run("cat /genuine/sys/net/ipv4/ip_forward") == "1\n"
    assert fake.taken() == []


@pytest.mark.seconds(200)
def test_working_directory_of_exec(bundle, volume, outside, swap):  # noqa: F811
    """A cwd that becomes a link to a descriptor of the runtime left the program on the host."""
    place = moving_place(volume, swap, "/proc/self/fd/4")
    with subprocess.Popen(["bash", "-c", f"exec 4<{outside}; cd {volume}; until cat place/secret; do :; done"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as careless:
        assert careless.communicate()[0] == SECRET
    container = bundle.shell("exec sleep 1000000").start()
    number = os.open(outside, os.O_PATH)
    try:
        for _ in range(ROUNDS):
            outcome = bundle.tare.try_("exec", "--cwd", f"/volume/{place.name}", container.id, "/bin/busybox", "cat",
                                       "secret", "../secret", pass_fds=[number])
            assert SECRET not in outcome.out
    finally:
        os.close(number)
        container.remove()
