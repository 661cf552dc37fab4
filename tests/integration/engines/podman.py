# SPDX-License-Identifier: Apache-2.0
"""Podman with one runtime: storage, locks, events and configuration below a directory of its own."""
import fcntl
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import termios

from compare import PATIENCE, Engine, busybox_root, cached

IMAGE = "localhost/box"
# The lines by which a machine's owner takes a runtime: docs/engines.md has the same.
CONFIGURATION = """\
[containers]
default_sysctls = []
default_ulimits = ["nofile=1000:1000", "nproc=2000:2000"]
pids_limit = 0
log_driver = "k8s-file"
[engine]
runtime = "{name}"
runtime_supports_json = ["tare", "crun", "runc"]
runtime_supports_nocgroup = ["tare", "crun"]
cgroup_manager = "{manager}"
events_logger = "file"
infra_image = "localhost/pause"
tmp_dir = "{directory}/tmp"
volume_path = "{directory}/volumes"
[engine.runtimes]
{name} = ["{program}"]
"""
STORAGE = """\
[storage]
driver = "vfs"
graphroot = "{directory}/graph"
runroot = "{directory}/run"
"""


class Podman(Engine):
    manager = "cgroupfs"

    def write_configuration(self):
        values = {"name": self.name, "program": self.program, "directory": self.directory,
                  "manager": self.manager}
        (self.directory / "containers.conf").write_text(CONFIGURATION.format(**values))
        (self.directory / "storage.conf").write_text(STORAGE.format(**values))

    def environment(self):
        return {**os.environ, "CONTAINERS_CONF": str(self.directory / "containers.conf"),
                "CONTAINERS_STORAGE_CONF": str(self.directory / "storage.conf")}

    def command(self, *args):
        return ["podman", "--log-level=error", *args]

    def open(self):
        self.write_configuration()
        self("import", "-q", image(), IMAGE)

    def close(self):
        self.try_("pod", "rm", "--force", "--all", "--time", "0")
        self.try_("rm", "--force", "--all", "--time", "0")

    # What most cases do.

    def run(self, *args, **more):
        """try_ of `podman run --rm --network none ARGS`; options, then the program."""
        return self.try_("run", "--rm", "--network", "none", *self.with_image(args), **more)

    def shell(self, script, *options, **more):
        """Standard output of a shell's script in a container."""
        outcome = self.run(*options, "--", "sh", "-c", script, **more)
        assert outcome.status == 0, outcome
        return outcome.out

    def detached(self, name, *args):
        """A container in the background: options, then -- and the program, `sleep` if there is none."""
        program = () if "--" in args else ("--", "sleep", "1000000")
        return self("run", "--detach", "--network", "none", "--name", name, *self.with_image((*args, *program)))

    @staticmethod
    def with_image(args):
        """options -- program: the image takes the place of the two dashes."""
        at = args.index("--")
        return (*args[:at], IMAGE, *args[at + 1:])

    def inspect(self, name, form):
        return self("inspect", "--format", form, name)

    def json(self, *args):
        return json.loads(self(*args))

    def remove(self, *names):
        self("rm", "--force", "--time", "0", *names)

    def terminal(self, *args):
        return Terminal(self, *args)


def image():
    """An image's root file system as an archive."""
    def make(path):
        subprocess.run(["tar", "-C", busybox_root(), "-cf", path, "."], check=True)
    return cached("box.tar", make)


class Terminal:
    """Somebody at a terminal who runs the engine's command in it."""

    def __init__(self, engine, *args, rows=33, columns=77):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = engine.start(*args, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                    preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def until(self, word, seconds=60):
        """Reads until the word is there; returns what came since the last one."""
        while word not in self.text:
            ready, _, _ = select.select([self.master], [], [], seconds * PATIENCE)
            assert ready, f"no {word!r} in {self.text!r}"
            try:
                chunk = os.read(self.master, 4096)
            except OSError:  # the last one at the other end has gone
                chunk = b""
            assert chunk, f"ended without {word!r}: {self.text!r}"
            self.text += chunk.decode(errors="replace")
        before, _, self.text = self.text.partition(word)
        return before.replace("\r\n", "\n")

    def end(self):
        """The command's status, behind all of its output."""
        try:
            while os.read(self.master, 4096):
                pass
        except OSError:
            pass
        os.close(self.master)
        return self.process.wait(60 * PATIENCE)


def need(program):
    assert shutil.which(program), f"{program} is not installed"
