# SPDX-License-Identifier: Apache-2.0
"""containerd with one runtime: daemon, state and socket below a directory of its own, driven with ctr."""
import glob
import os
import pathlib
import signal
import subprocess

import archive
from compare import Engine, wait_until

# What a machine's owner changes is the part about the runtime: docs/engines.md has the same lines.
CONFIGURATION = """\
version = 2
root = "{directory}/root"
state = "{directory}/state"
disabled_plugins = [{disabled}]
[grpc]
  address = "{directory}/containerd.sock"
[ttrpc]
  address = "{directory}/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_hugetlb_controller = false
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{directory}/cni/bin"
    conf_dir = "{directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "{name}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}]
    runtime_type = "io.containerd.runc.v2"
    privileged_without_host_devices = false
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}.options]
      BinaryName = "{program}"
      SystemdCgroup = {systemd}
"""


class Containerd(Engine):
    disabled = '"io.containerd.grpc.v1.cri"'
    images = (archive.box,)
    systemd = False  # who makes the cgroups of pods
    daemon = None

    def open(self):
        self.socket = self.directory / "containerd.sock"
        (self.directory / "config.toml").write_text(CONFIGURATION.format(
            directory=self.directory, name=self.name, program=self.program, pause=archive.PAUSE,
            disabled=self.disabled, systemd=str(self.systemd).lower()))
        self.start_daemon()
        for image in self.images:
            self("images", "import", image())

    def start_daemon(self):
        self.log = open(self.directory / "log", "ab")
        self.daemon = subprocess.Popen(
            ["containerd", "--config", self.directory / "config.toml"], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, start_new_session=True)
        wait_until(lambda: self.try_("version").status == 0, step=0.3)

    def end_daemon(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        self.daemon.wait()
        self.log.close()

    def close(self):
        if not self.daemon:
            return
        for name in self("containers", "ls", "-q").split():
            self.remove(name)
        self.end_daemon()

    @property
    def namespace(self):
        """Of containerd: also the parent of the cgroups, so that three daemons do not meet there."""
        return f"with-{self.name}"

    def command(self, *args):
        return ["ctr", "--address", str(self.socket), "--namespace", self.namespace, *args]

    # What most cases do.

    def arguments(self, name, args):
        """options -- program: binary, image and name take the place of the two dashes."""
        at = args.index("--")
        return ("--runc-binary", self.program, *args[:at], archive.BOX, name, *args[at + 1:])

    def run(self, *args, name="once", **more):
        """try_ of `ctr run --rm`."""
        return self.try_("run", "--rm", *self.arguments(name, args), **more)

    def shell(self, script, *options, **more):
        """Standard output of a shell's script in a container."""
        outcome = self.run(*options, "--", "sh", "-c", script, **more)
        assert outcome.status == 0, outcome
        return outcome.out.strip()

    def detach(self, name, script, *options):
        self("run", "--detach", *self.arguments(name, (*options, "--", "sh", "-c", script)))

    def exec(self, name, *program, options=()):
        return self.try_("tasks", "exec", "--exec-id", f"e{os.urandom(4).hex()}", *options, name, *program)

    def status(self, name):
        rows = [line.split() for line in self("tasks", "ls").splitlines()[1:]]
        return next((row[2] for row in rows if row[0] == name), None)

    def pid(self, name):
        rows = [line.split() for line in self("tasks", "ls").splitlines()[1:]]
        return int(next(row[1] for row in rows if row[0] == name))

    def metrics(self, name):
        """{metric: number} of `ctr tasks metrics`."""
        rows = [line.split() for line in self("tasks", "metrics", name).splitlines()]
        return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}

    def remove(self, name):
        self.try_("tasks", "delete", "--force", name)
        self("containers", "delete", name)


def cgroups_of(name):
    """Of the processes of that name."""
    found = []
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            if pathlib.Path(path).read_text().strip() == name:
                found.append(pathlib.Path(path).with_name("cgroup").read_text())
        except OSError:  # it has ended
            pass
    return "".join(found)
