# SPDX-License-Identifier: Apache-2.0
"""The systemd manager against a stand-in that answers as systemd seldom does: whatever it says or leaves unsaid, the error
names it and nothing is left."""
import os

import pytest
from fake_manager import FakeManager, Reader, hang_up, holder_of
from house import CGROUPS, CONTROLLERS, HYBRID, cgroup_of

pytestmark = [pytest.mark.skipif(os.path.exists("/run/systemd/private"), reason="the real one would be asked"),
              pytest.mark.skipif(os.geteuid() != 0, reason="the stand-in moves processes as root")]


@pytest.fixture
def manager(tare, tmp_path, monkeypatch):
    """The stand-in, and tare set upon it."""
    slice = CGROUPS / f"{tare.prefix}system.slice"  # of this run's own: another may be at the same test
    made = FakeManager(tmp_path / "bus", slice)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", made.address)
    plain = tare.command
    tare.command = lambda *args: plain("--systemd-cgroup", *args)
    yield made
    made.close()
    for left in [*slice.glob("tare-*.scope"), *CGROUPS.glob(slice.name)]:
        left.rmdir()


def scopes(manager, bundle):
    return [path.name for path in manager.slice.glob(f"tare-{bundle.tare.prefix}*.scope")]


SLEEP = "exec sleep 1000000"


def test_whole_life(bundle, manager):
    """The stand-in does what systemd does: else the other tests would say nothing."""
    container = bundle.shell(SLEEP).start()
    assert cgroup_of(container.pid) == manager.slice / f"tare-{container.id}.scope"
    assert manager.calls == ["Hello", "AddMatch", "StartTransientUnit"], "one round trip for a creation"
    container.exec("true")
    assert container.status == "running"
    container.end()
    assert manager.calls[3:] == [], "none for exec, state and kill"
    container.remove()
    assert scopes(manager, bundle) == []


def removed_first(connection, body):
    """A short job is over before the call is answered."""
    unit = Reader(body).text()
    connection.move(unit, holder_of(body))
    connection.job_removed("other.scope", "failed")
    connection.job_removed(unit)
    connection.job()


def test_job_ends_ahead_of_the_answer(bundle, manager):
    """systemd sends signals as they come: one that is missed is waited for until the time is up."""
    manager.faults["StartTransientUnit"] = removed_first
    container = bundle.shell(SLEEP).start()
    assert cgroup_of(container.pid).name == f"tare-{container.id}.scope"
    container.remove()


def error(name, words=None):
    return lambda connection, body: connection.error(name, words)


def job_that(result):
    """A job that ends badly; the process may have been moved by then."""
    def fault(connection, body):
        unit = Reader(body).text()
        connection.move(unit, holder_of(body))
        connection.job()
        connection.job_removed(unit, result)
    return fault


def not_moved(connection, body):
    connection.job()
    connection.job_removed(Reader(body).text())


def moved_then_gone(connection, body):
    connection.move(Reader(body).text(), holder_of(body))
    hang_up(connection, body)


def answered_then_gone(connection, body):
    connection.job()
    hang_up(connection, body)


def no_path(connection, body):
    connection.reply()
    connection.job_removed(Reader(body).text())


def garbage(connection, body):
    connection.client.sendall(b"l\2\0\1" + b"\xff" * 60)


FAULTS = {
    "refused": (error("org.freedesktop.DBus.Error.AccessDenied", "Permission denied"), "Permission denied"),
    "no words": (error("org.freedesktop.systemd1.TransactionIsDestructive"), "TransactionIsDestructive"),
    "unknown property": (error("org.freedesktop.DBus.Error.PropertyReadOnly", "Cannot set property X"), "property X"),
    "job failed": (job_that("failed"), '"failed"'),
    "job canceled": (job_that("canceled"), '"canceled"'),
    "not moved": (not_moved, "its process is in cgroup"),
    "gone at once": (hang_up, "connection was closed"),
    "gone behind the move": (moved_then_gone, "connection was closed"),
    "gone behind the answer": (answered_then_gone, "connection was closed"),
    "no job": (no_path, "job ended as"),
    "garbage": (garbage, "no message"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_start_fails(bundle, manager, fault):
    """A pod whose scope could not be started leaves no processes in the engine's own cgroup, and no state."""
    manager.faults["StartTransientUnit"], words = FAULTS[fault]
    message = bundle.create_fails()
    assert words in message and "tare-" in message, message
    assert bundle.tare.ids() == []
    assert all((manager.slice / name / "cgroup.procs").read_text() == "" for name in scopes(manager, bundle))


@pytest.mark.parametrize("again, words", [
    (None, None), ("org.freedesktop.systemd1.UnitExists", "systemctl status")])
def test_failed_unit_in_the_way(bundle, manager, again, words):
    """What a unit that failed has left is cleared away once, and what is there after all is left alone."""
    answers = ["org.freedesktop.systemd1.UnitExists", again]

    def exists(connection, body):
        name = answers.pop(0)
        if name:
            connection.error(name, "Unit already exists.")
        return not name

    manager.faults["StartTransientUnit"] = exists
    if words:
        assert words in bundle.shell(SLEEP).create_fails()
    else:
        bundle.shell(SLEEP).start().remove()
    assert manager.calls[2:5] == ["StartTransientUnit", "ResetFailedUnit", "StartTransientUnit"]


@pytest.mark.parametrize("fault", ["refused", "gone at once", "garbage"])
def test_stop_fails(bundle, manager, fault):
    """A manager that is in trouble must not keep a container from being deleted."""
    container = bundle.shell(SLEEP).start()
    manager.faults["StopUnit"], words = FAULTS[fault]
    outcome = bundle.tare.try_("delete", "--force", container.id)
    assert outcome.status == 0 and words in outcome.err and "warning" in outcome.err
    assert bundle.tare.ids() == [] and scopes(manager, bundle) == []


@pytest.mark.skipif(not HYBRID, reason="the hierarchy is unified")
def test_limit_on_a_hybrid_host(bundle, manager):
    """systemd would take the property and keep the limit on cgroup v1, where the container's processes are not counted."""
    bundle.resources["memory"] = {"limit": 64 << 20}
    message = bundle.create_fails()
    assert "/linux/resources/memory/limit" in message and "cgroup v1" in message
    assert "StartTransientUnit" not in manager.calls


def test_nobody_is_there(bundle, manager, monkeypatch):
    """The message says what to do where there is no systemd."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    message = bundle.create_fails()
    assert "cannot connect" in message and "--cgroup-manager=cgroupfs" in message and bundle.tare.ids() == []


@pytest.mark.skipif("memory" not in CONTROLLERS, reason="memory is not on cgroup v2")
@pytest.mark.parametrize("fault", ["refused", "gone at once"])
def test_update_fails(bundle, manager, fault):
    """Limits that systemd does not know would be gone with its next reload: then none is changed."""
    container = bundle.shell(SLEEP).start()
    group = cgroup_of(container.pid)
    manager.faults["SetUnitProperties"], words = FAULTS[fault]
    assert words in container.tare.fails("update", "--memory=64m", "--pids-limit=9", container.id)
    assert [(group / name).read_text() for name in ("memory.max", "pids.max")] == ["max\n", "max\n"]
    container.remove()


@pytest.mark.skipif("cpu" not in CONTROLLERS, reason="cpu is not on cgroup v2")
def test_update_fails_behind_systemd(bundle, manager):
    """What systemd was told already is taken back too: its next reload would bring half of the update."""
    bundle.resources["cpu"] = {"shares": 1024}
    container = bundle.shell(SLEEP).start()
    group = cgroup_of(container.pid)
    told = []

    def meddle(connection, body):
        told.append(body)
        (group / "cpu.idle").write_text("1" if len(told) == 1 else "0")
        return True

    manager.faults["SetUnitProperties"] = meddle
    message = container.tare.fails("update", "--cpu-share=512", "--pids-limit=9", container.id)
    assert "/linux/resources/cpu/shares" in message
    assert len(told) == 2 and b"TasksMax" in told[1] and b"\xff" * 8 in told[1], "the old limit was told"
    assert [(group / name).read_text() for name in ("pids.max", "cpu.weight")] == ["max\n", "100\n"]
    container.remove()
