# SPDX-License-Identifier: Apache-2.0
"""dockerd with one runtime: daemon, containerd, data and socket below a directory of its own."""
import json
import os
import signal
import subprocess

import archive
from compare import Engine, wait_until


class Docker(Engine):
    settings = {}  # further ones of daemon.json
    daemon = None

    def open(self):
        self.socket = self.directory / "docker.sock"
        (self.directory / "daemon.json").write_text(json.dumps(self.configuration()))
        self.start_daemon()
        self("load", "--quiet", "--input", archive.box())

    def configuration(self):
        """daemon.json: the first two lines are what a machine's owner adds, see docs/engines.md."""
        return {"runtimes": {self.runtime: {"path": self.program}},
                "default-runtime": self.runtime,
                "hosts": [f"unix://{self.socket}"], "data-root": f"{self.directory}/data",
                "exec-root": f"{self.directory}/exec", "pidfile": f"{self.directory}/pid",
                "bridge": "none", "iptables": False, "ip-masq": False, "storage-driver": "overlay2",
                "cgroup-parent": self.cgroup, **self.settings}

    @property
    def runtime(self):
        """The name runc is Docker's own."""
        return f"with-{self.name}"

    @property
    def cgroup(self):
        return f"/docker-{self.name}"

    def start_daemon(self):
        self.log = open(self.directory / "log", "ab")
        self.daemon = subprocess.Popen(
            ["dockerd", "--config-file", self.directory / "daemon.json"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)
        wait_until(lambda: self.alive() and self.socket.exists(), step=0.3)
        wait_until(lambda: self.alive() and self.try_("version").status == 0, step=0.5)

    def alive(self):
        assert self.daemon.poll() is None, (self.directory / "log").read_text()[-2000:]
        return True

    def end_daemon(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        self.daemon.wait()
        self.log.close()

    def close(self):
        if not self.daemon or self.daemon.poll() is not None:
            return
        names = self("ps", "--all", "--quiet").split()
        if names:
            self.remove(*names)
        self.end_daemon()

    def environment(self):
        return {**os.environ, "DOCKER_HOST": f"unix://{self.socket}", "DOCKER_BUILDKIT": "0",
                "DOCKER_CONFIG": str(self.directory / "client")}

    def command(self, *args):
        return ["docker", *args]

    # What most cases do.

    @staticmethod
    def with_image(args):
        """options -- program: the image takes the place of the two dashes."""
        at = args.index("--")
        return (*args[:at], archive.BOX, *args[at + 1:])

    def run(self, *args, **more):
        """try_ of `docker run --rm --network none`."""
        return self.try_("run", "--rm", "--network", "none", *self.with_image(args), **more)

    def shell(self, script, *options, **more):
        """Standard output of a shell's script in a container."""
        outcome = self.run(*options, "--", "sh", "-c", script, **more)
        assert outcome.status == 0, outcome
        return outcome.out.strip()

    def detach(self, name, script, *options):
        self("run", "--detach", "--network", "none", "--name", name, *self.with_image(
            (*options, "--", "sh", "-c", script)))

    def inspect(self, name, form):
        return self("inspect", "--format", form, name)

    def remove(self, *names):
        self("rm", "--force", "--volumes", *names)
