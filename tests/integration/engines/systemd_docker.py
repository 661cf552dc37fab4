#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Docker with native.cgroupdriver=systemd, its default where systemd is process 1."""
import pathlib

import docker_more
import docker_run
import units
from compare import Script, wait_until
from docker import Docker
from docker_run import FOREVER


class DockerOfSystemd(Docker):
    settings = {"exec-opts": ["native.cgroupdriver=systemd"], "live-restore": True}
    manager = units.Manager()

    @property
    def cgroup(self):
        return f"docker-{self.name}.slice"

    def unit(self, name):
        return f"docker-{self.inspect(name, '{{.Id}}')}.scope"


script = Script(__file__, DockerOfSystemd)
script.adopt(docker_run.script, "life", "out_of_memory", "options", "build", "privileged")
script.adopt(docker_more.script, "live_restore")


@script.case
def scope(docker):
    """a container is a scope in Docker's slice, with its limits as properties, and nothing is left of it."""
    assert docker("info", "--format", "{{.CgroupDriver}}") == "systemd"
    docker.detach("scoped", FOREVER, "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50")
    unit = docker.unit("scoped")
    shown = docker.manager.show(unit, *units.SHOWN)
    assert shown["Slice"] == docker.cgroup, shown
    place = pathlib.Path("/sys/fs/cgroup") / docker.manager.show(unit, "ControlGroup")["ControlGroup"][1:]
    docker.remove("scoped")
    docker.manager.wait(unit, "LoadState", "not-found")
    return [{**shown, "Slice": ""}, place.exists()]


@script.case
def reload(docker):
    """a daemon-reload leaves a running container its devices and limits, also those of an update."""
    docker.detach("reloaded", FOREVER, "--memory", "64m", "--device", "/dev/zero:/dev/other:r")
    docker("update", "--memory", "96m", "--memory-swap", "96m", "reloaded")
    look = ("head -c 1 /dev/other | wc -c; (echo x >/dev/other) 2>&1; cat /sys/fs/cgroup/memory.max;"
            "echo x >/dev/null && echo null")
    seen = docker("exec", "reloaded", "sh", "-c", look)
    docker.manager("daemon-reload")
    assert docker("exec", "reloaded", "sh", "-c", look) == seen, seen
    docker.remove("reloaded")
    return seen


@script.case
def ended_by_systemd(docker):
    """systemctl stop of the scope ends the program by its signal, and Docker has its status."""
    docker.detach("ended", FOREVER)
    wait_until(lambda: "ready" in docker("logs", "ended"), step=0.3)
    docker.manager("stop", docker.unit("ended"))
    seen = [docker("wait", "ended"), docker.inspect("ended", "{{.State.Status}}")]
    docker.remove("ended")
    assert seen == ["5", "exited"], seen
    return seen


if __name__ == "__main__":
    script.main()
