# SPDX-License-Identifier: Apache-2.0
"""cgroupsPath and resources. Where the controllers are on cgroup v1, a limit must be refused by name."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from house import CGROUPS, CONTROLLERS, HYBRID, cgroup_of, wait_until

LIMITS = [
    ("pids", {"pids": {"limit": 33}}, {"pids.max": "33"}),
    ("pids", {"pids": {"limit": -1}}, {"pids.max": "max"}),
    ("memory", {"memory": {"limit": 64 << 20}}, {"memory.max": str(64 << 20)}),
    ("memory", {"memory": {"limit": 64 << 20, "swap": 96 << 20}}, {"memory.swap.max": str(32 << 20)}),
    ("memory", {"memory": {"limit": 64 << 20, "swap": -1}}, {"memory.swap.max": "max"}),
    ("memory", {"memory": {"reservation": 16 << 20}}, {"memory.low": str(16 << 20)}),
    ("memory", {"memory": {"limit": -1}}, {"memory.max": "max"}),
    ("cpu", {"cpu": {"shares": 1024}}, {"cpu.weight": "100"}),
    ("cpu", {"cpu": {"shares": 2}}, {"cpu.weight": "1"}),
    ("cpu", {"cpu": {"shares": 262144}}, {"cpu.weight": "10000"}),
    ("cpu", {"cpu": {"quota": 50000, "period": 100000}}, {"cpu.max": "50000 100000"}),
    ("cpu", {"cpu": {"quota": -1, "period": 20000}}, {"cpu.max": "max 20000"}),
    ("cpu", {"cpu": {"quota": 10000, "burst": 5000}}, {"cpu.max.burst": "5000"}),
    ("cpu", {"cpu": {"idle": 1}}, {"cpu.idle": "1"}),
    ("cpuset", {"cpu": {"cpus": "0", "mems": "0"}}, {"cpuset.cpus": "0", "cpuset.mems": "0"}),
    ("memory", {"unified": {"memory.high": "33554432"}}, {"memory.high": "33554432"}),
    ("pids", {"pids": {"limit": 50}, "unified": {"pids.max": "40"}}, {"pids.max": "40"}),
    ("hugetlb", {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 << 20}]},
     {"hugetlb.2MB.max": str(4 << 20), "hugetlb.2MB.rsvd.max": str(4 << 20)}),
]


# What these ask for is no limit or the kernel's default: fine without a controller.
NO_LIMIT = ({"pids": {"limit": -1}}, {"memory": {"limit": -1}}, {"cpu": {"shares": 1024}},
            {"cpu": {"quota": -1, "period": 20000}})


def name_of(row):
    return re.sub(r"[^a-z0-9]+", "-", str(row).lower()).strip("-")


@pytest.mark.parametrize("controller, resources, files", LIMITS, ids=[name_of(row[1]) for row in LIMITS])
def test_limit(bundle, controller, resources, files):
    """A limit that is not in force lets one container starve all others."""
    bundle.resources.update(resources)
    bundle.shell("exec sleep 1000000")
    if controller not in CONTROLLERS and resources in NO_LIMIT:
        bundle.create().remove()
        return
    if controller not in CONTROLLERS:
        message = bundle.create_fails()
        assert controller in message and ("unified" in message or "cgroup v2" in message)
        return
    container = bundle.create()
    group = cgroup_of(container.pid)
    assert {name: (group / name).read_text().strip() for name in files} == files
    container.remove()


@pytest.fixture
def disk():
    """The numbers of a whole block device, as a text."""
    subprocess.run(["modprobe", "loop"], check=False, stderr=subprocess.DEVNULL)
    for name in sorted(os.listdir("/sys/block")):
        return (pathlib.Path("/sys/block") / name / "dev").read_text().strip()
    pytest.skip("no block device here")


@pytest.mark.skipif("io" not in CONTROLLERS, reason="io is not on cgroup v2")
def test_limits_of_a_disk(bundle, disk):
    """One container that writes a backup must not stop all others: each of the four rates, the share of all disks and that
    of one."""
    major, minor = map(int, disk.split(":"))
    rates = {"throttleReadBpsDevice": "rbps", "throttleWriteBpsDevice": "wbps", "throttleReadIOPSDevice": "riops",
             "throttleWriteIOPSDevice": "wiops"}
    block = bundle.resources["blockIO"] = {name: [{"major": major, "minor": minor, "rate": 1 << 20 | n}]
                                           for n, name in enumerate(rates)}
    bundle.shell("exec sleep 1000000")
    container = bundle.create()
    group = cgroup_of(container.pid)
    assert (group / "io.max").read_text().split() == [disk, *(f"{key}={1 << 20 | n}" for n, key in enumerate(rates.values()))]
    file = next((name for name in ("io.bfq.weight", "io.weight") if (group / name).exists()), None)
    container.remove()
    block["weight"] = 500
    if not file:
        message = bundle.create_fails()
        assert "/linux/resources/blockIO/weight" in message and "no such file" in message
        return
    expected = "default 500\n"
    if file == "io.weight":
        block["weightDevice"] = [{"major": major, "minor": minor, "weight": 1000}]
        expected = f"default 4950\n{disk} 10000\n"
        message = bundle.create_fails()
        assert "/linux/resources/blockIO/weightDevice/0" in message and "io.cost.qos" in message
        (CGROUPS / "io.cost.qos").write_text(f"{disk} enable=1")
    try:
        container = bundle.create()
        assert (cgroup_of(container.pid) / file).read_text() == expected
        container.remove()
    finally:
        if file == "io.weight":
            (CGROUPS / "io.cost.qos").write_text(f"{disk} enable=0")


@pytest.mark.skipif("cpu" not in CONTROLLERS, reason="cpu is not on cgroup v2")
def test_cpu_quota_throttles(bundle):
    """A container that computes for ever must get no more than its share."""
    bundle.resources["cpu"] = {"quota": 1000, "period": 100000}
    container = bundle.shell("while :; do :; done").start()
    stat = cgroup_of(container.pid) / "cpu.stat"
    wait_until(lambda: int(dict(line.split() for line in stat.read_text().splitlines())["nr_throttled"]) > 2)
    container.remove()


@pytest.mark.skipif("pids" not in CONTROLLERS, reason="pids is not on cgroup v2")
def test_pids_limit_holds(bundle):
    """A fork bomb must stop at the limit."""
    bundle.resources["pids"] = {"limit": 10}
    outcome = bundle.try_run("for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000000 & done; echo all")
    assert "all" not in outcome.out


@pytest.mark.skipif("pids" not in CONTROLLERS, reason="pids is not on cgroup v2")
@pytest.mark.parametrize("limit, joins", [(1, True), (0, False)])
def test_smallest_pids_limit(bundle, limit, joins):
    """A program that is never to fork is not there yet when its limit is, and who makes it counts: a pid namespace is entered
    by a child."""
    if joins:
        bundle.namespace("pid", "/proc/self/ns/pid")
    bundle.resources["pids"] = {"limit": limit}
    container = bundle.shell("exec sleep 1000000").start()
    assert (cgroup_of(container.pid) / "pids.max").read_text() == f"{limit}\n"
    assert "pids.max of the cgroup" in container.tare.fails("exec", container.id, "true")
    container.remove()


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
def test_memory_limit_kills(bundle):
    """A program above its limit is killed, and only it."""
    bundle.resources["memory"] = {"limit": 16 << 20, "swap": 16 << 20}
    outcome = bundle.try_run("exec tail -c 200000000 /dev/zero")
    assert outcome.status == 137


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
def test_tiny_memory_limit_is_explained(bundle):
    """Without a hint the user sees a program that vanished."""
    bundle.resources["memory"] = {"limit": 4096, "swap": 4096}
    outcome = bundle.try_run("true")
    assert outcome.status != 0
    assert "memory" in outcome.err


SMALL = """#include <unistd.h>
int main(void) { return write(1, "it runs\\n", 8) != 8; }
"""


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
def test_small_memory_limit(bundle, tmp_path):
    """Functions on small machines are given half a megabyte: none of it may go to the runtime."""
    (tmp_path / "small.c").write_text(SMALL)
    program = bundle.rootfs / "bin/small"
    subprocess.run(["gcc", "-static", "-o", program, tmp_path / "small.c"], check=True)
    bundle.resources["memory"] = {"limit": 512 << 10, "swap": 512 << 10}
    bundle.process["args"] = ["/bin/small"]
    for _ in range(3):
        assert bundle.run() == "it runs\n"
    container = bundle.create()
    assert (cgroup_of(container.pid) / "memory.max").read_text() == f"{512 << 10}\n"
    container.remove()


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
def test_check_before_the_first_limit(bundle):
    """A cgroup that a pod leaves may still be charged for memory: a limit below that would kill the container's first
    process, which nobody could explain."""
    place = CGROUPS / f"{bundle.tare.prefix}used"
    place.mkdir()
    bundle.mount("/big", options=["size=64m"])
    bundle.linux["cgroupsPath"] = f"/{place.name}"
    bundle.resources["memory"] = {"limit": 4 << 20, "checkBeforeUpdate": True}
    bundle.create().remove()  # an unused one is made anew
    place.mkdir()
    file = bundle.path / "file"
    charge = subprocess.Popen(["sh", "-c", f"echo $$ >{place}/cgroup.procs; head -c 20000000 /dev/zero >/dev/shm/{place.name}"])
    assert charge.wait() == 0 and not file.exists()
    message = bundle.create_fails()
    assert "/linux/resources/memory/checkBeforeUpdate" in message and "in use" in message
    os.unlink(f"/dev/shm/{place.name}")
    place.rmdir()


OF_V1 = [("memory/swappiness", {"memory": {"swappiness": 60}}), ("memory/disableOOMKiller", {"memory": {"disableOOMKiller": True}}),
         ("cpu/realtimeRuntime", {"cpu": {"realtimeRuntime": 1000}}), ("cpu/realtimePeriod", {"cpu": {"realtimePeriod": 1000}}),
         ("blockIO/leafWeight", {"blockIO": {"leafWeight": 50}}),
         ("blockIO/weightDevice/0/leafWeight", {"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 50}]}}),
         ("network/classID", {"network": {"classID": 1048577}}),
         ("network/priorities", {"network": {"priorities": [{"name": "lo", "priority": 1}]}})]


@pytest.mark.parametrize("field, resources", OF_V1, ids=[row[0] for row in OF_V1])
def test_cgroup_v1_is_refused(bundle, field, resources):
    """A limit that is passed over in silence is found out when the machine is down: what cgroup v2 cannot do is said, with
    what does the same."""
    bundle.resources.update(resources)
    message = bundle.create_fails()
    assert f"/linux/resources/{field}: cgroup v2 has nothing like it" in message


@pytest.mark.parametrize("field", ["kernel", "kernelTCP"])
def test_cgroup_v1_is_a_warning(bundle, field):
    """Old engines send these with every container: as with runc it runs, and the log says that nothing came of them."""
    bundle.resources["memory"] = {field: 1 << 20}
    outcome = bundle.try_run("echo runs")
    assert outcome.out == "runs\n" and f"/linux/resources/memory/{field}" in outcome.err and "ignored" in outcome.err


@pytest.mark.parametrize("hierarchy", [True, False])
def test_hierarchy_of_cgroup_v1(bundle, hierarchy):
    """What cgroup v2 always does is nothing to speak of; the contrary, which it cannot do, is."""
    bundle.resources["memory"] = {"useHierarchy": hierarchy}
    outcome = bundle.try_run("echo runs")
    assert outcome.out == "runs\n" and ("/linux/resources/memory/useHierarchy" in outcome.err) == (not hierarchy)


@pytest.mark.parametrize("limit", [{"hcaHandles": 5}, {"hcaObjects": 7}, {"hcaHandles": 5, "hcaObjects": 7}])
def test_limits_of_an_rdma_device(bundle, limit):
    """A device that the host does not have, or a host whose controller is elsewhere: the message has the device."""
    bundle.resources["rdma"] = {"mlx5_99": limit}
    message = bundle.create_fails()
    assert "/linux/resources/rdma/mlx5_99" in message
    assert ("controller" in message) == ("rdma" not in CONTROLLERS), message


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
def test_limits_hold_from_the_first_page(bundle):
    """What is used before the limit is set would not be counted against it."""
    bundle.resources["memory"] = {"limit": 32 << 20}
    container = bundle.shell("exec sleep 1000000").create()
    group = cgroup_of(container.pid)
    assert 0 < int((group / "memory.current").read_text()) < 2 << 20
    container.remove()


@pytest.mark.parametrize("path", ["/tare-deep-{}/a/b", "tare-relative-{}"])
def test_cgroups_path(bundle, path):
    """Engines put containers into pods' cgroups and read usage there."""
    top = path.format(bundle.tare.prefix)
    bundle.linux["cgroupsPath"] = top
    container = bundle.shell("exec sleep 1000000").create()
    group = cgroup_of(container.pid)
    assert str(group).endswith(top)
    container.remove()
    assert not group.exists()
    if top.count("/") > 1:
        for parent in list(group.parents)[:2]:
            if parent.exists() and parent != CGROUPS:
                os.rmdir(parent)


def test_cgroups_path_may_not_leave(bundle):
    """A path with .. would put the container into somebody else's cgroup."""
    bundle.linux["cgroupsPath"] = "/../../x"
    assert "/linux/cgroupsPath" in bundle.create_fails()


def test_populated_cgroup_is_refused(bundle, new_bundle):
    """Two containers in one cgroup: deleting the first would kill the second."""
    bundle.linux["cgroupsPath"] = f"/{bundle.tare.prefix}shared"
    container = bundle.shell("exec sleep 1000000").start()
    second = new_bundle()
    second.linux["cgroupsPath"] = f"/{bundle.tare.prefix}shared"
    assert "/linux/cgroupsPath" in second.create_fails()
    assert container.status == "running"
    container.remove()


@pytest.mark.parametrize("controller, resources, pointer", [
    ("memory", {"memory": {"limit": 1 << 20}}, "/linux/resources/memory/limit"),
    ("pids", {"pids": {"limit": 5}}, "/linux/resources/pids/limit"),
    ("cpu", {"cpu": {"shares": 5}}, "/linux/resources/cpu/shares")])
@pytest.mark.skipif(not HYBRID, reason="the hierarchy is unified")
def test_hybrid_host_is_explained(bundle, controller, resources, pointer):
    """On a hybrid host the reader must learn which controller is missing and what to do."""
    if controller in CONTROLLERS:
        pytest.skip(f"{controller} is on cgroup v2")
    bundle.resources.update(resources)
    message = bundle.create_fails()
    assert pointer in message and controller in message and "systemd.unified_cgroup_hierarchy" in message


def test_wrong_unified_file_is_named(bundle):
    """A typo in a unified key must not be ignored."""
    bundle.resources["unified"] = {"memory.hihg": "1"}
    assert "memory.hihg" in bundle.create_fails()


def test_unified_key_may_not_leave_the_cgroup(bundle):
    """A key with a slash would write to another cgroup."""
    bundle.resources["unified"] = {"../cgroup.procs": "1"}
    assert "/linux/resources/unified" in bundle.create_fails()


def test_unified_value_is_written_as_it_is(bundle):
    """A value that no kernel takes must not become one that it takes."""
    bundle.resources["unified"] = {"cgroup.max.depth": "3|4"}
    assert "unified/cgroup.max.depth" in bundle.create_fails()
    del bundle.resources["unified"]
    container = bundle.shell("exec sleep 1000000").start()
    resources = json.dumps({"unified": {"cgroup.max.depth": "3|4"}})
    message = container.tare.fails("update", "--resources=-", container.id, input=resources)
    assert "unified/cgroup.max.depth" in message
    assert (cgroup_of(container.pid) / "cgroup.max.depth").read_text() == "max\n"
    container.remove()


def test_empty_unified_value(bundle):
    """Nothing must be written for nothing, and be told of: to memory.high an empty line is a limit of 0. A mask is taken
    back by it."""
    container = bundle.shell("exec sleep 1000000").start()
    file = "memory.high" if "memory" in CONTROLLERS else "cgroup.max.depth"

    def update(values):
        return container.tare.try_("update", "--resources=-", container.id, input=json.dumps({"unified": values}))
    outcome = update({file: ""})
    assert outcome.status == 0 and f"unified/{file}: has no effect" in outcome.err
    assert (cgroup_of(container.pid) / file).read_text() == "max\n"
    if "cpuset" in CONTROLLERS:
        assert update({"cpuset.cpus": "0"}).status == 0
        outcome = update({"cpuset.cpus": ""})
        taken = (cgroup_of(container.pid) / "cpuset.cpus").read_text() == "\n"
        assert outcome.err == "" if taken else "cannot write \"\"" in outcome.err and "no cgroup" in outcome.err
    container.remove()
