# SPDX-License-Identifier: Apache-2.0
"""The runtimes side by side and the bundles that they run."""
import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILE = os.path.join(HERE, "../unit/seccomp/profiles/docker.json")
PEERS = ("crun", "runc")
CAP_SYS_RESOURCE = 24
# What Docker gives a container.
CAPABILITIES = ["CAP_" + name for name in (
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL "
    "AUDIT_WRITE").split()]


def has_capability(number):
    with open("/proc/self/status") as file:
        held = next(line for line in file if line.startswith("CapEff:"))
    return bool(int(held.split()[1], 16) >> number & 1)


def runtimes(tare, directory):
    """{name: the beginning of its command line}, tare first."""
    found = {"tare": [tare, "--root", os.path.join(directory, "state")]}
    for name in PEERS:
        program = shutil.which(name)
        if program:
            found[name] = [program, "--root", os.path.join(directory, name)]
    return found


class Bundle:
    """A root with the program that ends at once and a busybox, and a config that tests change."""

    def __init__(self, tare, program, path):
        self.path, self.rootfs = path, os.path.join(path, "rootfs")
        for name in ("bin", "proc", "sys", "dev"):
            os.makedirs(os.path.join(self.rootfs, name))
        shutil.copy(program, os.path.join(self.rootfs, "bin/true"))
        shutil.copy("/bin/busybox", os.path.join(self.rootfs, "bin/busybox"))
        subprocess.run([tare, "spec", "--bundle", path], check=True)
        with open(os.path.join(path, "config.json")) as file:
            self.config = json.load(file)
        self.config["ociVersion"] = "1.0.2"  # older peers refuse newer ones
        # crun 1.8 cannot load a device program where root lacks CAP_SYS_RESOURCE, and then measures nothing.
        if not has_capability(CAP_SYS_RESOURCE):
            self.config["linux"].pop("resources", None)
        self.args("/bin/true")

    def args(self, *args):
        self.config["process"].update(terminal=False, args=list(args))
        return self.write()

    def stays(self):
        return self.args("/bin/busybox", "sleep", "1000000")

    def profiled(self):
        """As Docker starts one: its default profile and capabilities."""
        with open(PROFILE) as file:
            self.config["linux"]["seccomp"] = json.load(file)["linux"]["seccomp"]
        self.config["process"]["capabilities"] = {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")}
        return self.write()

    def limited(self, kibibytes):
        self.config["linux"].setdefault("resources", {})["memory"] = {"limit": kibibytes * 1024}
        return self.write()

    def placed(self, cgroup):
        self.config["linux"]["cgroupsPath"] = cgroup
        return self.write()

    def write(self):
        with open(os.path.join(self.path, "config.json"), "w") as file:
            json.dump(self.config, file)
        return self
