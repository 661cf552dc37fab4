# SPDX-License-Identifier: Apache-2.0
"""update of device rules where others have programs on the cgroup too: hooks for GPUs, systemd, an operator's tool."""
import json
import threading

import device_programs
import pytest
from device_programs import Programs
from house import cgroup_of

pytestmark = pytest.mark.skipif(device_programs.NUMBER is None, reason="bpf(2) has another number here")
OURS = "tare_devices"
DENY = [{"allow": False, "access": "rwm"}]


@pytest.fixture
def guarded(bundle):
    """A running container with device rules, and the programs of its cgroup."""
    bundle.linux["devices"] = [{"path": "/dev/loop-control", "type": "c", "major": 10, "minor": 237}]
    bundle.resources["devices"] = DENY
    container = bundle.shell("exec sleep 1000000").start()
    programs = Programs(cgroup_of(container.pid))
    assert programs.names() == [OURS]
    yield container, programs
    container.remove()


def update(container, rules):
    outcome = container.tare.try_("update", "--resources=-", container.id, input=json.dumps({"devices": rules}))
    assert outcome.status == 0, outcome
    return outcome.err


def usable(container):
    outcome = container.tare.try_("exec", container.id, "cat", "/dev/loop-control")
    return "not permitted" not in outcome.err + outcome.out


GIVEN = [*DENY, {"allow": True, "type": "c", "major": 10, "minor": 237, "access": "rwm"}]


def test_one_of_ours_stays_one(guarded):
    """Programs add up to what all of them allow: a second one of ours would keep the old rules for ever."""
    container, programs = guarded
    for rules, allowed in ((GIVEN, True), (DENY, False), (GIVEN, True)):
        assert update(container, rules) == ""
        assert programs.names() == [OURS] and usable(container) == allowed


def test_beside_a_stranger(guarded):
    """Whoever attached a program wants it there; an operator must hear why a device stays out of reach."""
    container, programs = guarded
    programs.attach("gpu_hook")
    words = update(container, GIVEN)
    assert "gpu_hook (id" in words and "warning" in words and words.count("\n") == 1
    assert programs.names() == ["gpu_hook", OURS] and usable(container)
    update(container, [{"allow": True, "access": "rwm"}])
    assert programs.names() == ["gpu_hook"]
    update(container, DENY)
    assert programs.names() == ["gpu_hook", OURS] and not usable(container)


@pytest.mark.parametrize("name", ["", "gpu_hook"])
def test_replaced_by_a_stranger(guarded, name):
    """What was put into the place of ours is another's from then on; the rules of update come beside it, once."""
    container, programs = guarded
    programs.attach(name, instead_of=OURS)
    assert programs.names() == [name] and usable(container)
    for _ in range(2):
        assert (name or "without a name") in update(container, DENY)
        assert programs.names() == [name, OURS] and not usable(container)


def test_taken_away_by_a_stranger(guarded):
    """An update must not depend on what somebody left of the last one."""
    container, programs = guarded
    programs.detach(OURS)
    assert usable(container)
    assert update(container, DENY) == ""
    assert programs.names() == [OURS] and not usable(container)


def test_a_copy_of_ours(guarded):
    """A tool that loads a changed copy under the same name must not leave rules behind that no update reaches."""
    container, programs = guarded
    for _ in range(3):
        programs.attach(OURS)
    assert update(container, GIVEN) == ""
    assert programs.names() == [OURS] and usable(container)
    update(container, [{"allow": True, "access": "rwm"}])
    assert programs.names() == []


def test_stranger_at_work(guarded):
    """A tool that takes ours away at any moment must not make an update fail or a second program stay."""
    container, programs = guarded
    over = threading.Event()

    def interfere():
        while not over.wait(0.001):
            try:
                programs.detach(OURS)
            except (OSError, StopIteration):
                pass
    other = threading.Thread(target=interfere)
    other.start()
    try:
        for _ in range(12):
            update(container, GIVEN)
            assert programs.names().count(OURS) < 2
    finally:
        over.set()
        other.join()
    update(container, DENY)
    assert programs.names() == [OURS]
