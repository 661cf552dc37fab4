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


CONNECT = {"x86_64": 42, "aarch64": 203}[os.uname().machine]


class BusyPeer:
    """Listens, has as many callers as its backlog holds, and accepts none."""

    def __init__(self, path):
        self.path, self.server, self.callers = path, socket.socket(socket.AF_UNIX), []
        self.server.bind(str(path))
        self.server.listen(1)
        while self._call():
            pass

    def _call(self):
        self.callers.append(caller := socket.socket(socket.AF_UNIX))
        caller.setblocking(False)
        return caller.connect_ex(str(self.path)) == 0

    def make_room(self):
        for _ in self.callers[:-1]:  # the last one found none
            self.server.accept()[0].close()

    def close(self):
        for one in [self.server, *self.callers]:
            one.close()


@pytest.fixture
def busy(tmp_path):
    peer = BusyPeer(tmp_path / "busy.sock")
    yield peer
    peer.close()


def is_connecting(process):
    with open(f"/proc/{process.pid}/syscall") as file:
        return file.read().split()[0] == str(CONNECT)


def ask_for_terminal(bundle, path):
    bundle.process["terminal"] = True
    return ["--console-socket", path]


def ask_for_pidfd(bundle, path):
    return ["--pidfd-socket", path]


def ask_for_listener(bundle, path):
    bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": str(path), "syscalls": [
        {"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}
    return []


def start_to(tare, *command):
    return tare.start_process(*command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True)


@pytest.mark.parametrize("ask", [ask_for_terminal, ask_for_pidfd, ask_for_listener])
def test_a_busy_peer_does_not_hold_signals_back(bundle, tare, busy, ask):
    """Lost otherwise: an agent or engine that hangs takes tare with it, ^C or not, and half a container stays."""
    process = start_to(tare, "create", *ask(bundle, busy.path), "--bundle", bundle.shell("true").write().path,
                       tare.new_id())
    wait_until(lambda: is_connecting(process))
    process.send_signal(signal.SIGTERM)
    text = process.communicate()[1]
    assert process.returncode == 1 and "signal 15 (Terminated)" in text and str(busy.path) in text
    assert tare.ids() == []


def test_a_busy_peer_is_waited_for(bundle, tare, busy):
    """Lost otherwise: where many containers start at the same time, their agent's backlog is full now and then."""
    process = start_to(tare, "run", *ask_for_pidfd(bundle, busy.path), "--bundle", bundle.shell("true").write().path,
                       tare.new_id())
    wait_until(lambda: is_connecting(process))
    busy.make_room()
    connection, _ = busy.server.accept()
    assert connection.recv(100) == b"pidfd"
    connection.close()
    assert process.communicate()[1] == "" and process.returncode == 0


def test_a_peer_that_takes_nothing_is_an_error(sleeper, busy):
    """Lost otherwise: an exec that never returns, and no word of whose fault it is."""
    message = sleeper.tare.fails("exec", "--pidfd-socket", busy.path, sleeper.id, "true")
    assert f"--pidfd-socket {busy.path}: connect: who listens there has taken nothing for 10 s" in message
    assert sleeper.status == "running"
