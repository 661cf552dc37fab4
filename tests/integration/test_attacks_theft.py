# SPDX-License-Identifier: Apache-2.0
"""A container's process that lies in wait for an `exec` to enter, to take its memory or descriptors."""
import os
import signal
import subprocess

import pytest
from attacking import allow, give, map_users, program
from house import IN_VM, read_line, wait_until

NAMESPACES = ("uts", "ipc", "net", "pid", "mnt")
ROUNDS = 12 if IN_VM else 40


class Watched:
    """A container whose only process is the thief; what it says goes to a file."""

    def __init__(self, bundle, path):
        self.path = path
        bundle.process["args"] = [give(bundle, "thief"), "busybox"]
        with open(path, "w") as out:
            bundle.write()
            self.id = bundle.tare.new_id()
            process = bundle.tare.start_process("run", "--detach", "--bundle", bundle.path, self.id, stdout=out)
            assert process.wait() == 0
        self.tare = bundle.tare

    def said(self, word):
        return [line for line in self.path.read_text().splitlines() if line.startswith(word)]

    def loot(self):
        """All that it took from who is not there any more: it may have more than it has told of."""
        before = len(self.said("round"))
        os.kill(self.tare.state(self.id)["pid"], signal.SIGUSR1)
        wait_until(lambda: len(self.said("round")) > before)
        return self.said("stolen")

    def enter(self):
        self.tare("exec", self.id, "/bin/busybox", "true")

    def careless(self, pid, *namespaces):
        return [program("weak_enter"), pid, *namespaces]

    def enter_carelessly(self, *namespaces):
        pid = self.tare.state(self.id)["pid"]
        child = subprocess.Popen(self.careless(str(pid), *namespaces), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        assert read_line(child.stdout.fileno()) == "inside"
        wait_until(lambda: {line.split()[1] for line in self.said("stolen")} >= {"ptrace", "pidfd_getfd", "fd"})
        child.communicate()

    def remove(self):
        self.tare("delete", "--force", self.id)


@pytest.fixture
def watch(bundle, tmp_path):
    watched = []

    def make():
        watched.append(Watched(bundle, tmp_path / "loot"))
        return watched[-1]
    yield make
    for container in watched:
        container.remove()


def resist(container, *namespaces):
    """The attack works on the careless one, and never on tare."""
    container.enter_carelessly(*namespaces)
    before = len(container.loot())
    for _ in range(ROUNDS):
        container.enter()
    assert container.loot()[before:] == []


def test_exec_from_the_same_user_namespace(watch):
    """Root inside took the host's directories from an exec that entered (CVE-2016-9962)."""
    resist(watch(), *NAMESPACES)


def test_exec_into_a_user_namespace(bundle, watch):
    """The same where root inside is nobody outside."""
    map_users(bundle)
    resist(watch(), *NAMESPACES, "user")


def test_exec_into_a_user_namespace_with_ptrace(bundle, watch):
    """There CAP_SYS_PTRACE is the container's own to use, and must not reach who comes from outside."""
    map_users(bundle)
    allow(bundle, "CAP_SYS_PTRACE")
    resist(watch(), *NAMESPACES, "user")


def test_container_that_joins_a_pid_namespace(bundle, watch, new_bundle):
    """A pod's container being made must not be taken over by another one of the pod."""
    resist_neighbour(watch(), new_bundle(), "pid")


def test_container_that_joins_a_user_namespace(bundle, watch, new_bundle):
    """Nor where the other one has CAP_SYS_PTRACE in the user namespace of both."""
    map_users(bundle)
    allow(bundle, "CAP_SYS_PTRACE")
    second = new_bundle()
    map_users(second)
    del second.linux["uidMappings"], second.linux["gidMappings"]
    resist_neighbour(watch(), second, "pid", "user")


def resist_neighbour(container, second, *kinds):
    pid = container.tare.state(container.id)["pid"]
    container.enter_carelessly(*NAMESPACES, *(kind for kind in kinds if kind not in NAMESPACES))
    before = len(container.loot())
    for kind in kinds:
        second.namespace(kind, f"/proc/{pid}/ns/{kind}")
    second.process["args"] = ["/bin/busybox", "true"]
    for _ in range(ROUNDS // 4):
        second.run()
    assert container.loot()[before:] == []


def test_exec_with_ptrace(bundle, watch):
    """CAP_SYS_PTRACE over the host's user namespace reaches whoever is inside, but inside there must never
    be the runtime's own program or memory, nor a process with the host's root."""
    allow(bundle, "CAP_SYS_PTRACE")
    container = watch()
    container.enter_carelessly(*NAMESPACES)
    before = len(container.loot())
    for _ in range(ROUNDS):
        container.tare.try_("exec", container.id, "/bin/busybox", "true")
    loot = container.loot()[before:]
    assert not any(line.startswith("stolen root") for line in loot)
    assert "stolen ptrace tare" not in loot
    assert not any(line.startswith("stolen exe") and container.tare.program in line for line in loot)
