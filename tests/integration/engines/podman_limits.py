#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Podman's limits: what the cgroup files say, stats, pause, OOM kills."""
from compare import Script, wait_until
from podman import Podman

script = Script(__file__, Podman)
FILES = ("memory.max", "memory.low", "memory.swap.max", "cpu.max", "cpu.weight", "pids.max", "cpuset.cpus",
         "cpuset.mems", "memory.high")


def limits(podman, name):
    pid = podman.inspect(name, "{{.State.Pid}}")
    with open(f"/proc/{pid}/cgroup") as file:
        cgroup = "/sys/fs/cgroup" + file.read().strip().split("::")[1]
    return {file: value(f"{cgroup}/{file}") for file in FILES}


def value(path):
    """A controller that nobody asked for may be off: its limits are none."""
    try:
        with open(path) as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


@script.case(more=True)
def none(podman):
    """without a limit: Podman's default of pids alone."""
    podman.detached("none")
    seen = limits(podman, "none")
    podman.remove("none")
    return {name: text for name, text in seen.items() if name.split(".")[0] != "cpuset"}


@script.case
def limited(podman):
    """--memory, --memory-swap, --memory-reservation, --cpus, --pids-limit, --cpuset-cpus: the files."""
    podman.detached("limited", "--memory", "64m", "--memory-swap", "100m", "--memory-reservation", "32m",
                    "--cpus", "0.5", "--pids-limit", "99", "--cpuset-cpus", "0", "--cpuset-mems", "0")
    seen = limits(podman, "limited")
    inside = podman("exec", "limited", "cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max",
                    "/proc/self/cgroup")
    podman.remove("limited")
    assert seen["memory.max"] == str(64 << 20) and seen["cpu.max"] == "50000 100000", seen
    return [seen, inside]


@script.case(more=True)
def shares(podman):
    """--cpu-shares: the weight."""
    podman.detached("shares", "--cpu-shares", "2048")
    seen = limits(podman, "shares")["cpu.weight"]
    podman.remove("shares")
    return seen


@script.case(more=True)
def unified(podman):
    """--cgroup-conf: files of cgroup v2 by name."""
    podman.detached("unified", "--cgroup-conf", "memory.high=50331648", "--cgroup-conf", "pids.max=55")
    seen = limits(podman, "unified")
    podman.remove("unified")
    assert (seen["memory.high"], seen["pids.max"]) == ("50331648", "55"), seen
    return [seen["memory.high"], seen["pids.max"]]


@script.case
def out_of_memory(podman):
    """a container over its memory limit ends with 137, and Podman knows as much of why as with other runtimes."""
    outcome = podman.try_("run", "--network", "none", "--name", "oom", "--memory", "16m", "--memory-swap", "16m",
                          "localhost/box", "sh", "-c", "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done")
    seen = [outcome.status, podman.inspect("oom", "{{.State.OOMKilled}}")]
    podman.remove("oom")
    assert seen[0] == 137, (seen, outcome)
    return seen


@script.case
def refused_forks(podman):
    """--pids-limit: forks above it are refused, the container lives on."""
    return podman.shell("(for i in 1 2 3 4 5 6 7 8; do sleep 1000000 >/dev/null & done) 2>/log; cat /log",
                        "--pids-limit", "4")


@script.case
def stats(podman):
    """podman stats: the names, the pids, the limit."""
    podman.detached("measured", "--memory", "64m", "--", "sh", "-c", "sleep 1000001 & exec sleep 1000000")
    wait_until(lambda: podman("top", "measured", "args").count("sleep") == 2)
    row = podman.json("stats", "--no-stream", "--format", "json", "measured")[0]
    podman.remove("measured")
    assert row["mem_usage"].split(" / ")[0] != "0B", row
    return [sorted(row), row["name"], row["pids"], row["mem_usage"].split(" / ")[1]]


@script.case
def update(podman):
    """podman update: other limits for a running container."""
    podman.detached("updated", "--memory", "64m", "--memory-swap", "64m", "--pids-limit", "50")
    podman("update", "--memory", "96m", "--memory-swap", "128m", "--cpus", "0.25", "--cpuset-cpus", "0", "updated")
    seen = limits(podman, "updated")
    podman.remove("updated")
    assert (seen["memory.max"], seen["cpu.max"]) == (str(96 << 20), "25000 100000"), seen
    return seen


@script.case
def pause(podman):
    """pause and unpause: the status, and what may not be done meanwhile."""
    podman.detached("paused")
    podman("pause", "paused")
    seen = [podman.inspect("paused", "{{.State.Status}}"), podman.try_("pause", "paused").status,
            podman.try_("stop", "--time", "1", "paused").status]
    podman("unpause", "paused")
    seen += [podman.inspect("paused", "{{.State.Status}}"), podman.try_("unpause", "paused").status]
    podman.remove("paused")
    return seen


@script.case(more=True)
def remove_paused(podman):
    """rm --force ends a paused container."""
    podman.detached("frozen")
    podman("pause", "frozen")
    outcome = podman.try_("rm", "--force", "--time", "0", "frozen")
    return [outcome.status, podman("ps", "--all", "--quiet")]


@script.case(more=True)
def own_cgroups(podman):
    """a privileged container makes cgroups of its own below its own: what a nested engine needs."""
    return podman.shell("mkdir /sys/fs/cgroup/inner && echo $$ >/sys/fs/cgroup/inner/cgroup.procs && "
                        "echo '+memory +pids +cpu +io +cpuset' >/sys/fs/cgroup/cgroup.subtree_control && "
                        "cat /sys/fs/cgroup/cgroup.subtree_control", "--privileged")


if __name__ == "__main__":
    script.main()
