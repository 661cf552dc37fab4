# SPDX-License-Identifier: Apache-2.0
"""Measures tare, crun, runc and the floor program side by side and writes bench.json.

    bench.py [--rounds N] [--quick] [--figures] TARE FLOOR EXIT PEAK

TARE is the release binary; FLOOR, EXIT and PEAK are built from the C files beside this one (`make bench` does it all). Run as
root in a mount namespace of its own; /sys/fs/cgroup must be a cgroup v2 tree there. --figures measures only what needs the memory
controller there and prints it: `make bench` does that in the virtual machine.
"""
import argparse
import ctypes
import json
import os
import shutil
import tempfile

import figures
import goals
import machine
import timing
import works
from bundles import Bundle, runtimes


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="few rounds, for those at work on it")
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("programs", nargs=4, metavar="PROGRAM")
    return parser.parse_args()


class Bench:
    def __init__(self, programs, directory):
        self.tare, self.floor, self.exit, self.peak = (os.path.abspath(path) for path in programs)
        self.directory, self.runtimes = directory, runtimes(self.tare, directory)

    def bundle(self, name):
        return Bundle(self.tare, self.exit, os.path.join(self.directory, name))

    def times(self, rounds, idle_rounds, crowd, edge):
        plain, profiled, staying = self.bundle("plain"), self.bundle("profiled").profiled(), self.bundle("staying").stays()
        works.stand(self.runtimes, staying)
        rows = works.timed(self.runtimes, self.floor, plain, profiled, self.directory)
        samples = timing.series(rows, rounds)
        spaced = timing.series(rows, idle_rounds, 0.5)
        works.fall(self.runtimes)
        samples.update({work + goals.IDLE: by for work, by in spaced.items()})
        samples.update(works.together(self.runtimes, plain, 2 * rounds))
        samples.update(works.crowd(self.runtimes, plain, crowd, edge))
        return samples

    def figures(self):
        plain = self.bundle("counted")
        run = {name: [*command, "run", "--bundle", plain.path, f"bench-c-{name}"] for name, command in self.runtimes.items()}
        run["floor"] = [self.floor, "/sys/fs/cgroup/bench-floor", plain.rootfs, "/bin/true"]
        return {**figures.waiting(self.runtimes, plain), **figures.peak(self.runtimes, plain, self.peak),
                "system calls of run": figures.calls(run, self.directory)}

    def controlled(self):
        return {**figures.memory_peak(self.runtimes, self.bundle("placed")),
                **figures.least_limit(self.runtimes, self.bundle("limited"))}


def measure(bench, options):
    result = {"machine": machine.describe(bench.runtimes)}
    if options.figures:
        return {**result, "figures": bench.controlled()}
    rounds = 5 if options.quick else options.rounds
    result["rounds"] = rounds
    result["figures"] = bench.figures()
    result["milliseconds"] = bench.times(rounds, 2 if options.quick else rounds // 2, 20 if options.quick else 1000,
                                         3 if options.quick else 20)
    return result


def main():
    options = parse()
    timing.adopt_orphans(ctypes.CDLL(None, use_errno=True))
    directory = tempfile.mkdtemp(prefix="tare-bench.")
    try:
        result = measure(Bench(options.programs, directory), options)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if options.figures:
        print(json.dumps(result))
        return
    with open("bench.json", "w") as file:
        json.dump(result, file)


if __name__ == "__main__":
    main()
