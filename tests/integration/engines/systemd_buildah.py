#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Buildah with systemd as its cgroup manager, of root and of a user who has a manager of their own."""
import re

import buildah
import units
from compare import Script
from rootless import Managed


MANAGER = ("--cgroup-manager", "systemd")
SCOPE = re.compile(r"(tare|runc|crun)-\S*?\.scope")


class UsersBuildah(Managed, buildah.RootlessBuildah):
    def command(self, *args):
        return super().command(*MANAGER, *args)


class BuildahOfSystemd(buildah.Both):
    manager = units.Manager()
    users_class = UsersBuildah

    def command(self, *args):
        return super().command(*MANAGER, *args)


script = Script(__file__, BuildahOfSystemd)
script.adopt(buildah.script, "build", "failing_build", "statuses", "options", "terminal", "limits", "rootless_run",
             "rootless_build")


@script.case
def place(buildah):
    """the cgroup of a run, as the container sees it in the host's cgroup namespace, and nothing is left of it."""
    outcome = buildah.run("--cgroupns", "host", "box", "--", "cat", "/proc/self/cgroup")
    assert outcome.status == 0, outcome
    unit = SCOPE.search(outcome.out)[0]
    buildah.manager.wait(unit, "LoadState", "not-found")
    return SCOPE.sub("RUNTIME-ID.scope", outcome.out)


if __name__ == "__main__":
    script.main()
