# SPDX-License-Identifier: Apache-2.0
"""The end of containers whose cgroup is in an unusual state: nothing may be left, and nothing may hang."""
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
from house import CGROUPS, PATIENCE, alive, cgroup_of, wait_for_end, wait_until
from unanswered import Unanswered

SLEEP = "exec sleep 1000000"


def pids(group):
    return [int(line) for line in (group / "cgroup.procs").read_text().split()]


def all_pids(group):
    return [pid for path in [group, *group.rglob("*/")] for pid in pids(path)]


def remove_and_check(container, group, gone=()):
    container.tare("delete", "--force", container.id)
    assert not group.exists()
    assert not any(alive(pid) for pid in gone)
    assert container.id not in container.tare.ids()


@pytest.mark.seconds(150)
def test_thousand_processes(bundle):
    """A container is not gone while one of its processes runs on."""
    container = bundle.shell("n=0; while [ $n -lt 1000 ]; do sleep 1000000 & n=$((n+1)); done; " + SLEEP).start()
    group = cgroup_of(container.pid)
    wait_until(lambda: len(pids(group)) >= 1001, 100)
    remove_and_check(container, group, pids(group))


def test_forks_in_progress(bundle):
    """Who forks faster than a list of processes can be read would get away from one kill after the other."""
    container = bundle.shell("for n in 1 2 3 4; do (while :; do true & wait; done) & done; "
                             "while :; do sleep 1000000 & sleep 0.01; done").start()
    group = cgroup_of(container.pid)
    wait_until(lambda: len(pids(group)) > 10)
    remove_and_check(container, group)


def test_orphans_of_init(bundle):
    """Without a pid namespace the end of the first process ends nobody else."""
    bundle.without_namespace("pid")
    container = bundle.shell("sleep 1000000 & sleep 1000000 & " + SLEEP).start()
    group, first = cgroup_of(container.pid), container.pid
    wait_until(lambda: len(pids(group)) == 3)
    others = pids(group)
    os.kill(first, 9)
    wait_for_end(first)
    remove_and_check(container, group, others)


def test_paused(bundle):
    """Frozen processes do not act on signals."""
    container = bundle.shell("sleep 1000000 & " + SLEEP).start()
    group = cgroup_of(container.pid)
    wait_until(lambda: len(pids(group)) == 2)
    container.pause()
    remove_and_check(container, group, pids(group))


def test_cgroups_of_the_workload(bundle):
    """A directory that has others below it cannot be removed: engines then show containers that are long gone."""
    container = bundle.shell("sleep 1000000 & sleep 1000000 & " + SLEEP).start()
    group = cgroup_of(container.pid)
    wait_until(lambda: len(pids(group)) == 3)
    for path in ("a/b/c/d", "a/e", "f"):
        (group / path).mkdir(parents=True)
    for path in ("a/b/c/d", "a/e"):
        (group / path / "cgroup.procs").write_text(str(pids(group)[-1]))
    everyone = all_pids(group)
    assert len(everyone) == 3 and len(pids(group)) == 1
    assert sorted(json.loads(container.tare("ps", "--format=json", container.id))) == sorted(everyone)
    remove_and_check(container, group, everyone)


def test_threaded(bundle):
    """Threaded cgroups do not list processes; their names must go all the same."""
    container = bundle.shell("sleep 1000000 & " + SLEEP).start()
    group = cgroup_of(container.pid)
    (group / "threads").mkdir()
    (group / "threads/cgroup.type").write_text("threaded")
    wait_until(lambda: len(pids(group)) == 2)
    everyone = pids(group)
    (group / "threads/cgroup.threads").write_text(str(everyone[-1]))
    assert (group / "cgroup.type").read_text().strip() == "domain threaded"
    container.exec("true")
    assert container.tare("ps", "--format=json", container.id).count(",") == 1
    (group / "other").mkdir()
    message = container.tare.fails("exec", "--cgroup=other", container.id, "true")
    assert "this cgroup is threaded, or below one that is" in message
    remove_and_check(container, group, everyone)


@pytest.mark.parametrize("forced", [True, False])
def test_foreign_process(bundle, forced):
    """A process that somebody else put there would keep the cgroup, and its limits, for ever."""
    container = bundle.shell(SLEEP).start()
    group = cgroup_of(container.pid)
    with subprocess.Popen(["sleep", "1000000"]) as foreign:
        (group / "cgroup.procs").write_text(str(foreign.pid))
        if not forced:
            container.end()
            container.tare("delete", container.id)
        remove_and_check(container, group)
        assert foreign.wait() == -9


@pytest.fixture
def unanswered(tare, tmp_path):
    """A file system whose server does not answer, until the test is over."""
    place = tmp_path / "unanswered"
    place.mkdir()
    try:
        server = Unanswered(place)
    except OSError as error:
        pytest.skip(f"no FUSE here: {error}")
    yield server
    if server.thread.is_alive():
        server.close()


def asks(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"cat\0")


def waiter(bundle, server, script, pid_namespace=True):
    """A container, and that process of it that waits for the server."""
    if not pid_namespace:
        bundle.without_namespace("pid")
    bundle.mount("/slow", "bind", server.place, ["bind"])
    server.asked.clear()
    container = bundle.shell(script).start()
    assert server.asked.wait(60 * PATIENCE)
    return container, next(pid for pid in pids(cgroup_of(container.pid)) if asks(pid))


def begun(container, *command):
    return container.tare.start_process(*command, container.id, stderr=subprocess.PIPE, text=True)


def test_uninterruptible(new_bundle, unanswered):
    """A dead file server must not hang the engine too: every wait has an end, and the message names the process and where it
    waits. What could not be paused goes on as a whole; when the server is back, delete does its work."""
    first = waiter(new_bundle(), unanswered, "exec cat /slow/a")
    another = waiter(new_bundle(), unanswered, "cat /slow/b & " + SLEEP, pid_namespace=False)
    paused, _ = waiter(new_bundle(), unanswered, "cat /slow/c & " + SLEEP)
    groups = [cgroup_of(container.pid) for container in (first[0], another[0], paused)]
    for container, _ in (first, another):
        container.kill("KILL")
    commands = [begun(container, "delete", "--force") for container, _ in (first, another)] + [begun(paused, "pause")]
    messages = [command.communicate(timeout=30 * PATIENCE)[1] for command in commands]
    assert [command.returncode for command in commands] == [1, 1, 1]
    for (container, pid), group, message in zip((first, another), groups, messages):
        assert f"process {pid} waits uninterruptibly in request_wait_answer" in message and container.id in message, message
        assert group.exists() and container.id in container.tare.ids(), "there must be a way to try again"
    assert "cannot stop where it is" in messages[2] and paused.status == "running"
    assert (groups[2] / "cgroup.freeze").read_text() == "0\n"
    unanswered.close()
    for container, group in zip((first[0], another[0], paused), groups):
        remove_and_check(container, group)


def test_uninterruptible_before_the_start(bundle, unanswered, tmp_path):
    """A hook that asks a dead server, and a user who gives up: create ends all the same, says what it leaves, and delete
    ends that when the server is back."""
    id = bundle.tare.new_id()
    bundle.config["hooks"] = {"createContainer": [{"path": "/bin/cat", "args": ["cat", f"{unanswered.place}/a"]}]}
    bundle.write()
    with open(tmp_path / "said", "w") as said:
        creating = bundle.tare.start_process("create", "--bundle", bundle.path, id, stderr=said)
    assert unanswered.asked.wait(60 * PATIENCE)
    group = CGROUPS / "tare" / id
    everyone = pids(group)
    creating.send_signal(signal.SIGINT)
    assert creating.wait(timeout=40 * PATIENCE) != 0
    message = (tmp_path / "said").read_text()
    assert "waits uninterruptibly" in message and "does not die of SIGKILL" in message and f"tare delete --force {id}" in message, message
    unanswered.close()
    bundle.tare("delete", "--force", id)
    assert not group.exists() and not any(alive(pid) for pid in everyone) and id not in bundle.tare.ids()
