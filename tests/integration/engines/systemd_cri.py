#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes pods with SystemdCgroup = true, which is the same as kubelet's cgroupDriver: systemd."""
import pathlib

import containerd_cri
import units
from compare import Script
from containerd_cri import FOREVER
from cri import Cri


class CriOfSystemd(Cri):
    systemd = True
    manager = units.Manager()


script = Script(__file__, CriOfSystemd)
script.adopt(containerd_cri.script, "pod", "exec_and_attach", "resources", "out_of_memory", "restart", "privileged")


@script.case
def scope(cri):
    """a container is a scope below its pod's slice, with its limits as properties, and nothing is left of it."""
    pod = cri.pod()
    container = cri.start_in(pod, FOREVER, resources={"memory_limit_in_bytes": 64 << 20, "cpu_quota": 50000, "cpu_period": 100000})
    unit = f"cri-containerd-{container['id']}.scope"
    shown = cri.manager.show(unit, *units.SHOWN)
    assert shown["Slice"] == pod["config"]["linux"]["cgroup_parent"], shown
    place = pathlib.Path("/sys/fs/cgroup") / cri.manager.show(unit, "ControlGroup")["ControlGroup"][1:]
    seen = [len((place / "cgroup.procs").read_text().split()) > 0]
    cri.remove_pod(pod)
    cri.manager.wait(unit, "LoadState", "not-found")
    return [*seen, {**shown, "Slice": ""}, place.exists()]


@script.case
def reload(cri):
    """a daemon-reload leaves a running container its devices and limits, also those of an update."""
    pod = cri.pod()
    container = cri.start_in(pod, FOREVER, resources={"memory_limit_in_bytes": 64 << 20},
                             devices=[{"container_path": "/dev/other", "host_path": "/dev/zero", "permissions": "r"}])
    cri.call("UpdateContainerResources", container_id=container["id"], linux={"memory_limit_in_bytes": 96 << 20})
    look = ("sh", "-c", "exec 2>&1; head -c 1 /dev/other | wc -c; (echo x >/dev/other); cat /sys/fs/cgroup/memory.max;"
            "echo x >/dev/null && echo null")
    seen = cri.exec_sync(container, *look)
    cri.manager("daemon-reload")
    assert cri.exec_sync(container, *look) == seen, seen
    cri.remove_pod(pod)
    return seen


if __name__ == "__main__":
    script.main()
