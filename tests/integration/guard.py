# SPDX-License-Identifier: Apache-2.0
"""Ends what a test run that was killed has left running: thieves and racers spin until somebody stops them.

The guard is a process that waits for the end of a pipe, which comes when the run ends, however it ends.
"""
import contextlib
import glob
import os
import pathlib
import shutil
import signal

from house import CGROUPS


def cgroups(prefixes):
    found = []
    for parent, names, _ in os.walk(CGROUPS):
        found += [os.path.join(parent, name) for name in names if name.startswith(prefixes)]
    return sorted(found, key=len, reverse=True)


def belongs(pid, namespace, places):
    """Whether a process is in the run's own mount namespace, or in a root file system from one of its places."""
    try:
        if os.readlink(f"/proc/{pid}/ns/mnt") == namespace:
            return True
        rows = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    except OSError:
        return False
    roots = [row.split()[3] for row in rows if row.split()[4] == "/"]
    return any(place in root for place in places for root in roots)


def left_running(namespace, places):
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and belongs(pid, namespace, places)]


def clean(namespace, places, prefixes):
    for path in cgroups(prefixes):
        with contextlib.suppress(OSError):
            pathlib.Path(path, "cgroup.kill").write_text("1")
    # Who was being born while the list was made is in the next one.
    while pids := left_running(namespace, places):
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    for path in cgroups(prefixes):
        with contextlib.suppress(OSError):
            os.rmdir(path)
    for place in places:
        for path in glob.glob(f"/tmp/{place}*") if place.startswith("tare-") else []:
            shutil.rmtree(path, ignore_errors=True)


def stand(places, prefixes):
    """From now until this process ends. places: parts of paths that no other run has; prefixes: of cgroups. Returns
    the guard's pid. The end of the pipe stays open until the run's end."""
    waiting, held = os.pipe()
    namespace = os.readlink("/proc/self/ns/mnt")
    pid = os.fork()
    if pid == 0:
        os.close(held)
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        os.read(waiting, 1)
        clean(namespace, places, prefixes)
        os._exit(0)
    os.close(waiting)
    return pid
