# SPDX-License-Identifier: Apache-2.0
"""On what it was measured, and with which versions."""
import os
import platform
import re
import subprocess


def first_line(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout else "unknown"


def processor():
    with open("/proc/cpuinfo") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    return found.group(1) if found else platform.machine()


def is_virtual():
    with open("/proc/cpuinfo") as file:
        return " hypervisor" in file.read()


def describe(runtimes):
    with open("/sys/fs/cgroup/cgroup.controllers") as file:
        controllers = file.read().split()
    return {
        "processor": processor(),
        "processors": os.cpu_count(),
        "virtual": is_virtual(),
        "kernel": platform.release(),
        "controllers on cgroup v2": controllers,
        "load before": os.getloadavg()[0],
        "versions": {name: first_line([command[0], "--version"]) for name, command in runtimes.items()},
        "bytes of tare": os.path.getsize(runtimes["tare"][0]),
    }


def sentence(machine):
    kind = "virtual machine" if machine["virtual"] else "machine"
    versions = ", ".join(machine["versions"].values())
    return (f"{machine['processors']} processors ({machine['processor']}), a {kind}, Linux {machine['kernel']}; {versions}; "
            f"load when it began {machine['load before']:.1f}.")
