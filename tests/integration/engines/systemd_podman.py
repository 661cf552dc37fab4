#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Podman with systemd as its cgroup manager, which is its default: scopes, slices, units, timers."""
import pathlib
import re

import podman_exec
import podman_limits
import podman_pods
import podman_run
import units
from compare import Script, wait_until
from podman import IMAGE

FOREVER = "trap 'exit 33' TERM; echo up; while :; do sleep 0.1; done"


class PodmanOfSystemd(podman_pods.PodmanWithPause):
    manager = "systemd"
    systemd = units.Manager()
    unit_files = pathlib.Path("/run/systemd/system")
    says_exited = True  # of a container whose scope was stopped

    def pod(self, name, *more):
        """A pod's cgroup is a slice, which its containers are in."""
        self("pod", "create", "--network", "none", "--infra-image", "localhost/pause", "--name", name, *more)

    def unit(self, name):
        return f"libpod-{self.inspect(name, '{{.Id}}')}.scope"

    def place(self, name):
        pid = self.inspect(name, "{{.State.Pid}}")
        return pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().split("::")[1]

    def settings(self):
        """Lines of a unit in which this engine's commands are run."""
        names = ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "XDG_RUNTIME_DIR", "HOME")
        return "[Service]\n" + "".join(f"Environment={name}={value}\n" for name, value in self.environment().items()
                                       if name in names)

    def add_settings(self, unit):
        directory = self.unit_files / f"{unit}.d"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "engine.conf").write_text(self.settings())


script = Script(__file__, PodmanOfSystemd)
script.adopt(podman_limits.script, "limited", "out_of_memory", "stats", "pause", "update", "remove_paused", "own_cgroups")
script.adopt(podman_run.script, "stop", "restart_policy", "no_cgroups", "never_started")
script.adopt(podman_pods.script, "pod", "init_containers")


@script.case
def scope(podman):
    """a container is a scope of its own, with its limits as properties, and nothing is left of it."""
    podman.detached("scoped", "--memory", "64m", "--pids-limit", "50", "--cpus", "0.5")
    unit = podman.unit("scoped")
    shown = podman.systemd.show(unit, *units.SHOWN)
    place = podman.place("scoped")
    assert unit in place and shown["Slice"] in place, (shown, place)
    podman.remove("scoped")
    podman.systemd.wait(unit, "LoadState", "not-found")
    return [shown, place.split("/libpod-")[0], (pathlib.Path("/sys/fs/cgroup") / place[1:]).exists()]


@script.case
def parent(podman):
    """--cgroup-parent NAME.slice: the scope is in that slice."""
    slice = f"engines-{podman.name}.slice"
    podman.detached("child", "--cgroup-parent", slice)
    place = podman.place("child")
    podman.remove("child")
    assert f"/engines.slice/{slice}/libpod-" in place, place
    return True


@script.case
def reload(podman):
    """a daemon-reload leaves a running container what it may use and how much of it."""
    podman.detached("reloaded", "--memory", "64m", "--pids-limit", "50",
                    "--device", "/dev/zero:/dev/other:r")
    look = ("head -c 1 /dev/other | wc -c; (echo x >/dev/other) 2>&1; cd /sys/fs/cgroup; "
            "cat memory.max pids.max; echo x >/dev/null && echo null")
    seen = podman.try_("exec", "reloaded", "sh", "-c", look).seen()
    podman.systemd("daemon-reload")
    assert podman.try_("exec", "reloaded", "sh", "-c", look).seen() == seen, seen
    podman.remove("reloaded")
    return seen


@script.case
def ended_by_systemd(podman):
    """systemctl stop of the scope ends the program by its signal, and Podman has its status."""
    podman.detached("ended", "--", "sh", "-c", FOREVER)
    wait_until(lambda: "up" in podman("logs", "ended"))
    podman.systemd("stop", podman.unit("ended"))
    status = podman("wait", "ended")
    if podman.says_exited:
        wait_until(lambda: podman.inspect("ended", "{{.State.Status}}") == "exited")
    podman.remove("ended")
    assert status == "33", status
    return status


@script.case
def unit(podman):
    """generate systemd: systemd starts the container, which says when it is ready, starts it again and ends it."""
    name = f"engines-{podman.name}.service"
    podman("create", "--network", "none", "--name", "served", IMAGE, "sh", "-c", FOREVER)
    text = podman("generate", "systemd", "--new", "--restart-policy", "always", "--name", "served")
    podman.remove("served")
    podman.unit_files.mkdir(parents=True, exist_ok=True)
    (podman.unit_files / name).write_text(text)
    podman.add_settings(name)
    podman.systemd("daemon-reload")
    podman.systemd("start", name)
    wait_until(lambda: "up" in podman("logs", "served"))
    shown = podman.systemd.show(name, "ActiveState", "Type")
    first = podman.inspect("served", "{{.Id}}")
    podman("kill", "served")
    podman.systemd.wait(name, "NRestarts", "1")
    podman.systemd.wait(name, "ActiveState", "active")
    wait_until(lambda: "up" in podman.try_("logs", "served").out)
    seen = [shown, podman.inspect("served", "{{.State.Status}}"), podman.inspect("served", "{{.Id}}") != first]
    podman.systemd("stop", name)
    return [*seen, podman.systemd.show(name, "ActiveState"), podman("ps", "--all", "--quiet")]


@script.case
def health(podman):
    """--health-interval: systemd's timer runs the check by itself, and its outcome is the container's."""
    podman("create", "--network", "none", "--name", "health", "--health-cmd", "test -e /tmp/well", "--health-interval",
           "1s", "--health-retries", "1", IMAGE, "sleep", "1000000")
    podman.add_settings(podman.inspect("health", "{{.Id}}") + ".service")
    podman("start", "health")
    status = "{{.State.Healthcheck.Status}}"
    wait_until(lambda: podman.inspect("health", status) == "unhealthy", step=0.5)
    podman("exec", "health", "touch", "/tmp/well")
    wait_until(lambda: podman.inspect("health", status) == "healthy", step=0.5)
    podman.remove("health")
    return True


@script.case
def systemd_inside(podman):
    """--systemd=always: what a container's own systemd needs is there, its cgroup is its own to divide."""
    return podman.shell("grep -E ' (/run|/run/lock|/tmp|/var/log/journal|/sys/fs/cgroup) ' /proc/mounts | "
                        "cut -d' ' -f 2,3 | sort; mkdir /sys/fs/cgroup/init.scope && echo made; echo $container; "
                        "echo $$ >/sys/fs/cgroup/init.scope/cgroup.procs && cat /proc/self/cgroup",
                        "--systemd", "always")


@script.case
def exec_place(podman):
    """an exec is in the container's own scope, and lives there."""
    podman.detached("place")
    podman("exec", "-d", "place", "sleep", "424242")
    scope = podman.place("place")
    seen = [podman("exec", "place", "cat", "/proc/self/cgroup"),
            len(pathlib.Path(f"/sys/fs/cgroup{scope}/cgroup.procs").read_text().split())]
    podman.remove("place")
    return seen


if __name__ == "__main__":
    script.main()
