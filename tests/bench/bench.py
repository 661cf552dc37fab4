# SPDX-License-Identifier: Apache-2.0
"""Times whole commands of tare, crun, runc and the floor program side by side, in interleaved order.

    bench.py TARE FLOOR EXIT [ROUNDS]

TARE is the release binary, FLOOR and EXIT are built from the C files beside this one (`make bench` does it all). Run as
root in a mount namespace of its own; /sys/fs/cgroup must be a cgroup v2 tree there. Prints a Markdown table and writes
all samples to bench.json.
"""
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TARE, FLOOR, EXIT = (os.path.abspath(path) for path in sys.argv[1:4])
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 60
NULL = subprocess.DEVNULL


def timed(command):
    """Milliseconds of one command, None when it failed."""
    begin = time.perf_counter()
    status = subprocess.run(command, stdin=NULL, stdout=NULL, stderr=NULL).returncode
    return None if status else (time.perf_counter() - begin) * 1e3


def make_bundle(directory):
    """The config of `tare spec` with the program that ends at once."""
    rootfs = os.path.join(directory, "rootfs")
    for name in ("bin", "proc", "sys", "dev"):
        os.makedirs(os.path.join(rootfs, name))
    shutil.copy(EXIT, os.path.join(rootfs, "bin/true"))
    subprocess.run([TARE, "spec", "--bundle", directory], check=True)
    path = os.path.join(directory, "config.json")
    with open(path) as file:
        config = json.load(file)
    config["ociVersion"] = "1.0.2"  # older peers refuse newer ones
    # crun 1.8 cannot load a device program where root lacks CAP_SYS_RESOURCE, and then measures nothing.
    config["linux"].pop("resources", None)
    config["process"].update(terminal=False, args=["/bin/true"])
    with open(path, "w") as file:
        json.dump(config, file)
    return rootfs


def pausing(directory, bundle):
    """The same with a program that stays: for exec and state."""
    shutil.copytree(bundle, directory)
    path = os.path.join(directory, "config.json")
    with open(path) as file:
        config = json.load(file)
    shutil.copy("/bin/busybox", os.path.join(directory, "rootfs/bin/busybox"))
    config["process"]["args"] = ["/bin/busybox", "sleep", "1000000"]
    with open(path, "w") as file:
        json.dump(config, file)


def series(works):
    """{work: {runtime: [ms]}}, one of each in turn, so that the machine's moods hit all alike."""
    samples = {work: {name: [] for name in commands} for work, commands in works.items()}
    for _ in range(ROUNDS):
        for work, commands in works.items():
            for name, command in commands.items():
                samples[work][name].append(timed(command))
    return samples


def cell(values, base):
    good = sorted(value for value in values if value is not None)
    if len(good) < len(values):
        return f"{len(values) - len(good)} failed"
    median = statistics.median(good)
    ratio = f", {median / base:.2f} x" if base else ""
    return f"{median:.2f} ({good[0]:.2f}, {good[int(len(good) * 0.99)]:.2f}{ratio})"


def table(samples, names):
    print(f"Milliseconds: median (minimum, 99 %, ratio to tare), {ROUNDS} rounds, {platform.release()}\n")
    print("| work | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for work, by_name in samples.items():
        own = [value for value in by_name["tare"] if value is not None]
        base = statistics.median(own) if own else 0
        print(f"| {work} | " + " | ".join(cell(by_name[name], base) if name in by_name else "-" for name in names) + " |")


def main():
    directory = tempfile.mkdtemp(prefix="tare-bench.")
    bundle, staying = os.path.join(directory, "bundle"), os.path.join(directory, "staying")
    rootfs = make_bundle(bundle)
    pausing(staying, bundle)
    runtimes = {"tare": [TARE, "--root", os.path.join(directory, "state")]}
    runtimes.update({name: [shutil.which(name)] for name in ("crun", "runc") if shutil.which(name)})
    for name, command in runtimes.items():
        subprocess.run([*command, "run", "--detach", "--bundle", staying, f"bench-{name}"], stdin=NULL, stdout=NULL,
                       stderr=NULL, check=False)
    works = {"run": {name: [*command, "run", "--bundle", bundle, f"bench-run-{name}"]
                     for name, command in runtimes.items()},
             "exec": {name: [*command, "exec", f"bench-{name}", "/bin/true"] for name, command in runtimes.items()},
             "state": {name: [*command, "state", f"bench-{name}"] for name, command in runtimes.items()}}
    works["run"] = {"floor": [FLOOR, "/sys/fs/cgroup/tare-bench-floor", rootfs, "/bin/true"], **works["run"]}
    samples = series(works)
    for name, command in runtimes.items():
        subprocess.run([*command, "delete", "--force", f"bench-{name}"], stdout=NULL, stderr=NULL, check=False)
    shutil.rmtree(directory)
    with open("bench.json", "w") as file:
        json.dump({"kernel": platform.release(), "rounds": ROUNDS, "milliseconds": samples}, file)
    table(samples, ["floor", *runtimes])


if __name__ == "__main__":
    main()
