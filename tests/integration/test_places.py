# SPDX-License-Identifier: Apache-2.0
"""Where a container's cgroup may be: below an engine's own slice, inside of another container, on a hybrid host. Each works, or
says exactly why not. As a user: test_rootless.py; below systemd: test_systemd.py."""
import os
import subprocess

import pytest
from house import CGROUPS, CONTROLLERS, HYBRID, cgroup_of, wait_until
from test_rootless import ALL_CAPABILITIES

SLEEP = "exec sleep 1000000"
V2 = pytest.mark.skipif("pids" not in CONTROLLERS, reason="pids is not on cgroup v2")


@pytest.fixture
def slice(tare):
    """An engine's slice; the engine itself is a process in it or below it."""
    place = CGROUPS / f"{tare.prefix}engine.slice"
    (place / "engine").mkdir(parents=True)
    yield place
    for path in sorted((path for path in place.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts)):
        path.rmdir()
    place.rmdir()


class Engine:
    """A process in a cgroup."""

    def __init__(self, place):
        self.process = subprocess.Popen(["sleep", "1000000"])
        (place / "cgroup.procs").write_text(str(self.process.pid))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_below_an_engines_slice(bundle, slice):
    """Engines that keep to a leaf of their slice put pods beside it, with limits of their own."""
    bundle.linux["cgroupsPath"] = f"/{slice.name}/pod/{bundle.tare.prefix}1"
    if "pids" in CONTROLLERS:
        bundle.resources["pids"] = {"limit": 20}
    with Engine(slice / "engine"):
        container = bundle.shell(SLEEP).start()
        group = cgroup_of(container.pid)
        assert group.parent == slice / "pod"
        assert "pids" not in CONTROLLERS or (group / "pids.max").read_text() == "20\n"
        container.remove()
        assert not group.exists() and group.parent.exists(), "the pod is the engine's"


@pytest.mark.parametrize("frozen", ["", "pod", "pod/own"])
def test_below_a_frozen_slice(bundle, slice, frozen):
    """Nobody could even end a container that is made below a paused pod: its creator would hang with it."""
    (slice / "pod/own").mkdir(parents=True)
    (slice / frozen / "cgroup.freeze").write_text("1")
    own = "own" if frozen == "pod/own" else "new"
    bundle.linux["cgroupsPath"] = f"/{slice.name}/pod/{own}"
    text = bundle.create_fails()
    assert f"cgroup /{slice.name}/pod/{own}: container's cgroup unexpectedly frozen" in text
    assert ("one above it is" in text) == (own == "new"), text
    assert (slice / "pod/own").exists() and not (slice / "pod/new").exists()
    (slice / frozen / "cgroup.freeze").write_text("0")
    bundle.run("true")


@V2
def test_below_an_engine_that_is_in_the_way(bundle, slice):
    """Processes in the slice itself keep the kernel from handing controllers on: the message names the cgroup that has
    them."""
    bundle.linux["cgroupsPath"] = f"/{slice.name}/pod"
    bundle.resources["pids"] = {"limit": 20}
    with Engine(slice):
        message = bundle.create_fails()
    assert f"cgroup /{slice.name}: " in message and "processes of its own" in message
    assert not (slice / "pod").exists()


# Inside of a container: NEST runs tare there on the bundle /inner.

def nest(outer, inner, before="true", options=""):
    """What was printed, the status last."""
    for kind in ("bounding", "effective", "permitted"):
        outer.process["capabilities"][kind] = ALL_CAPABILITIES
    outer.resources["devices"] = [{"allow": True, "access": "rwm"}]
    outer.namespace("cgroup")
    outer.mount("/run")
    inner.write()
    outer.mount("/inner", "bind", inner.path, ["rbind"])
    outer.mount("/program", "bind", inner.tare.program, ["rbind", "ro"])
    for path in ("/lib", "/lib64", "/usr/lib"):
        if os.path.isdir(path):
            outer.mount(path, "bind", path, ["rbind", "ro"])
    return outer.run(f"{before}; /program {options} run --bundle /inner in 2>&1; echo status $?")


def cgroup_mount(bundle, *options):
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["destination"] != "/sys/fs/cgroup"]
    if options:
        bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", [*options, "nosuid", "noexec", "nodev"])


LEAF = "cd /sys/fs/cgroup && mkdir leaf && echo 1 >leaf/cgroup.procs && echo $$ >leaf/cgroup.procs; cd /"


@pytest.fixture
def pair(new_bundle):
    inner = new_bundle()
    inner.shell("cat /proc/self/cgroup")
    return new_bundle(), inner


def test_nested(pair):
    """Docker in Docker without limits: the inner container is below the outer one's cgroup."""
    outer, inner = pair
    cgroup_mount(outer, "rw")
    inner.namespace("cgroup")
    out = nest(outer, inner).splitlines()
    assert out[-1] == "status 0" and "0::/" in out, out


@V2
def test_nested_with_limits(pair):
    """The outer container's processes have to be in a leaf, as everywhere in cgroup v2: then inner limits hold."""
    outer, inner = pair
    cgroup_mount(outer, "rw")
    inner.resources["pids"] = {"limit": 17}
    inner.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro"])
    inner.namespace("cgroup")
    inner.shell("cat /sys/fs/cgroup/pids.max")
    out = nest(outer, inner, LEAF).splitlines()
    assert out[-2:] == ["17", "status 0"], out


@V2
def test_nested_with_limits_beside_processes(pair):
    """Where they are not, the message says what is in the way."""
    outer, inner = pair
    cgroup_mount(outer, "rw")
    inner.resources["pids"] = {"limit": 17}
    out = nest(outer, inner)
    assert "processes of its own" in out and "status 1" in out


@pytest.mark.parametrize("options, words", [(["ro"], "read-only"), ([], "mounted neither at /sys/fs/cgroup")])
def test_nested_without_the_right(pair, options, words):
    """Kubernetes gives pods their cgroup read-only: it must be said, and --cgroup-manager=disabled does without."""
    outer, inner = pair
    cgroup_mount(outer, *options)
    out = nest(outer, inner)
    assert words in out and "status 1" in out, out


@pytest.mark.parametrize("options", [["ro"], []])
def test_nested_without_a_cgroup(pair, options):
    """The way that the message names works."""
    outer, inner = pair
    cgroup_mount(outer, *options)
    out = nest(outer, inner, options="--cgroup-manager=disabled").splitlines()
    assert out[-1] == "status 0", out


def test_nested_systemd(pair):
    """There is no systemd in most containers: the message says so, and what to use instead."""
    outer, inner = pair
    cgroup_mount(outer, "rw")
    out = nest(outer, inner, options="--systemd-cgroup")
    assert "is systemd process 1 here?" in out and "--cgroup-manager=cgroupfs" in out and "status 1" in out


@pytest.mark.skipif(not HYBRID, reason="the hierarchy is unified")
def test_hybrid(bundle):
    """Without limits a container is tracked, frozen and ended through the v2 tree, whatever holds the controllers."""
    bundle.resources["unified"] = {"cgroup.max.depth": "3"}
    container = bundle.shell(SLEEP + " & " + SLEEP).start()
    group = cgroup_of(container.pid)
    assert (group / "cgroup.max.depth").read_text() == "3\n"
    container.pause()
    assert "frozen 1" in (group / "cgroup.events").read_text()
    container.resume()
    wait_until(lambda: len(container.tare("ps", "--format=json", container.id).split(",")) == 2)
    container.remove()
    assert not group.exists()
