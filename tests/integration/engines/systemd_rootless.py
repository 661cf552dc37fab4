#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Podman of a user who has a manager of their own, which makes the cgroups: Podman's default."""
import podman_limits
import podman_pods
import podman_rootless
import systemd_podman
import units
from compare import Script
from rootless import BECOME, Managed


class UsersPodman(Managed, podman_rootless.RootlessPodman, systemd_podman.PodmanOfSystemd):
    unit_files = Managed.runtime / "systemd/user"
    says_exited = False  # Podman 4.3, with each runtime
    systemd = units.Manager(BECOME, {"XDG_RUNTIME_DIR": str(Managed.runtime), "PATH": "/usr/bin:/bin"})


script = Script(__file__, UsersPodman)
script.adopt(systemd_podman.script, "scope", "parent", "reload", "ended_by_systemd", "unit", "health", "systemd_inside",
             "exec_place")
script.adopt(podman_rootless.script, "identity", "errors", "keep_id", "no_map", "life", "terminal", "privileged")
script.adopt(podman_limits.script, "out_of_memory", "stats", "pause", "remove_paused")
script.adopt(podman_pods.script, "pod")


if __name__ == "__main__":
    script.main()
