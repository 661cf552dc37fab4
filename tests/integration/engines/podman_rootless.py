#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Podman of an unprivileged user, with a delegated cgroup and without."""
import re

from compare import Script, wait_until
from podman import IMAGE, Podman
from rootless import Rootless, own


class RootlessPodman(Rootless, Podman):
    def write_configuration(self):
        super().write_configuration()
        path = self.directory / "containers.conf"
        path.write_text(re.sub("tmp_dir.*\n", "", path.read_text()))

    def close(self):
        super().close()
        self.try_("system", "migrate")  # ends the process that holds the user namespace


script = Script(__file__, RootlessPodman)
VERDICT = re.compile(r"(OCI [^:]*)$")


def inside(podman, script, *options):
    """What a shell's script says in a container with these options. Not with a plain `run`: behind the end of an
    unprivileged user's container, Podman 4.3 without systemd waits for 20 seconds."""
    podman.detached("inside", *options)
    seen = podman.try_("exec", "inside", "sh", "-c", script)
    podman.remove("inside")
    return [seen.status, seen.out]


@script.case
def identity(podman):
    """run and exec: the ids, the maps, capabilities, what may be written, statuses."""
    return inside(podman, "id; tr -s ' ' </proc/self/uid_map; tr -s ' ' </proc/self/gid_map; "
                  "cat /proc/self/setgroups; grep Cap /proc/1/status; touch /x && echo wrote; "
                  "stat -c %u:%g /x /proc /sys /dev/null; exit 42")


@script.case
def errors(podman):
    """127 and 126."""
    seen = []
    for program in ("nosuch", "/etc/passwd"):
        outcome = podman.run("--", program)
        found = VERDICT.search(outcome.err.strip())
        seen.append([outcome.status, found and found.group(1)])
    assert [status for status, _ in seen] == [127, 126], seen
    return seen


@script.case
def keep_id(podman):
    """--userns=keep-id: the user's own id inside, and a volume of theirs."""
    source = podman.directory / "home/volume"
    source.mkdir()
    own(source)
    seen = inside(podman, "id -u; echo mine >/v/file; stat -c %u /v/file", "--userns", "keep-id",
                  "--volume", f"{source}:/v")
    assert (source / "file").stat().st_uid == 4711
    return seen


@script.case(more=True)
def no_map(podman):
    """--userns=nomap: the user's id is not in the container."""
    return podman.shell("id -u; tr -s ' ' </proc/self/uid_map", "--userns", "nomap")


@script.case(more=True)
def life(podman):
    """detached, exec, top, logs, kill, wait."""
    podman.detached("life", "--", "sh", "-c", "echo up; exec sleep 1000000")
    wait_until(lambda: "up" in podman("logs", "life"))
    seen = [podman("exec", "life", "sh", "-c", "id -u; exit 0"), podman.try_("exec", "life", "nosuch").status,
            podman("top", "life", "user", "args").splitlines()[1:]]
    podman("kill", "life")
    seen.append(podman("wait", "life"))
    podman.remove("life")
    return seen


@script.case
def delegated(podman):
    """limits and pause in a cgroup that was delegated to the user."""
    parent = f"/engines-{podman.name}-delegated/box"
    podman.detached("limited", "--memory", "64m", "--pids-limit", "50", "--cgroup-parent", parent)
    seen = [podman("exec", "limited", "cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max")]
    seen += [podman.try_("pause", "limited").status, podman.inspect("limited", "{{.State.Status}}"),
             podman.try_("unpause", "limited").status]
    podman.remove("limited")
    return seen


@script.case
def not_delegated(podman):
    """in root's cgroup: containers run, a limit is refused or passed over."""
    podman.delegated = False
    try:
        plain = inside(podman, "echo runs")
        limit = podman.run("--memory", "64m", "--", "echo", "runs")
    finally:
        podman.delegated = True
    assert plain == [0, "runs\n"], plain
    return limit.status in (126, 127)


@script.case(more=True)
def mounts(podman):
    """the mount table of the user's container."""
    fields = [line.split() for line in podman.shell("cat /proc/self/mountinfo").splitlines()]
    return sorted([row[4], row[5], row[row.index("-") + 1]] for row in fields)


@script.case(more=True)
def terminal(podman):
    """run -it at a terminal."""
    user = podman.terminal("run", "--rm", "-it", "--network", "none", IMAGE, "sh", "-c", "stty size; read x; exit 5")
    seen = [user.until("77")]
    user.type("\n")
    return seen + [user.end()]


@script.case(more=True)
def host_network(podman):
    """--network host --pid host: no namespaces of one's own for these, /sys and /proc of the machine."""
    outcome = podman.try_("run", "--rm", "--network", "host", "--pid", "host", IMAGE, "sh", "-c",
                          "test -d /proc/1 && echo proc; ls /sys/class/net | wc -l; cat /proc/1/comm")
    return outcome.seen()


@script.case(more=True)
def privileged(podman):
    """--privileged of a user: capabilities of the namespace, the devices they may use."""
    return podman.shell("grep CapEff /proc/self/status; mount -t tmpfs t /mnt 2>/dev/null; mkdir -p /m && "
                        "mount -t tmpfs t /m && echo mounted", "--privileged")


if __name__ == "__main__":
    script.main()
