# SPDX-License-Identifier: Apache-2.0
"""What a signal does to a container that was created and not started."""
import pytest
from house import status_fields, wait_readable

ENDING = ["TERM", "INT", "HUP", "QUIT", "USR1", "ALRM", "RTMIN+1", "KILL"]
HARMLESS = ["CHLD", "CONT", "WINCH", "URG", "TSTP"]


@pytest.mark.parametrize("name", ENDING)
def test_a_signal_ends_a_created_container(bundle, name):
    """Lost otherwise: an engine that stops a container it has not started yet waits for its timeout; as the
    first process of its pid namespace the container's init would not feel the signal."""
    container = bundle.create()
    pidfd = container.pidfd()
    container.kill(name)
    wait_readable(pidfd)
    assert container.status == "stopped"
    assert "has stopped" in bundle.tare.fails("start", container.id)
    container.delete()


def test_the_host_s_pid_namespace_makes_no_difference(bundle):
    """Lost otherwise: the same kill works or not by what namespaces the container has."""
    bundle.without_namespace("pid")
    container = bundle.create()
    pidfd = container.pidfd()
    container.kill("TERM")
    wait_readable(pidfd)
    container.delete()


def test_harmless_signals_leave_it_alone(bundle):
    """Lost otherwise: a stray SIGWINCH or SIGCHLD to a created container makes its start fail."""
    container = bundle.shell("echo on").create()
    for name in HARMLESS:
        container.kill(name)
    container.start()
    container.remove()


def test_the_program_has_default_signals(bundle):
    """Lost otherwise: the workload would inherit what its first process does with signals before it starts."""
    fields = status_fields(bundle.run("exec grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status"))
    assert fields == {"SigBlk": "0" * 16, "SigIgn": "0" * 16, "SigCgt": "0" * 16}
