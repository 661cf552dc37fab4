# SPDX-License-Identifier: Apache-2.0
"""Engines of an unprivileged user, made in the virtual machine: with sub-ids, with or without a cgroup."""
import os
import pathlib
import shutil
import sys

UID = 4711
NAME = "vmuser"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
BECOME = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--")
HANDED = ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads")


def make_user():
    """Once a machine's life. It is the test machine's files that change, nobody else's."""
    if not os.environ.get("TARE_VM"):
        sys.exit("rootless engines are tested in the virtual machine: tests/vm/run COMMAND")
    for path, line in (("/etc/passwd", f"{NAME}:x:{UID}:{UID}::/home/{NAME}:/bin/sh"),
                       ("/etc/group", f"{NAME}:x:{UID}:"),
                       ("/etc/subuid", f"{NAME}:1000000:65536"), ("/etc/subgid", f"{NAME}:2000000:65536")):
        with open(path, "a+") as file:
            file.seek(0)
            if f"{NAME}:" not in file.read():
                file.write(line + "\n")


def own(path, uid=UID):
    os.chown(path, uid, uid)
    return path


class Rootless:
    """Mixed into an engine: its commands are the user's, in a cgroup of theirs or, with delegated False, of
    root's."""
    delegated = True

    def open(self):
        make_user()
        for parent in (self.directory, self.directory.parent):
            parent.chmod(0o755)
        own(self.directory)
        # The user may have no way to where it was built.
        self.program = shutil.copy(self.program, self.directory / f"bin-{self.name}")
        for name in ("home", "runtime"):
            (self.directory / name).mkdir(mode=0o700)
            own(self.directory / name)
        self.make_places()
        super().open()

    def make_places(self):
        for delegated in (True, False):
            self.make_cgroup(delegated)

    def cgroup(self, delegated):
        return CGROUPS / f"engines-{self.name}-{'' if delegated else 'not-'}delegated"

    def make_cgroup(self, delegated):
        """The user's processes are in a leaf of it: processes and controllers do not go together."""
        top = self.cgroup(delegated)
        (top / "leaf").mkdir(parents=True, exist_ok=True)
        there = set((top / "cgroup.controllers").read_text().split())
        (top / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in there))
        if delegated:
            for path in (top, top / "leaf"):
                for file in (path, *(path / name for name in HANDED)):
                    own(file)

    def environment(self):
        keep = {name: value for name, value in super().environment().items()
                if name.startswith(("CONTAINERS", "PATH"))}
        return {**keep, "HOME": str(self.directory / "home"), "USER": NAME, "LANG": "C.UTF-8",
                "XDG_RUNTIME_DIR": str(self.directory / "runtime")}

    def command(self, *args):
        place = self.cgroup(self.delegated) / "leaf/cgroup.procs"
        return ["sh", "-c", 'echo 0 >"$0" && exec "$@"', str(place), *BECOME, *super().command(*args)]


class Managed(Rootless):
    """With a systemd of the user's own, which makes the cgroups. The commands are in a cgroup that is root's, as those
    of a session are; tests/vm/user has started the manager."""
    runtime = pathlib.Path(f"/run/user/{UID}")

    def make_places(self):
        for name in ("bus", "systemd"):
            (self.directory / "runtime" / name).symlink_to(self.runtime / name)

    def environment(self):
        return {**super().environment(), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.runtime}/bus"}

    def command(self, *args):
        return [*BECOME, *super(Rootless, self).command(*args)]
