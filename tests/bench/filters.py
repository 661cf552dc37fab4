# SPDX-License-Identifier: Apache-2.0
"""Times what a seccomp profile adds to a run: Docker's default one, beside crun and runc, with and without tare's cache.

    filters.py TARE FLOOR EXIT [ROUNDS]

The arguments and the surroundings are those of bench.py.
"""
import json
import os
import shutil
import statistics
import tempfile

import bench

PROFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit/seccomp/profiles/docker.json")


def filtered(directory, bundle):
    """A copy of a bundle with the profile; all its system calls are allowed ones."""
    shutil.copytree(bundle, directory)
    path = os.path.join(directory, "config.json")
    with open(path) as file, open(PROFILE) as profile:
        config = json.load(file)
        config["linux"]["seccomp"] = json.load(profile)["linux"]["seccomp"]
    with open(path, "w") as file:
        json.dump(config, file)


def uncached(state):
    """A state root whose cache anybody could write: such a one is not used."""
    cache = os.path.join(state, "@seccomp")
    os.makedirs(cache, mode=0o700)
    os.chmod(cache, 0o777)
    return state


def costs(plain, profiled):
    """{runtime: what the profile adds to a run}. Both runs of a round met the same mood of the machine."""
    pairs = {name: [(a, b) for a, b in zip(plain[name], profiled[name]) if a is not None and b is not None]
             for name in plain}
    return {name: f"{statistics.median(b - a for a, b in rounds):.2f}; of the two minima "
                  f"{min(b for _, b in rounds) - min(a for a, _ in rounds):.2f}" if rounds else "failed"
            for name, rounds in pairs.items()}


def main():
    directory = tempfile.mkdtemp(prefix="tare-bench.")
    plain, profiled = os.path.join(directory, "plain"), os.path.join(directory, "profiled")
    bench.make_bundle(plain)
    filtered(profiled, plain)
    runtimes = {"tare": [bench.TARE, "--root", os.path.join(directory, "state")]}
    runtimes["tare, not cached"] = [bench.TARE, "--root", uncached(os.path.join(directory, "other"))]
    runtimes.update({name: [shutil.which(name)] for name in ("crun", "runc") if shutil.which(name)})
    works = {work: {name: [*command, "run", "--bundle", bundle, f"bench-filter-{name[:4]}"]
                    for name, command in runtimes.items()}
             for work, bundle in (("run, no filter", plain), ("run, Docker's default profile", profiled))}
    samples = bench.series(works)
    shutil.rmtree(directory)
    bench.table(samples, list(runtimes))
    print("\nThe profile alone, the median of the differences of each round, in milliseconds:\n")
    for name, cost in costs(*samples.values()).items():
        print(f"- {name}: {cost}")


if __name__ == "__main__":
    main()
