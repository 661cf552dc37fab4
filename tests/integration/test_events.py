# SPDX-License-Identifier: Apache-2.0
"""events: what engines and dashboards are told while a container runs."""
import json

import pytest
from house import CONTROLLERS, read_line, wait_readable, wait_until

MIB = 1 << 20


def stats_of(container):
    lines = container.tare("events", "--stats", container.id).splitlines()
    assert len(lines) == 1
    event = json.loads(lines[0])
    assert event["type"] == "stats" and event["id"] == container.id
    return event["data"]


def test_members(bundle):
    """Parsers of engines look for these members by name."""
    container = bundle.shell("exec sleep 1000000").start()
    data = stats_of(container)
    assert set(data) == {"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"}
    assert {"total", "kernel", "user"} <= set(data["cpu"]["usage"])
    assert {"periods", "throttledPeriods", "throttledTime"} <= set(data["cpu"]["throttling"])
    assert {"cache", "usage", "swap", "kernel", "kernelTCP", "raw"} <= set(data["memory"])
    assert {"limit", "usage", "max", "failcnt"} == set(data["memory"]["usage"])
    assert {"ioServiceBytesRecursive", "ioServicedRecursive"} <= set(data["blkio"])
    container.remove()


@pytest.mark.skipif(not {"memory", "pids"} <= set(CONTROLLERS), reason="the controllers are not on cgroup v2")
def test_figures(bundle):
    """Wrong figures send an operator after the wrong container."""
    bundle.resources.update({"memory": {"limit": 64 * MIB, "swap": 96 * MIB}, "pids": {"limit": 20}})
    bundle.mount("/big", options=["size=64m"])
    container = bundle.shell("head -c 20000000 /dev/zero >/big/file; echo ready >/big/ready; "
                             "sleep 1000000 & exec sleep 1000000").start()
    container.exec("/bin/sh", "-c", "until [ -s /big/ready ]; do :; done")
    # The kernel adds up memory.stat every two seconds, and for a reader only where much has changed since.
    wait_until(lambda: stats_of(container)["memory"]["raw"]["shmem"] >= 20000000)
    data = stats_of(container)
    assert data["memory"]["usage"]["limit"] == 64 * MIB and data["memory"]["swap"]["limit"] == 96 * MIB
    assert 20000000 <= data["memory"]["usage"]["usage"] <= 30000000
    assert data["memory"]["raw"]["shmem"] >= 20000000 and data["memory"]["cache"] >= 20000000
    assert data["pids"]["limit"] == 20 and 1 <= data["pids"]["current"] <= 2
    assert data["cpu"]["usage"]["total"] > 0
    container.remove()


def test_stream_ends_with_the_container(bundle):
    """A collector that waits for the end of the stream would wait for ever."""
    container = bundle.shell("exec sleep 1000000").start()
    process, out = container.tare.start_piped("events", "--interval=20ms", container.id)
    for _ in range(3):
        assert json.loads(read_line(out))["type"] == "stats"
    container.kill("KILL")
    while line := read_line(out):
        assert json.loads(line)["type"] == "stats"
    assert process.wait() == 0
    container.remove()


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
def test_oom_at_once(bundle):
    """An OOM kill that is told of at the next interval is told of too late: here that is in an hour."""
    bundle.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    bundle.shell("mkfifo /run/fifo; while read line </run/fifo; do tail -c 200000000 /dev/zero; done")
    bundle.mount("/run")
    container = bundle.start()
    container.exec("sh", "-c", "until [ -p /run/fifo ]; do :; done")
    process, out = container.tare.start_piped("events", "--interval=1h", container.id)
    assert json.loads(read_line(out))["type"] == "stats"
    for _ in range(2):
        container.exec("sh", "-c", "echo go >/run/fifo")
        assert json.loads(read_line(out)) == {"type": "oom", "id": container.id}
    assert container.status == "running"
    container.remove()
    wait_readable(out)
    assert process.wait() == 0


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
def test_oom_of_init_is_told(bundle):
    """When the kill ends the container, the event must come before the end of the stream."""
    bundle.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    container = bundle.shell("exec tail -c 200000000 /dev/zero").create()
    process, out = container.tare.start_piped("events", "--interval=1h", container.id)
    assert json.loads(read_line(out))["type"] == "stats"
    container.tare("start", container.id)
    assert json.loads(read_line(out)) == {"type": "oom", "id": container.id}
    assert process.wait() == 0
    container.remove()


@pytest.mark.parametrize("interval", ["0s", "5", "-1s", "soon", "1h1", "99999h", ""])
def test_bad_interval(bundle, interval):
    """An interval that is taken for another floods a log, or says nothing for hours."""
    container = bundle.shell("exec sleep 1000000").start()
    assert "--interval" in container.tare.fails("events", "--interval", interval, container.id)
    container.remove()


def test_not_running(bundle):
    """Figures of a container that has ended would all be 0, which is a lie."""
    container = bundle.shell("exec sleep 1000000").start()
    container.end()
    assert "not running" in container.tare.fails("events", container.id)
    container.remove()
