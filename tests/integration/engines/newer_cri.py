#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes pods with what containerd 2 asks runtimes for (`features`) and containerd 1.6 does not know."""
import subprocess

from compare import Script
from cri import OF_POD, Cri


class OpenCri(Cri):
    """Root in a container has to find the way: runc goes it as that."""

    def open(self):
        self.directory.parent.chmod(0o711)
        super().open()


script = Script(__file__, OpenCri)


@script.case
def user_namespace(cri):
    """a pod in a user namespace has its ids, also on volumes."""
    assert cri.features()["user_namespaces"]
    ids = [{"host_id": 500000, "container_id": 0, "length": 65536}]
    context = {"namespace_options": {"userns_options": {"mode": OF_POD, "uids": ids, "gids": ids}}}
    volume = cri.directory / "userns"
    volume.mkdir()
    pod = cri.pod(context)
    seen = cri.said(pod, "exec 2>&1; cat /proc/self/uid_map /proc/self/gid_map; id; touch /x /v/x; stat -c '%u %g' /x /v/x /bin;"
                    "hostname; cat /etc/hosts >/dev/null && echo hosts; mount -t tmpfs x /tmp || echo no", context=context,
                    mounts=[{"container_path": "/v", "host_path": str(volume), "uidMappings": ids, "gidMappings": ids}])
    seen.append((volume / "x").stat().st_uid)
    cri.remove_pod(pod)
    return seen


@script.case
def recursive_read_only(cri):
    """a recursively read-only volume is read-only below too."""
    assert cri.features()["recursive_read_only_mounts"]
    below = cri.directory / "rro/below"
    below.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "below", below], check=True)
    pod = cri.pod()
    seen = [cri.said(pod, "exec 2>&1; touch /v/x /v/below/x; exit 0", mounts=[
        {"container_path": "/v", "host_path": str(below.parent), "readonly": 1, **more}])
            for more in ({}, {"recursive_read_only": 1})]
    cri.remove_pod(pod)
    subprocess.run(["umount", below], check=True)
    return seen


if __name__ == "__main__":
    script.main()
