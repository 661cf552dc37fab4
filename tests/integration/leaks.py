# SPDX-License-Identifier: Apache-2.0
"""Finds what a test left behind: processes, cgroups, mounts, state.

The test run is a child subreaper, so every process that outlives its parent becomes its child: none
can hide. Cgroups are told by the session's prefix in their names. Mounts are those of the
session's own mount namespace.
"""
import ctypes
import os
import pathlib
import signal

from house import CGROUPS, IN_VM, doomed, wait_until

CLONE_NEWNS, PR_SET_CHILD_SUBREAPER, MNT_DETACH = 0x20000, 36, 2
MS_REC, MS_PRIVATE, MS_SLAVE, MS_SHARED = 0x4000, 1 << 18, 1 << 19, 1 << 20
libc = ctypes.CDLL(None, use_errno=True)
cgroups_at_first = set()
own_helpers = set()  # pids of children that are to stay


def call(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)


def take_away(paths):
    """Unmounts what was mounted in this order, and nowhere else: a program for each takes seconds where they are emulated."""
    for path in paths:
        call(libc.mount(None, path.encode(), None, MS_PRIVATE, None), "mount")
    for path in reversed(paths):
        call(libc.umount2(path.encode(), MNT_DETACH), "umount2")


def enter_private_world():
    """A mount namespace of the session's own whose mounts are shared among themselves, as on a booted
    system, and reach nobody outside."""
    call(libc.unshare(CLONE_NEWNS), "unshare")
    call(libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None), "mount")
    call(libc.mount(None, b"/", None, MS_REC | MS_SHARED, None), "mount")
    call(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")
    cgroups_at_first.update(strange_cgroups(()))


def collect():
    """Buries dead children; the pids of the others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return []
    text = pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(pid) for pid in text.split() if int(pid) not in own_helpers]


def reap():
    """Collects dead children; the pids that are still alive. A cgroup is empty, and a signal sent, before the process has
    ended: who is about to is waited for."""
    pids = []

    def settled():
        pids[:] = collect()
        return not any(doomed(pid) for pid in pids)
    wait_until(settled)
    return pids


def describe(pid):
    try:
        line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return f"process {pid}: {line or pathlib.Path(f'/proc/{pid}/comm').read_text()}"
    except OSError:
        return f"process {pid}"


def cgroups(prefix):
    found = []
    for parent, names, _ in os.walk(CGROUPS):
        found += [os.path.join(parent, name) for name in names if prefix in name]
    return sorted(found, key=len, reverse=True)


def strange_cgroups(known):
    """Groups that no prefix tells, by whatever name: seen only where nobody else makes any, in the virtual machine."""
    if not IN_VM:
        return []
    found = [os.path.join(parent, name) for parent, names, _ in os.walk(CGROUPS) for name in names]
    units = (".slice", ".scope", ".service")  # systemd's, if it is there
    return [path for path in found if path not in known and path != str(CGROUPS / "tare")
            and not any(part.endswith(units) for part in path.split("/"))]


def mounts():
    rows = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return [row.split()[4] for row in rows]


def state(tare):
    """All but the cache of compiled filters, which is there to stay."""
    return sorted(set(os.listdir(tare.root)) - {"@seccomp"}) if tare.root.is_dir() else []


def find(tare, mounts_before):
    left = [describe(pid) for pid in reap()]
    left += [f"cgroup {path}" for path in cgroups(tare.prefix)]
    left += [f"cgroup {path}" for path in strange_cgroups(cgroups_at_first)]
    after = mounts()
    for path in mounts_before:
        if path in after:
            after.remove(path)
    left += [f"mount {path}" for path in after]
    return left + [f"state {id}" for id in state(tare)]


def remove(tare, mounts_before):
    """Leaves the next test a clean machine whatever this one did."""
    for id in state(tare):
        tare.try_("delete", "--force", id)
    for path in cgroups(tare.prefix):
        try:
            pathlib.Path(path, "cgroup.kill").write_text("1")
        except OSError:
            pass
    for pid in reap():
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    for path in cgroups(tare.prefix):
        try:
            os.rmdir(path)
        except OSError:
            pass
    for path in mounts()[len(mounts_before):]:
        libc.umount2(path.encode(), MNT_DETACH)
