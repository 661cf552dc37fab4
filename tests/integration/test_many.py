# SPDX-License-Identifier: Apache-2.0
"""Many containers one after the other and at once: no leftover, no growth, `list` right."""
import json
import os

import pytest
from house import IN_VM, cgroup_of
from leaks import mounts

CYCLES = int(os.environ.get("TARE_CYCLES", 50 if IN_VM else 400))
ALIVE = int(os.environ.get("TARE_ALIVE", 30 if IN_VM else 200))


@pytest.mark.seconds(900)
def test_cycles(bundle, tare):
    """A node makes thousands of containers a day; what each leaves behind adds up to a reboot."""
    bundle.shell("exec sleep 1000000").write()
    before = None
    for number in range(CYCLES):
        container = bundle.create()
        container.start()
        container.kill("KILL")
        container.remove()
        if number == CYCLES // 10:
            before = mounts()
    assert tare.ids() == [] and os.listdir(tare.root) == []
    assert mounts() == before


@pytest.mark.seconds(600)
def test_alive_at_once(bundle, tare):
    """Every one of them must be found, told apart and removed."""
    bundle.shell("exec sleep 1000000")
    containers = [bundle.start() for _ in range(ALIVE)]
    rows = {row["id"]: row for row in json.loads(tare("list", "--format", "json"))}
    assert sorted(rows) == sorted(container.id for container in containers)
    assert {row["status"] for row in rows.values()} == {"running"}
    assert len({row["pid"] for row in rows.values()}) == ALIVE
    assert len({cgroup_of(row["pid"]) for row in rows.values()}) == ALIVE
    for container in containers[::2]:
        container.remove()
    assert sorted(tare.ids()) == sorted(container.id for container in containers[1::2])
    for container in containers[1::2]:
        container.remove()


@pytest.mark.seconds(300)
def test_in_parallel(bundle, tare):
    """Engines start a pod's containers at the same moment."""
    bundle.shell("exec sleep 1000000").write()
    ids = [tare.new_id() for _ in range(max(ALIVE // 5, 5))]
    processes = [tare.start_process("run", "--detach", "--bundle", bundle.path, id) for id in ids]
    assert [process.wait() for process in processes] == [0] * len(ids)
    assert tare.ids() == sorted(ids)
    processes = [tare.start_process("delete", "--force", id) for id in ids]
    assert [process.wait() for process in processes] == [0] * len(ids)
    assert tare.ids() == []


@pytest.mark.seconds(300)
def test_same_id_in_parallel(bundle, tare):
    """Exactly one of two creators may win, and the loser must not harm the winner."""
    bundle.shell("exec sleep 1000000").write()
    for _ in range(5 if IN_VM else 20):
        id = tare.new_id()
        racers = [tare.start_process("run", "--detach", "--bundle", bundle.path, id,
                                     stderr=open(os.devnull, "w")) for _ in range(4)]
        assert sorted(process.wait() for process in racers) == [0, 1, 1, 1]
        assert tare.status(id) == "running"
        tare("delete", "--force", id)
