# SPDX-License-Identifier: Apache-2.0
"""Terminals: --console-socket, and the proxy of run and exec in the foreground, driven through a pty."""
import os
import signal
import termios

import pytest
from house import listening_socket, read_line, receive_fds
from terminal import resize, size_of


@pytest.fixture
def terminal(bundle, at_terminal):
    """Runs a script in a container with a terminal."""
    bundle.process["terminal"] = True

    def run(script, **more):
        bundle.shell(script).write()
        return at_terminal("run", "--bundle", bundle.path, bundle.tare.new_id(), **more)
    return run


def test_run_on_a_terminal(terminal):
    """An interactive shell needs a terminal of its own: a controlling one, on all three descriptors."""
    user = terminal("tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo x >/dev/tty; exit 4")
    assert [user.line() for _ in range(3)] == ["/dev/pts/0", "all", "x"]
    assert user.wait() == 4


def test_keys_reach_the_program(terminal):
    """Typing, and what the line discipline makes of it."""
    user = terminal("stty -echo; echo ready; read line; echo got $line; cat; echo end")
    assert user.line() == "ready"
    user.type("hello\n")
    assert user.line() == "got hello"
    user.type("more\n\x04")
    assert user.lines_until("end") == ["more", "end"]
    assert user.wait() == 0


def test_control_c_reaches_the_program_only(terminal):
    """^C must interrupt the command inside, not the runtime."""
    user = terminal("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 1000 & wait $!; done")
    assert user.line() == "ready"
    user.type("\x03")
    assert "caught" in user.lines_until("caught")[-1]
    assert user.wait() == 5


def test_size_follows_the_users_terminal(terminal):
    """Editors draw over the wrong area otherwise."""
    user = terminal("trap 'stty size' WINCH; stty size; while :; do sleep 1000 & wait $!; done", rows=31, columns=101)
    assert user.line() == "31 101"
    resize(user.slave, 52, 133)
    assert user.line() == "52 133"


def test_console_size(bundle):
    """The size the config asks for, before anybody attaches."""
    bundle.process.update(terminal=True, consoleSize={"height": 17, "width": 71})
    server = listening_socket(bundle.path / "console")
    container = bundle.shell("stty size; exec sleep 1000000").create("--console-socket", bundle.path / "console")
    _, (master,) = receive_fds(server)
    assert size_of(master) == (17, 71)
    container.start()
    assert read_line(master) == "17 71"
    container.remove()
    os.close(master)
    server.close()


def test_terminal_is_restored(terminal):
    """A terminal left in raw mode is useless."""
    user = terminal("stty raw; exit 0")
    user.wait()
    assert termios.tcgetattr(user.slave) == user.before


def test_terminal_is_restored_when_a_signal_ends_it(terminal):
    """The same when the runtime is told to end."""
    user = terminal("trap 'exit 3' TERM; echo ready; while :; do sleep 1000 & wait $!; done")
    assert user.line() == "ready"
    user.process.send_signal(signal.SIGTERM)
    assert user.wait() == 3
    assert termios.tcgetattr(user.slave) == user.before


def test_no_output_is_lost_at_the_end(terminal):
    """The last lines are the ones that say what went wrong."""
    user = terminal("seq 1 20000; exit 6")
    lines = user.lines_until("20000")
    assert lines == [str(n) for n in range(1, 20001)]
    assert user.wait() == 6


def test_raw_bytes_pass_unchanged(terminal):
    """Eight-bit text and control characters must survive the proxy."""
    user = terminal("stty raw -echo; echo ready; head -c 256 | od -An -v -tx1 | tr -d ' \\n'; echo")
    user.lines_until("ready")
    os.write(user.master, bytes(range(256)))
    assert user.line().strip() == bytes(range(256)).hex()
    assert user.wait() == 0


def test_exec_on_a_terminal(sleeper, at_terminal):
    """`docker exec -it`: the everyday way in."""
    user = at_terminal("exec", "--tty", sleeper.id, "sh", "-c", "tty; stty size; read a; exit $a")
    assert user.line().startswith("/dev/pts/")
    assert user.line() == "30 100"
    user.type("8\n")
    assert user.wait() == 8
    assert termios.tcgetattr(user.slave) == user.before


def test_console_socket_for_exec(sleeper, tmp_path):
    """conmon takes exec terminals this way."""
    server = listening_socket(tmp_path / "console")
    sleeper.tare("exec", "--tty", "--detach", "--console-socket", tmp_path / "console",
                 "--pid-file", tmp_path / "pid", sleeper.id, "sh", "-c", "tty; read x")
    _, (master,) = receive_fds(server)
    assert os.isatty(master)
    assert read_line(master).startswith("/dev/pts/")
    os.write(master, b"x\n")
    os.waitpid(int((tmp_path / "pid").read_text()), 0)  # ours since its parent ended
    os.close(master)
    server.close()


def test_console_socket_gets_one_descriptor(bundle):
    """Engines attach through it; the device inside is /dev/console and owned by the user."""
    bundle.process.update(terminal=True, user={"uid": 1000, "gid": 1000})
    server = listening_socket(bundle.path / "console")
    bundle.shell("tty; stat -c '%u %F' $(tty) /dev/console; exec sleep 1000000")
    container = bundle.create("--console-socket", bundle.path / "console")
    payload, fds = receive_fds(server)
    assert len(fds) == 1 and payload and os.isatty(fds[0])
    container.start()
    assert read_line(fds[0]) == "/dev/pts/0"
    assert read_line(fds[0]) == "1000 character special file"
    assert read_line(fds[0]) == "1000 character special file"
    container.remove()
    os.close(fds[0])
    server.close()


def test_terminal_without_socket_is_refused(bundle):
    """A created container whose terminal nobody holds would hang at its first read."""
    bundle.process["terminal"] = True
    assert "--console-socket" in bundle.create_fails()


def test_socket_without_terminal_is_refused(bundle):
    """The engine would wait for a descriptor that never comes."""
    server = listening_socket(bundle.path / "console")
    assert "terminal" in bundle.create_fails("--console-socket", bundle.path / "console")
    server.close()


def test_missing_console_socket(bundle):
    """Nothing may be left of a container whose engine is gone."""
    bundle.process["terminal"] = True
    assert "/no/such/socket" in bundle.create_fails("--console-socket", "/no/such/socket")


def test_run_detached_with_a_terminal_needs_a_socket(bundle, tare):
    """Detached, nobody would hold the terminal."""
    bundle.process["terminal"] = True
    bundle.write()
    assert "console" in tare.fails("run", "--detach", "--bundle", bundle.path, tare.new_id())
