# SPDX-License-Identifier: Apache-2.0
"""What the scripts ask of systemd about containers: the system's manager, or a user's as that user."""
import os
import subprocess

from compare import wait_until

# Of a container's unit: what its owner reads there, whichever runtime made it.
SHOWN = ("ActiveState", "Delegate", "Slice", "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec", "AllowedCPUs")


def here():
    """Whether systemd is process 1."""
    return os.path.exists("/run/systemd/private")


class Manager:
    """systemctl. become: what a command begins with that is to be a user's, with the environment it needs."""

    def __init__(self, become=(), environment=None):
        self.prefix = [*become, "systemctl", *(["--user"] if become else []), "--no-pager"]
        self.environment = environment

    def __call__(self, *args, check=True):
        return subprocess.run([*self.prefix, *map(str, args)], check=check, text=True, env=self.environment,
                              stdout=subprocess.PIPE).stdout.strip()

    def show(self, unit, *names):
        """Properties as texts."""
        text = self("show", unit, *(f"--property={name}" for name in names))
        return dict(line.split("=", 1) for line in text.splitlines())

    def wait(self, unit, name, value):
        wait_until(lambda: self.show(unit, name)[name] == value, step=0.2)
