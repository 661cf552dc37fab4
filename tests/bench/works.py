# SPDX-License-Identifier: Apache-2.0
"""What is timed: {work: {runtime: [command]}}, and what takes more than one command line a round."""
import os

import timing

TOGETHER = 8


def stand(runtimes, bundle):
    """One container of each that stays, for what looks at one or enters it."""
    for name, command in runtimes.items():
        timing.quietly([*command, "run", "--detach", "--bundle", bundle.path, f"bench-{name}"])


def fall(runtimes):
    for name, command in runtimes.items():
        timing.quietly([*command, "delete", "--force", f"bench-{name}"])
    timing.reap()


def with_all(runtimes, *lines):
    """Each line's {id} is of a container that comes and goes, {one} of the one that stays."""
    return {name: [[*command, *(word.format(id=f"bench-x-{name[:4]}", one=f"bench-{name}") for word in line)] for line in lines]
            for name, command in runtimes.items()}


def uncached(tare, directory):
    """tare with a state root whose cache of filters anybody could write: such a one is not used."""
    state = os.path.join(directory, "other")
    os.makedirs(os.path.join(state, "@seccomp"), mode=0o700)
    os.chmod(os.path.join(state, "@seccomp"), 0o777)
    return {"tare, not cached": [tare, "--root", state]}


def timed(runtimes, floor, plain, profiled, directory):
    run = with_all(runtimes, ("run", "--bundle", plain.path, "{id}"))
    every = {**runtimes, **uncached(runtimes["tare"][0], directory)}
    return {
        "run": {"floor": [[floor, "/sys/fs/cgroup/bench-floor", plain.rootfs, "/bin/true"]], **run},
        "run, Docker's profile": with_all(every, ("run", "--bundle", profiled.path, "{id}")),
        "create, start, delete": with_all(runtimes, ("create", "--bundle", plain.path, "{id}"), ("start", "{id}"),
                                          ("delete", "--force", "{id}")),
        "exec": with_all(runtimes, ("exec", "{one}", "/bin/true")),
        "state": with_all(runtimes, ("state", "{one}")),
        "list of 1": with_all(runtimes, ("list",)),
        "kill": with_all(runtimes, ("kill", "{one}", "CONT")),
    }


def together(runtimes, plain, rounds):
    """Eight at once: {work: {runtime: [ms]}} for the wall and for the processors."""
    wall = {name: [] for name in runtimes}
    cpu = {name: [] for name in runtimes}
    for _ in range(rounds):
        for name, command in runtimes.items():
            cost = timing.at_once([[*command, "run", "--bundle", plain.path, f"bench-{name}-{i}"] for i in range(TOGETHER)])
            wall[name].append(cost and cost[0])
            cpu[name].append(cost and cost[1])
            timing.reap()
    return {"8 at once, wall": wall, "8 at once, CPU": cpu}


def crowd(runtimes, plain, count, edge):
    """The first and the last creates on the way to `count` containers, then list and delete among all of them and among one."""
    samples = {f"create, {which} of {count}": {name: [] for name in runtimes} for which in ("first", "last")}
    for what in ("list", "delete"):
        samples.update({f"{what} among {n}": {name: [] for name in runtimes} for n in (1, count)})
    for name, command in runtimes.items():
        crowd_of(command, name, plain, count, edge, samples)
    return samples


def crowd_of(command, name, plain, count, edge, samples):
    def create(i):
        return timing.one([[*command, "create", "--bundle", plain.path, f"crowd-{i}"]])

    def delete(i):
        return timing.one([[*command, "delete", "--force", f"crowd-{i}"]])

    for _ in range(edge):
        create(0)
        samples["list among 1"][name].append(timing.one([[*command, "list"]]))
        samples["delete among 1"][name].append(delete(0))
        timing.reap()
    for i in range(count):
        cost = create(i)
        if i < edge or i >= count - edge:
            samples[f"create, {'first' if i < edge else 'last'} of {count}"][name].append(cost)
    for i in range(edge):
        samples[f"list among {count}"][name].append(timing.one([[*command, "list"]]))
        samples[f"delete among {count}"][name].append(delete(i))
    for i in range(edge, count):
        delete(i)
        timing.reap()
