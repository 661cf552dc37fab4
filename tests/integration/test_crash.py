# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the runtime at any moment: `delete --force` must then remove everything, twice if asked."""
import json
import os
import re
import signal
import stat
import subprocess

import pytest
from house import CONTROLLERS, IN_VM, cgroup_of, read_line

# The runtime is killed as it enters the Nth system call that changes something.
CALLS = "mkdirat,openat2,write,clone3,sendmsg,recvmsg,renameat,renameat2,connect,fsopen,pidfd_open,flock,memfd_create"
POINTS = range(1, 60, 6 if IN_VM else 2)


def test_kill_run_in_the_foreground(bundle, tare):
    """The terminal window was closed or the machine's memory ran out."""
    bundle.shell("echo ready; exec sleep 1000000").write()
    id = tare.new_id()
    process, out = tare.start_piped("run", "--bundle", bundle.path, id)
    assert read_line(out) == "ready"
    process.kill()
    process.wait()
    assert tare.status(id) == "running"
    tare("delete", "--force", id)
    tare("delete", "--force", id)


def test_kill_run_before_its_last_word(bundle, tare):
    """Killed behind its word to go on, when it has not said that all is done: the container runs, or has ended because
    tare-init saw in time that nobody listens; it is not being made for ever."""
    bundle.shell("exec sleep 1000000").write()
    id = tare.new_id()
    subprocess.run(["strace", "-qq", "-o", "/dev/null", "-P", str(tare.root / id), "-e", "inject=fchmod:signal=KILL",
                    *tare.command("run", "--detach", "--bundle", bundle.path, id)], stdin=subprocess.DEVNULL)
    assert stat.S_IMODE((tare.root / id).stat().st_mode) == 0o1700
    assert tare.status(id) in ("running", "stopped")
    tare("delete", "--force", id)


@pytest.mark.parametrize("command", ["create", "run"])
@pytest.mark.parametrize("point", POINTS)
def test_kill_at_a_system_call(bundle, tare, command, point):
    """The runtime may die after any system call and nothing may stay behind for ever."""
    bundle.shell("true").write()
    id = tare.new_id()
    inject = f"inject={CALLS}:signal=KILL:when={point}"
    process = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", inject,
                                *tare.command(command, "--bundle", bundle.path, id)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.wait()
    tare("delete", "--force", id)
    tare("delete", "--force", id)
    assert tare.ids() == []


@pytest.mark.parametrize("command", ["start", "delete", "kill"])
def test_kill_of_other_commands(bundle, tare, command):
    """The same for commands that change a container."""
    for point in range(1, 20, 6 if IN_VM else 1):
        container = bundle.shell("exec sleep 1000000").create()
        if command != "start":
            container.start()
        if command == "delete":
            container.end()
        more = ["KILL"] if command == "kill" else []
        subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", f"inject=all:signal=KILL:when={point * 4}",
                        *tare.command(command, container.id, *more)], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        container.remove()
        assert tare.ids() == []


def test_killed_init_is_reported(bundle):
    """The container's init is killed from outside while it waits: start must say so, not hang."""
    container = bundle.shell("true").create()
    os.kill(container.pid, signal.SIGKILL)
    assert re.search("stopped|not running|does not exist|killed", container.tare.fails("start", container.id))
    container.remove()


def test_truncated_state_file(bundle, tare):
    """A full disk leaves an empty state file: the container must still be deletable."""
    container = bundle.shell("exec sleep 1000000").create()
    pid = container.pid
    (tare.root / container.id / "state.json").write_text("")
    assert tare.try_("list").status in (0, 1)
    tare("delete", "--force", container.id)
    if os.path.exists(f"/proc/{pid}"):
        os.kill(pid, signal.SIGKILL)
    assert tare.ids() == []


def test_pid_of_another_process_is_not_killed(bundle, tare):
    """After a reboot a stored pid may be anybody's."""
    container = bundle.shell("exec sleep 1000000").create()
    container.end()
    bystander = subprocess.Popen(["sleep", "1000000"])
    path = tare.root / container.id / "state.json"
    pid = re.search(r'"pid":\s*(\d+)', path.read_text())
    path.write_text(path.read_text().replace(pid.group(0), f'"pid": {bystander.pid}'))
    assert container.status == "stopped"
    container.remove()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


# What `update` can change here, in two states that differ in every file.
LIMITS = {
    "memory": ({"memory": {"limit": 96 << 20, "swap": 128 << 20, "reservation": 8 << 20}},
               {"memory": {"limit": 64 << 20, "swap": 64 << 20, "reservation": 4 << 20}},
               ["memory.max", "memory.swap.max", "memory.low"]),
    "pids": ({"pids": {"limit": 60}}, {"pids": {"limit": 50}}, ["pids.max"]),
    "cpu": ({"cpu": {"shares": 512, "quota": 90000, "period": 100000, "burst": 80000}},
            {"cpu": {"shares": 2048, "quota": 50000, "period": 200000, "burst": 40000}},
            ["cpu.weight", "cpu.max", "cpu.max.burst"]),
}


@pytest.mark.seconds(300)
def test_kill_update(bundle):
    """An update that dies half-way leaves each limit as it was or as it was to be, and none that stops the next."""
    names = ["cgroup.max.depth", "cgroup.max.descendants"]
    rows = [row for controller, row in LIMITS.items() if controller in CONTROLLERS]
    before, behind = ({key: value for row in rows for key, value in row[side].items()} for side in (0, 1))
    before.update(unified={"cgroup.max.depth": "9", "cgroup.max.descendants": "8"}, devices=[{"allow": False}])
    behind.update(unified={"cgroup.max.depth": "7", "cgroup.max.descendants": "6"}, devices=[{"allow": False}] * 2)
    names += [name for row in rows for name in row[2]]
    container = bundle.shell("exec sleep 1000000").start()
    group = cgroup_of(container.pid)

    def update(resources):
        container.tare("update", "--resources=-", container.id, input=json.dumps(resources))
        return {name: (group / name).read_text() for name in names if (group / name).exists()}

    new, old = update(behind), update(before)
    half = 0
    for call in ("write", "openat", "bpf"):
        killed = True
        for point in range(1, 100, 5 if IN_VM else 1):
            command = ["strace", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={point}",
                       *container.tare.command("update", "--resources=-", container.id)]
            killed = subprocess.run(command, input=json.dumps(behind).encode(), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL).returncode != 0
            found = {name: (group / name).read_text() for name in old}
            assert all(text in (old[name], new[name]) for name, text in found.items()), (call, point, found)
            half += found not in (old, new)
            assert update(before) == old
            if not killed:
                break
        assert not killed
    assert half, "it was never killed between two limits"
    assert update(behind) == new
    container.remove()
