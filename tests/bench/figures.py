# SPDX-License-Identifier: Apache-2.0
"""What is counted, not timed: memory, system calls, limits. {figure: {runtime: number}}."""
import json
import os
import re
import subprocess

import timing

LIMITS = [64, 96, 128, 160, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384]
NULL = subprocess.DEVNULL


def created(command, bundle, id):
    """The pid of a container that waits for its start."""
    if timing.quietly([*command, "create", "--bundle", bundle.path, id]):
        return None
    return json.loads(subprocess.run([*command, "state", id], stdout=subprocess.PIPE, check=True).stdout)["pid"]


def forget(command, id):
    timing.quietly([*command, "delete", "--force", id])
    timing.reap()


def rollup(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return {key: int(size) for key, size in re.findall(r"^(\w+): +(\d+) kB", file.read(), re.M)}


def waiting(runtimes, bundle):
    """Memory of the process that waits in `created`."""
    figures = {"waiting init, private KiB": {}, "waiting init, resident KiB": {}}
    for name, command in runtimes.items():
        pid = created(command, bundle, f"bench-w-{name}")
        if pid:
            sizes = rollup(pid)
            figures["waiting init, private KiB"][name] = sizes["Private_Dirty"]
            figures["waiting init, resident KiB"][name] = sizes["Rss"]
        forget(command, f"bench-w-{name}")
    return figures


def peak(runtimes, bundle, measure):
    """Of the runtime's own processes during `run`; measure is the program of peak.c, for what forks here is large itself."""
    resident = {}
    for name, command in runtimes.items():
        done = subprocess.run([measure, *command, "run", "--bundle", bundle.path, f"bench-p-{name}"], stdin=NULL,
                              stdout=subprocess.PIPE, stderr=NULL)
        if done.returncode == 0:
            resident[name] = int(done.stdout)
    return {"run, peak resident KiB": resident}


def calls(lines, directory):
    """System calls of {runtime: command}, with those of its children."""
    table, counts = os.path.join(directory, "calls"), {}
    for name, line in lines.items():
        done = subprocess.run(["strace", "-f", "-qq", "-c", "-U", "calls,name", "-o", table, *line], stdin=NULL, stdout=NULL,
                              stderr=NULL)
        with open(table) as file:
            total = re.search(r"^\s*(\d+)\s+total$", file.read(), re.M)
        if done.returncode == 0 and total:
            counts[name] = int(total.group(1))
    return counts


def memory_peak(runtimes, bundle):
    """memory.peak of the cgroup of a container that waits in `created`. Takes the memory controller on cgroup v2."""
    peaks = {}
    for name, command in runtimes.items():
        id, cgroup = f"bench-m-{name}", f"/bench-m-{name}"
        if created(command, bundle.placed(cgroup), id):
            with open(f"/sys/fs/cgroup{cgroup}/memory.peak") as file:
                peaks[name] = int(file.read()) // 1024
        forget(command, id)
    return {"created, memory.peak KiB": peaks}


def fits(command, bundle, id):
    status = timing.quietly([*command, "run", "--bundle", bundle.path, id])
    if status:
        forget(command, id)
    return status == 0


def least_limit(runtimes, bundle, times=3):
    """The smallest limit of LIMITS under which the program runs several times in a row."""
    least = {}
    for name, command in runtimes.items():
        for limit in LIMITS:
            bundle.placed(f"/bench-l-{name}").limited(limit)
            if all(fits(command, bundle, f"bench-l-{name}-{limit}") for _ in range(times)):
                least[name] = limit
                break
    return {"smallest memory limit, KiB": least}
