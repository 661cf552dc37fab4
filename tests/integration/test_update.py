# SPDX-License-Identifier: Apache-2.0
"""update: limits of a container in use, complete or not at all."""
import json

import pytest
from house import CONTROLLERS, cgroup_of

pytestmark = pytest.mark.skipif(not {"memory", "pids", "cpu"} <= set(CONTROLLERS),
                                reason="the controllers are not on cgroup v2")
MIB = 1 << 20


@pytest.fixture
def limited(bundle):
    """A running container with limits, and its cgroup."""
    bundle.resources.update({"pids": {"limit": 60}, "memory": {"limit": 64 * MIB, "swap": 96 * MIB},
                             "cpu": {"quota": 50000, "period": 100000, "burst": 10000, "shares": 1024}})
    container = bundle.shell("exec sleep 1000000").start()
    yield container, cgroup_of(container.pid)
    container.remove()


def read(group, *names):
    return [(group / name).read_text().strip() for name in names]


FILES = {"memory.max": str(64 * MIB), "memory.swap.max": str(32 * MIB), "memory.low": "0", "pids.max": "60",
         "cpu.weight": "100", "cpu.max": "50000 100000", "cpu.max.burst": "10000", "cpu.idle": "0",
         "cpuset.cpus": "", "cpuset.mems": ""}
OPTIONS = [
    (["--memory", "128m"], {"memory.max": str(128 * MIB)}),
    (["--memory", "32M", "--memory-swap", "48MiB"], {"memory.max": str(32 * MIB), "memory.swap.max": str(16 * MIB)}),
    (["--memory-swap", str(80 * MIB)], {"memory.swap.max": str(16 * MIB)}),
    (["--memory", "-1"], {"memory.max": "max", "memory.swap.max": "max"}),
    (["--memory-reservation", "8m"], {"memory.low": str(8 * MIB)}),
    (["--pids-limit", "-1"], {"pids.max": "max"}),
    (["--pids-limit", "0"], {"pids.max": "0"}),
    (["--cpu-share", "2"], {"cpu.weight": "1"}),
    (["--cpu-quota", "20000"], {"cpu.max": "20000 100000"}),
    (["--cpu-period", "200000"], {"cpu.max": "50000 200000"}),
    (["--cpu-quota", "-1"], {"cpu.max": "max 100000"}),
    (["--cpu-quota", "5000", "--cpu-burst", "4000"], {"cpu.max": "5000 100000", "cpu.max.burst": "4000"}),
    (["--cpu-quota", "90000", "--cpu-burst", "80000"], {"cpu.max": "90000 100000", "cpu.max.burst": "80000"}),
    (["--cpu-idle", "1"], {"cpu.idle": "1", "cpu.weight": "0"}),
    (["--cpuset-cpus", "0", "--cpuset-mems", "0"], {"cpuset.cpus": "0", "cpuset.mems": "0"}),
]


@pytest.mark.parametrize("options, changed", OPTIONS, ids=[" ".join(row[0]) for row in OPTIONS])
def test_options(limited, options, changed):
    """A limit that an operator changes must hold, and no other may move."""
    container, group = limited
    container.tare("update", *options, container.id)
    expected = {**FILES, **changed}
    found = {name: (group / name).read_text().strip() for name in expected if (group / name).exists()}
    assert found == {name: expected[name] for name in found}
    assert set(changed) <= set(found)


def test_resources_from_standard_input(limited):
    """Engines write the whole object to update's standard input."""
    container, group = limited
    resources = {"memory": {"limit": 80 * MIB}, "pids": {"limit": 70}, "unified": {"memory.high": str(70 * MIB)}}
    container.tare("update", "--resources=-", container.id, input=json.dumps(resources))
    assert read(group, "memory.max", "pids.max", "memory.high") == [str(80 * MIB), "70", str(70 * MIB)]


@pytest.mark.parametrize("resources, pointer", [
    ({"pids": {"limit": 9}, "memory": {"limit": 32 * MIB}, "unified": {"memory.high": "much"}}, "unified/memory.high"),
    ({"pids": {"limit": 9}, "cpu": {"quota": 20000, "burst": 15000, "cpus": "900"}}, "cpu/cpus"),
    ({"memory": {"limit": 128 * MIB}, "unified": {"io.max": "7777:1 rbps=1"}}, "unified/io.max"),
    ({"cpu": {"cpus": "0", "mems": "0"}, "unified": {"memory.high": "much"}}, "unified/memory.high"),
    ({"cpu": {"quota": 5}, "pids": {"limit": 9}}, "cpu/quota"),
    ({"cpu": {"burst": 60000}, "pids": {"limit": 9}}, "cpu/burst")])
def test_all_or_nothing(limited, tmp_path, resources, pointer):
    """Half an update leaves a container with limits that nobody asked for."""
    container, group = limited
    file = tmp_path / "resources.json"
    file.write_text(json.dumps(resources))
    assert pointer in container.tare.fails("update", "--resources", file, container.id)
    assert {name: (group / name).read_text().strip() for name in FILES if (group / name).exists()} == \
        {name: value for name, value in FILES.items() if (group / name).exists()}
    assert read(group, "memory.high") == ["max"]


def test_mask_that_cannot_be_emptied(limited):
    """A kernel that takes no mask back must not leave a container on one processor by an update that failed."""
    container, group = limited
    container.tare.fails("update", "--cpuset-cpus", "0", "--cpuset-mems", "900", container.id)
    names = ("cpuset.cpus.effective", "cpuset.mems.effective")
    assert read(group, *names) == read(group.parent, *names)


def test_check_before_update(bundle):
    """Without it, a limit below the usage would kill the program."""
    bundle.mount("/big", options=["size=64m"])
    bundle.resources["memory"] = {"limit": 128 * MIB}
    container = bundle.shell("head -c 20000000 /dev/zero >/big/file; echo ready >/big/ready; exec sleep 1000000").start()
    container.exec("/bin/sh", "-c", "until [ -s /big/ready ]; do :; done")
    group = cgroup_of(container.pid)
    resources = json.dumps({"memory": {"limit": 8 * MIB, "checkBeforeUpdate": True}})
    message = container.tare.fails("update", "--resources=-", container.id, input=resources)
    assert "/linux/resources/memory/checkBeforeUpdate" in message and "in use" in message
    assert read(group, "memory.max") == [str(128 * MIB)]
    assert container.status == "running"
    container.remove()


def test_devices_are_replaced(bundle):
    """A device that was taken away must be out of reach at once, one that was given usable."""
    bundle.linux["devices"] = [{"path": "/dev/loop-control", "type": "c", "major": 10, "minor": 237}]
    bundle.resources["devices"] = [{"allow": False, "access": "rwm"},
                                   {"allow": True, "type": "c", "major": 10, "minor": 237, "access": "rwm"}]
    container = bundle.shell("exec sleep 1000000").start()

    def usable():
        # Without the driver an open that the rules allow says ENODEV or ENXIO.
        outcome = container.tare.try_("exec", container.id, "cat", "/dev/loop-control")
        return "not permitted" not in outcome.err + outcome.out

    assert usable()
    container.tare("update", "--resources=-", container.id,
                   input=json.dumps({"devices": [{"allow": False, "access": "rwm"}]}))
    assert not usable()
    container.exec("sh", "-c", "echo x >/dev/null")
    container.tare("update", "--resources=-", container.id, input=json.dumps({"devices": bundle.resources["devices"]}))
    assert usable()
    container.remove()


def test_controller_enabled_late(bundle):
    """A limit of a controller that no limit needed at creation."""
    container = bundle.shell("exec sleep 1000000").start()
    group = cgroup_of(container.pid)
    container.tare("update", "--cpuset-cpus", "0", container.id)
    assert read(group, "cpuset.cpus") == ["0"]
    container.remove()


def test_update_holds(limited):
    """A lowered limit must bind the processes that are there already."""
    container, group = limited
    container.tare("update", "--pids-limit", "2", container.id)
    outcome = container.tare.try_("exec", container.id, "sh", "-c", "sleep 1 & sleep 1 & sleep 1 & echo all")
    assert "all" not in outcome.out


def test_paused(limited):
    """Limits of a paused container can be changed; it stays paused."""
    container, group = limited
    container.pause()
    container.tare("update", "--memory", "16m", container.id)
    assert read(group, "memory.max") == [str(16 * MIB)]
    assert container.status == "paused"
    container.resume()
    assert container.status == "running"


@pytest.mark.parametrize("options, words", [
    (["--memory", "1x"], ["--memory", "1x"]), (["--pids-limit", "many"], ["--pids-limit", "many"]),
    (["--blkio-weight", "5"], ["--blkio-weight", "10"]), (["--cpu-rt-runtime", "5"], ["realtimeRuntime"]),
    (["--memory-swap", "1m"], ["swap", "limit"]), (["--resources", "-", "--memory", "1"], ["exclude"]),
    (["--resources", "/nowhere"], ["/nowhere"]), (["--l3-cache-schema", "L3:0=f"], ["resctrl"])])
def test_refusals(limited, options, words):
    """What cannot be done must be said, by the name that the caller used."""
    container, _ = limited
    message = container.tare.fails("update", *options, container.id)
    assert all(word in message for word in words), message


def test_stopped(limited):
    """A stopped container has no limits: success would be a lie."""
    container, _ = limited
    container.end()
    assert "not running" in container.tare.fails("update", "--memory", "64m", container.id)
