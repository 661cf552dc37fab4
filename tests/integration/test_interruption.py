# SPDX-License-Identifier: Apache-2.0
"""Signals to a command that is still making a container: the user changed their mind, or a supervisor its plan."""
import os
import select
import signal
import socket
import subprocess

import pytest
from house import wait_readable, wait_until

KINDS = ["createRuntime", "createContainer", "poststart"]
COMMANDS = [["run"], ["run", "--detach"], ["create"]]


def with_slow_hook(bundle, kind, reached):
    """A hook that says where it is by a file, then takes for ever."""
    path = "/reached" if kind == "createContainer" else str(reached)
    shell = f"{bundle.rootfs}/bin/sh"
    program_runs = f"until [ -e {bundle.rootfs}/ready ]; do :; done;" if kind == "poststart" else ""
    bundle.config["hooks"] = {kind: [{"path": shell, "env": [f"PATH={bundle.rootfs}/bin"], "args": [
        "sh", "-c", f"{program_runs} echo $$ > {path}; exec sleep 1000000"]}]}
    bundle.config["root"]["readonly"] = False
    return bundle.shell("trap 'exit 0' TERM; > /ready; sleep 1000000 & wait").write()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_signal_ends_the_launch(bundle, tare, tmp_path, command, kind):
    """Lost otherwise: a hook that hangs takes the terminal with it, ^C or not; or tare dies of the signal and
    leaves the hook, the cgroup and half a container."""
    if command == ["create"] and kind == "poststart":
        pytest.skip("create has no poststart hooks")
    reached = tmp_path / "reached"
    with_slow_hook(bundle, kind, reached)
    process = tare.start_process(*command, "--bundle", bundle.path, tare.new_id(), stderr=subprocess.PIPE, text=True)
    wait_until(reached.exists if kind != "createContainer" else lambda: any(
        name.startswith("sleep") for name in programs_of(process.pid)))
    process.send_signal(signal.SIGTERM)
    _, text = process.communicate()
    # In the foreground the program that runs already may end as it likes.
    passed_on = kind == "poststart" and command == ["run"]
    assert process.returncode == 1
    assert ("ended while the hook ran" if passed_on else "signal 15 (Terminated)") in text
    assert tare.ids() == []


def programs_of(pid):
    """The names of all processes below one."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(child) for child in file.read().split()]
    for child in children:
        try:
            with open(f"/proc/{child}/comm") as file:
                yield file.read().strip()
            yield from programs_of(child)
        except (FileNotFoundError, ProcessLookupError):
            continue


def test_seccomp_record_can_be_interrupted(bundle, tare, tmp_path):
    """Lost otherwise: a recording of something that hangs ends by kill -9 only."""
    reached = tmp_path / "reached"
    with_slow_hook(bundle, "createRuntime", reached)
    process = tare.start_process("seccomp", "record", "--bundle", bundle.path, tare.new_id(), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
    wait_until(reached.exists)
    process.send_signal(signal.SIGINT)
    assert "signal 2 (Interrupt)" in process.communicate()[1]
    assert process.returncode == 1


def test_an_ignored_signal_stays_ignored(bundle, tare, tmp_path):
    """Lost otherwise: nohup is for nothing, and ^C in a script ends what it has in the background."""
    reached, go = tmp_path / "reached", tmp_path / "go"
    shell = f"{bundle.rootfs}/bin/sh"
    os.mkfifo(go)
    bundle.config["hooks"] = {"createRuntime": [{"path": shell, "args": [
        "sh", "-c", f"> {reached}; read line < {go}"]}]}
    bundle.shell("exit 5").write()
    process = subprocess.Popen(["nohup", *tare.command("run", "--bundle", bundle.path, tare.new_id())],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(reached.exists)
    process.send_signal(signal.SIGHUP)
    go.write_text("on\n")
    assert process.wait() == 5


def is_full(end):
    return not select.select([], [end], [], 0)[1]


def test_a_full_socket_does_not_hold_signals_back(bundle, tare):
    """Lost otherwise: who supervises tare by a socketpair and stops reading cannot stop the container any more."""
    bundle.process["terminal"] = True
    bundle.shell("trap 'exit 7' TERM; yes & wait").write()
    id = tare.new_id()
    mine, its = socket.socketpair()
    its.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the kernel's least: smaller than what tare has to say
    process = tare.start_process("run", "--bundle", bundle.path, id, stdin=subprocess.DEVNULL, stdout=its)
    wait_until(lambda: is_full(its))
    its.close()
    container = os.pidfd_open(tare.state(id)["pid"])
    process.send_signal(signal.SIGTERM)
    wait_readable(container)
    os.close(container)
    while mine.recv(1 << 16):
        pass
    assert process.wait() == 7
    mine.close()
