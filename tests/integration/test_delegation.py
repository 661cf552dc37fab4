# SPDX-License-Identifier: Apache-2.0
"""A container that manages cgroups of its own (config-linux.md#cgroup-ownership)."""
import pathlib

import pytest
from attacking import map_users
from house import CONTROLLERS, cgroup_of

pytestmark = pytest.mark.skipif(not {"memory", "pids"} <= set(CONTROLLERS),
                                reason="the controllers are not on cgroup v2")
SLEEP = "exec sleep 1000000"


@pytest.fixture
def delegated(bundle):
    bundle.namespace("cgroup")
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["destination"] != "/sys/fs/cgroup"]
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw", "nosuid", "noexec", "nodev"])
    return bundle


def handed_over():
    try:
        return pathlib.Path("/sys/kernel/cgroup/delegate").read_text().split()
    except FileNotFoundError:
        return ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"]


def owners(group):
    return {path.name for path in group.iterdir() if path.is_file() and path.stat().st_uid != 0}


def test_user_gets_the_tree(delegated):
    """A service manager that does not run as root could make no cgroups."""
    delegated.process["user"] = {"uid": 1000, "gid": 1000}
    container = delegated.shell(SLEEP).start()
    group = cgroup_of(container.pid)
    assert group.stat().st_uid == 1000
    there = {path.name for path in group.iterdir()}
    assert owners(group) == set(handed_over()) & there
    container.exec("sh", "-c", "mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs")
    # What would lift the container's own limits stays root's.
    assert (group / "pids.max").stat().st_uid == 0 and (group / "memory.max").stat().st_uid == 0
    container.remove()
    assert not group.exists()


def test_mapped_root_gets_the_tree(delegated):
    """Root of a user namespace is somebody else outside."""
    map_users(delegated)
    container = delegated.shell(SLEEP).start()
    assert cgroup_of(container.pid).stat().st_uid == 100000
    container.exec("mkdir", "/sys/fs/cgroup/mine")
    container.remove()


@pytest.mark.parametrize("change", ["read-only", "no namespace", "root"])
def test_nobody_else_gets_it(delegated, change):
    """Who was not promised the tree must not be able to lift limits below it."""
    delegated.process["user"] = {"uid": 0 if change == "root" else 1000, "gid": 0}
    if change == "read-only":
        delegated.config["mounts"][-1]["options"].append("ro")
    if change == "no namespace":
        delegated.without_namespace("cgroup")
    container = delegated.shell(SLEEP).start()
    group = cgroup_of(container.pid)
    assert group.stat().st_uid == 0 and owners(group) == set()
    container.remove()


def test_divided(delegated):
    """A service manager moves itself into a cgroup of its own and hands controllers on; exec and delete still work."""
    delegated.shell("cd /sys/fs/cgroup; mkdir init deep deep/er; echo 1 >init/cgroup.procs; "
                    "until echo +pids >cgroup.subtree_control; do :; done; mkdir /run/ready; " + SLEEP)
    delegated.mount("/run")
    container = delegated.start()
    group = cgroup_of(container.pid)
    container.tare.try_("exec", container.id, "true")
    while group.name != "init" or not (group / "pids.max").exists():
        group = cgroup_of(container.pid)
    assert container.exec("cat", "/proc/self/cgroup").strip() == "0::/init"
    assert "hands controllers on" in container.tare.fails("exec", "--cgroup=/", container.id, "true")
    container.pause()
    container.remove()
    assert not group.parent.exists()
