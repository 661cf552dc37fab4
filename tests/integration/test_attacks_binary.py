# SPDX-License-Identifier: Apache-2.0
"""Writing to the runtime's own program from inside (CVE-2019-5736): who can, owns the host."""
import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest
from attacking import allow, give, program
from house import BUSYBOX, IN_VM, wait_until

ROUNDS = 5 if IN_VM else 25

pytestmark = pytest.mark.seconds(200)


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Overwriter:
    """A container that waits for programs from elsewhere."""

    def __init__(self, bundle, path):
        self.tare, self.path, self.id = bundle.tare, path, bundle.tare.new_id()
        bundle.process["args"] = [give(bundle, "overwriter")]
        allow(bundle, "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SYS_PTRACE")
        bundle.config["root"]["readonly"] = False
        bundle.write()
        with open(path, "w") as out:
            self.tare.start_process("run", "--detach", "--bundle", bundle.path, self.id, stdout=out).wait()
        self.pid = self.tare.state(self.id)["pid"]

    def said(self, word):
        return [line.partition(" ")[2] for line in self.path.read_text().splitlines() if line.startswith(word)]

    def careless(self, directory, victim):
        return [directory / "weak_exec", str(self.pid), victim, "cat"]

    def overwrites_the_careless(self, directory):
        victim = shutil.copy(BUSYBOX, directory / "victim")
        shutil.copy(program("weak_exec"), directory)
        shutil.chown(victim, directory.stat().st_uid)
        before = digest(victim)
        with subprocess.Popen(self.careless(directory, victim), stdin=subprocess.PIPE) as careless:
            wait_until(lambda: any("victim" in name for name in self.said("held")), seconds=120)
            careless.communicate()
        wait_until(lambda: any("victim" in name for name in self.said("wrote")))
        assert digest(victim) != before


@pytest.fixture
def overwriter(bundle, tmp_path):
    container = Overwriter(bundle, tmp_path / "said")
    container.overwrites_the_careless(tmp_path)
    yield container
    container.tare("delete", "--force", container.id)


def tempting(bundle, kind):
    """The ways to make the runtime execute itself."""
    if kind == "program":
        return "/proc/self/exe"
    path = bundle.rootfs / "bin/tempting"
    if kind == "link":
        path.symlink_to("/proc/self/exe")
    elif kind == "script":
        path.write_text("#!/proc/self/exe x\n")
        path.chmod(0o755)
    else:
        subprocess.run(["gcc", "-x", "c", "-o", path, "-Wl,--dynamic-linker=/proc/self/exe", "-"],
                       input=b"int main(void) { return 0; }", check=True)
    return "/bin/tempting"


def unharmed(overwriter, before):
    assert {name for name in overwriter.said("wrote") if not name.endswith(("/victim", "/weak_exec", "/tempting"))} == set()
    assert digest(overwriter.tare.program) == before


KINDS = ["program", "link", "script", "interpreter"]


@pytest.mark.parametrize("kind", KINDS)
def test_exec(bundle, overwriter, kind):
    """The runtime as the program of an exec, while another process waits to write to it."""
    path, before = tempting(bundle, kind), digest(overwriter.tare.program)
    for _ in range(ROUNDS):
        overwriter.tare.try_("exec", overwriter.id, path, "a", "b")
    unharmed(overwriter, before)
    assert overwriter.tare("exec", overwriter.id, "echo", "well") == "well\n"


@pytest.mark.parametrize("kind", KINDS)
def test_run(bundle, new_bundle, overwriter, kind):
    """The same for a container that is made in the pid namespace of the attacker."""
    second = new_bundle()
    second.namespace("pid", f"/proc/{overwriter.pid}/ns/pid")
    second.process["args"] = [tempting(second, kind)]
    before = digest(overwriter.tare.program)
    for _ in range(ROUNDS):
        second.try_run()
    unharmed(overwriter, before)
    assert second.run("echo well") == "well\n"


def test_created_container(bundle, overwriter, new_bundle):
    """A container that waits for `start` shows the attacker a program for as long as it likes."""
    second = new_bundle()
    second.namespace("pid", f"/proc/{overwriter.pid}/ns/pid")
    before = digest(overwriter.tare.program)
    container = second.shell("echo well").create()
    for _ in range(ROUNDS):
        assert overwriter.tare("exec", overwriter.id, "true") == ""
    unharmed(overwriter, before)
    pid = container.pid
    container.start()
    container.remove()
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)  # a pid namespace does not end while one of its dead is unburied
