# SPDX-License-Identifier: Apache-2.0
"""The attacks again where a user makes the containers: what there is to gain are the user's own files, cgroups and
program, and the container's root is the user."""
import os
import subprocess

import pytest
from attacking import allow, program
from house import IN_VM
from test_attacks_binary import KINDS, ROUNDS, Overwriter, digest, tempting, unharmed
from test_attacks_images import SECRET, leads_out, plant, snapshot, survives, targets, without_dev
from test_attacks_races import EACH, RUNS, link_text, swap  # noqa: F401
from test_attacks_theft import Watched
from test_rootless import accounts, bundle, delegated, new_bundle, own, sub_bundle, user  # noqa: F401

WAYS = ("absolute",) if IN_VM else ("absolute", "relative", "chain")  # emulated, each takes seconds


@pytest.fixture
def tare(user):  # noqa: F811
    return user


@pytest.fixture
def tmp_path(user):  # noqa: F811
    path = user.directory / "tmp"
    path.mkdir()
    own(path)
    return path


@pytest.fixture
def outside(tmp_path):
    """Files of the user that no container has."""
    path = tmp_path / "outside"
    for name in ("shm", "pts", "sub"):
        (path / name).mkdir(parents=True)
        (path / name / "secret").write_text(SECRET)
    for name in ("ptmx", "null", "secret", "fd", "console"):
        (path / name).write_text(SECRET)
    own(path)
    return path


PLACES = [("dev", ""), ("dev/pts", "pts"), ("dev/null", "null"), ("dev/ptmx", "ptmx"), ("dev/console", "console"),
          ("proc", ""), ("sys", ""), ("etc", "")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place, name", PLACES)
@pytest.mark.parametrize("given", ["default mounts", "image's dev"])
def test_places_of_the_image(bundle, outside, given, place, name, way):  # noqa: F811
    """Device nodes are bound here, not made: what they are bound on must be inside too (CVE-2026-41579,
    CVE-2026-47766 and kin)."""
    if given == "image's dev":
        without_dev(bundle)
    plant(bundle, place, targets(outside, name)[way])
    own(bundle.rootfs)
    assert leads_out(bundle, place, outside)
    survives(bundle, outside, f"for f in /{place}/secret /{place}; do test -f $f && cat $f; done")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", ["mount", "mask", "cwd", "copy-up", "device"])
def test_places_of_the_config(bundle, outside, what, way):  # noqa: F811
    """Mounts, masks, working directory, copies and devices (CVE-2021-30465, CVE-2024-45310, CVE-2025-31133)."""
    plant(bundle, "place", targets(outside, "sub")[way])
    own(bundle.rootfs)
    assert leads_out(bundle, "place", outside)
    if what == "mount":
        bundle.mount("/place/new/deep")
    elif what == "mask":
        bundle.linux["maskedPaths"], bundle.linux["readonlyPaths"] = ["/place/secret"], ["/place"]
    elif what == "cwd":
        bundle.process["cwd"] = "/place/new"
    elif what == "copy-up":
        bundle.mount("/place", options=["tmpcopyup"])
    else:
        bundle.linux["devices"] = [{"path": "/place/zero", "type": "c", "major": 1, "minor": 5}]
    survives(bundle, outside, "cat /place/secret secret ../secret")


@pytest.mark.seconds(200)
@pytest.mark.parametrize("way", WAYS[:2])
@pytest.mark.parametrize("what", ["mounts", "devices"])
def test_places_that_move(bundle, tmp_path, outside, swap, what, way):  # noqa: F811
    """A volume that another container of the user changes at the same time (CVE-2021-30465, CVE-2026-47766)."""
    volume = tmp_path / "volume"
    volume.mkdir()
    place, link = volume / "place", volume / "link"
    place.mkdir()
    link.symlink_to(link_text(outside, way))
    own(tmp_path)  # ahead of the racer, who would move it away from under chown
    swap(place, link)
    subprocess.run([*bundle.tare.become, program("weak_make"), volume, place, "touched", outside / "touched"],
                   check=True)
    (outside / "touched").rmdir()
    bundle.mount("/volume", "bind", volume, ["rbind"])
    if what == "mounts":
        for n in range(EACH // 2):
            bundle.mount(f"/volume/place/new{n}/deep")
    else:
        without_dev(bundle)
        bundle.linux["devices"] = [{"path": f"/volume/place/node{n}", "type": "c", "major": 1, "minor": 3}
                                   for n in range(EACH // 2)]
    before = snapshot(outside)
    for _ in range(RUNS // 2):
        bundle.try_run("cat /volume/place/secret")
        assert snapshot(outside) == before


def writes_to_cgroups(place):
    """A program that does what harm it can below a cgroup hierarchy: makes groups, and moves itself."""
    return (f"find {place} -type d | while read d; do mkdir $d/made 2>/dev/null && echo made $d;"
            " (sh -c 'echo $PPID' >$d/cgroup.procs) 2>/dev/null && echo moved $d;"
            " (echo 7 >$d/cgroup.max.depth) 2>/dev/null && echo unlimited $d; done; true")


@pytest.mark.seconds(150)
@pytest.mark.parametrize("shape", ["config of spec", "host's cgroup namespace", "own cgroup", "sysfs that is shared"])
def test_cgroups_of_the_user(bundle, delegated, user, shape):  # noqa: F811
    """A read-only /sys had the user's own, writable cgroups in it: a container could leave its limits, and stop or
    move the user's other programs (CVE-2023-25809)."""
    careless = ["unshare", "-r", "-m", "sh", "-c", f"mount --rbind /sys /mnt; mount -o remount,bind,ro /mnt; "
                + writes_to_cgroups(f"/mnt{str(delegated)[len('/sys'):]}")]
    out = subprocess.run([*user.become, *careless], check=True, text=True, stdout=subprocess.PIPE).stdout
    assert "made" in out and "moved" in out
    for path in sorted(delegated.rglob("made"), reverse=True):
        path.rmdir()
    if shape != "config of spec":
        bundle.without_namespace("cgroup")
    for row in bundle.config["mounts"]:
        if row["destination"] == "/sys":
            row["options"] = ["rbind", "nosuid", "ro"]
    if shape == "own cgroup":
        bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "rw"])
    elif shape == "sysfs that is shared":
        bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["destination"] != "/sys"]
        bundle.mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"])
    bundle.linux["cgroupsPath"] = f"/{delegated.name}/mine"
    before = {path: path.read_text() for path in delegated.rglob("cgroup.max.depth")}
    outcome = bundle.try_run(writes_to_cgroups("/sys/fs/cgroup"), timeout=120)
    assert outcome.status == 0 and outcome.out == "", outcome
    assert {path: path.read_text() for path in delegated.rglob("cgroup.max.depth")} == before
    if shape == "own cgroup":
        assert "cgroup.procs" in bundle.run("ls /sys/fs/cgroup")


def test_spec_gives_a_read_only_view_of_sys(user, tmp_path):  # noqa: F811
    """The config that users begin with, for whatever runtime."""
    directory = tmp_path / "spec"
    directory.mkdir()
    own(directory)
    user("spec", "--rootless", cwd=directory)
    assert '"rro"' in (directory / "config.json").read_text()


class UserOverwriter(Overwriter):
    """Enters the user namespace first, as the user."""

    def careless(self, directory, victim):
        pid = str(self.pid)
        return [*self.tare.become, "nsenter", "--preserve-credentials", "-U", "-t", pid,
                directory / "weak_exec", pid, victim, "cat"]


@pytest.fixture
def overwriter(bundle, tmp_path):  # noqa: F811
    container = UserOverwriter(bundle, tmp_path / "said")
    container.overwrites_the_careless(tmp_path)
    yield container
    container.tare("delete", "--force", container.id)


@pytest.mark.parametrize("kind", KINDS[:1] if IN_VM else KINDS)
def test_exec_of_the_runtime(bundle, overwriter, kind):  # noqa: F811
    """The program belongs to the user, who is root inside: nothing but its absence protects it (CVE-2019-5736)."""
    path, before = tempting(bundle, kind), digest(overwriter.tare.program)
    for _ in range(ROUNDS):
        overwriter.tare.try_("exec", overwriter.id, path, "a", "b")
    unharmed(overwriter, before)
    assert overwriter.tare("exec", overwriter.id, "echo", "well") == "well\n"


class UserWatched(Watched):
    def careless(self, pid, *namespaces):
        return [*self.tare.become, program("weak_enter"), pid, "user",
                *(kind for kind in namespaces if kind != "user")]


@pytest.fixture
def thief(bundle, tmp_path):  # noqa: F811
    allow(bundle, "CAP_SYS_PTRACE")
    container = UserWatched(bundle, tmp_path / "loot")
    yield container
    container.remove()


@pytest.mark.seconds(100)
def test_theft_from_an_exec(thief):
    """Both are the same user, and inside root with CAP_SYS_PTRACE: who enters must not be taken over while it still
    is the runtime (CVE-2016-9962)."""
    thief.enter_carelessly("uts", "ipc", "pid", "mnt")
    before = len(thief.loot())
    for _ in range(4 if IN_VM else 40):
        thief.enter()
    assert thief.loot()[before:] == []


GRAB = "cat secret ../secret; for n in /proc/self/fd/* /proc/1/fd/*; do cat $n/secret $n/../outside/secret; done"


def test_descriptors_and_cwd(bundle, outside):  # noqa: F811
    """What the caller has open is the user's whole home (CVE-2024-21626)."""
    numbers = [os.open(outside, os.O_RDONLY) for _ in range(20)]
    try:
        around = {"pass_fds": numbers, "cwd": outside}
        script = f"import os; os.chroot({str(bundle.rootfs)!r}); os.fchdir({numbers[0]}); print(open('secret').read())"
        careless = subprocess.run([*bundle.tare.become, "unshare", "-r", "/usr/bin/python3", "-c", script],
                                  pass_fds=numbers, text=True, stdout=subprocess.PIPE)
        assert SECRET in careless.stdout
        assert SECRET not in bundle.try_run(GRAB, **around).out
        container = bundle.shell("exec sleep 1000000").start(**around)
        outcome = bundle.tare.try_("exec", container.id, "sh", "-c", GRAB, **around)
        container.remove()
        assert SECRET not in outcome.out
    finally:
        for number in numbers:
            os.close(number)
