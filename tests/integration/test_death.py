# SPDX-License-Identifier: Apache-2.0
"""Why it died: the OOM killer and a refused fork leave no other word."""
import json

import pytest
from house import CONTROLLERS, wait_for_end

pytestmark = pytest.mark.skipif(not {"memory", "pids"} <= set(CONTROLLERS),
                                reason="the controllers are not on cgroup v2")
MIB = 1 << 20
LIMITS = {"memory": {"limit": 16 * MIB, "swap": 16 * MIB}}
EATER = "exec tail -c 200000000 /dev/zero"
FORKER = "for n in 1 2 3 4 5 6 7 8 9 10; do sleep 1000000 & done; exit 3"


def end_of(container):
    pid = container.pid
    container.tare("start", container.id)
    wait_for_end(pid)
    return container.tare.state(container.id)


def test_oom_in_state(bundle):
    """Signal 9 alone sends an operator after whoever might have sent it."""
    bundle.resources.update(LIMITS)
    container = bundle.shell(EATER).create()
    state = end_of(container)
    assert state["status"] == "stopped"
    assert state["limitsReached"] == {"memory": {"oomKills": 1, "limit": 16 * MIB}}
    listed = json.loads(container.tare("list", "--format=json"))
    assert listed[0]["limitsReached"] == state["limitsReached"]
    container.remove()


def test_pids_in_state(bundle):
    """A program that cannot fork seldom says that it was a limit."""
    bundle.resources["pids"] = {"limit": 4}
    container = bundle.shell(FORKER).create()
    reached = end_of(container)["limitsReached"]
    assert set(reached) == {"pids"} and reached["pids"]["limit"] == 4 and reached["pids"]["refusedForks"] > 0
    container.remove()


def test_nothing_in_state(bundle):
    """A container that met no limit must not be suspected of it, and a running one has not died."""
    bundle.resources.update(LIMITS)
    container = bundle.shell("exit 1").create()
    assert "limitsReached" not in container.tare.state(container.id)
    assert "limitsReached" not in end_of(container)
    container.remove()


@pytest.mark.parametrize("resources, script, status, words", [
    (LIMITS, EATER, 137, ["memory limit reached", "OOM kills: 1"]),
    ({"pids": {"limit": 4}}, FORKER, None, ["pids.max reached"])])
def test_run_tells(bundle, resources, script, status, words):
    """Of run, a status is all that is left when the container is gone."""
    bundle.resources.update(resources)
    outcome = bundle.try_run(script)
    assert outcome.status == status or status is None and outcome.status != 0
    assert all(word in outcome.err for word in words), outcome


def test_run_is_silent(bundle):
    """A status that the program chose itself needs no comment."""
    bundle.resources.update(LIMITS)
    outcome = bundle.try_run("exit 5")
    assert outcome.status == 5 and outcome.err == ""


def test_exec_tells(bundle):
    """The same for a process that joined."""
    bundle.resources.update(LIMITS)
    container = bundle.shell("exec sleep 1000000").start()
    outcome = container.tare.try_("exec", container.id, "tail", "-c", "200000000", "/dev/zero")
    assert outcome.status == 137 and "memory limit reached" in outcome.err
    assert container.status == "running"
    outcome = container.tare.try_("exec", container.id, "false")
    assert outcome.status == 1 and outcome.err == "", "another's death is not its own"
    container.remove()
