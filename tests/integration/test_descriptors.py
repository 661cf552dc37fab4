# SPDX-License-Identifier: Apache-2.0
"""Descriptors and sockets handed through: --preserve-fds, LISTEN_FDS, NOTIFY_SOCKET."""
import fcntl
import os
import socket

import pytest
from house import wait_for_file, wait_readable, wait_until


def place(fds):
    """Puts descriptors at 3, 4, ... of the command that is about to run."""
    def act():
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]
        for number, fd in enumerate(high, 3):
            os.dup2(fd, number, inheritable=True)
            os.close(fd)
    return act


def run_with(tare, bundle, fds, *options, env=None):
    bundle.write()
    process = tare.start_process("run", *options, "--bundle", bundle.path, tare.new_id(), close_fds=False,
                                 preexec_fn=place(fds), env={**os.environ, **(env or {})})
    return process.wait()


def test_preserve_fds(bundle, tare, pipe):
    """Podman hands listening sockets and pipes to containers this way."""
    bundle.shell("echo through >&3; ls /proc/self/fd >&3")
    assert run_with(tare, bundle, [pipe[1]], "--preserve-fds", "1") == 0
    os.close(pipe[1])
    said = os.fdopen(os.dup(pipe[0])).read().split()
    assert said[0] == "through" and set(said[1:]) <= {"0", "1", "2", "3", "4"}


def test_fds_are_not_passed_unasked(bundle, tare, pipe):
    """The other side: what is not asked for stays outside."""
    bundle.shell("test -e /proc/self/fd/3 && test \"$(readlink /proc/self/fd/3)\" = '%s' && exit 9; exit 0"
                 % os.readlink(f"/proc/self/fd/{pipe[1]}"))
    assert run_with(tare, bundle, [pipe[1]]) == 0


@pytest.mark.parametrize("count", ["1", "40"])
def test_missing_preserved_fd_is_an_error(bundle, tare, count):
    """A program that is promised a descriptor would use another one, such as one of tare's own."""
    bundle.write()
    message = tare.fails("run", "--preserve-fds", count, "--bundle", bundle.path, tare.new_id())
    assert "--preserve-fds" in message


def test_missing_preserved_fd_of_exec(sleeper):
    """By then tare has descriptors of its own open, which are none of the caller's."""
    assert "--preserve-fds" in sleeper.tare.fails("exec", "--preserve-fds", "1", sleeper.id, "true")


def test_listen_fds(bundle, tare, pipe):
    """Socket activation: systemd's protocol must reach the program with its own pid."""
    bundle.shell("echo $LISTEN_FDS $LISTEN_PID $$ $LISTEN_FDNAMES >&3")
    bundle.write()
    command = tare.command("run", "--bundle", bundle.path, tare.new_id())

    def act():
        place([pipe[1]])()
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="web")
        os.execv(command[0], command)
    pid = os.fork()
    if pid == 0:
        try:
            act()
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(pipe[1])
    assert os.fdopen(os.dup(pipe[0])).read().split() == ["1", "1", "1", "web"]


def send_from_inside(pid, text, path):
    """One datagram, as the container's root file system sees the socket's path."""
    child = os.fork()
    if child == 0:
        try:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            os.chroot(f"/proc/{pid}/root")
            client.sendto(text, path)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def notify_path(pid):
    """As the container's program sees it; its environment is not there before it executes."""
    def environment():
        with open(f"/proc/{pid}/environ") as file:
            return dict(row.split("=", 1) for row in file.read().split("\0") if row)
    wait_until(lambda: "NOTIFY_SOCKET" in environment())
    return environment()["NOTIFY_SOCKET"]


@pytest.fixture
def manager(tmp_path):
    """The service manager's end of NOTIFY_SOCKET."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(tmp_path / "notify"))
    yield server
    server.close()


def test_notify_socket_of_a_detached_run(bundle, tare, tmp_path, manager):
    """Type=notify services wait for READY=1 from inside; a detached run ends with it, not before."""
    pid_file = tmp_path / "pid"
    bundle.shell("exec sleep 1000000").write()
    id = tare.new_id()
    process = tare.start_process("run", "--detach", "--pid-file", pid_file, "--bundle", bundle.path, id,
                                 env={**os.environ, "NOTIFY_SOCKET": manager.getsockname()})
    wait_for_file(pid_file)
    pid = int(pid_file.read_text())
    send_from_inside(pid, b"STATUS=soon\nMAINPID=1\nX_SECRET=1", notify_path(pid))
    wait_readable(manager.fileno())
    assert manager.recv(4096) == b"STATUS=soon\n"
    assert process.poll() is None
    send_from_inside(pid, b"READY=1", notify_path(pid))
    wait_readable(manager.fileno())
    assert manager.recv(4096).decode().split() == ["READY=1", f"MAINPID={pid}"]
    assert process.wait() == 0
    tare("delete", "--force", id)


def test_notify_socket_of_start(bundle, tare, manager):
    """The same for engines that create and start."""
    environment = {"NOTIFY_SOCKET": manager.getsockname()}
    container = bundle.shell("exec sleep 1000000").create(env=environment)
    process = tare.start_process("start", container.id, env={**os.environ, **environment})
    send_from_inside(container.pid, b"READY=1", notify_path(container.pid))
    assert process.wait() == 0
    wait_readable(manager.fileno())
    assert "READY=1" in manager.recv(4096).decode()
    container.remove()
