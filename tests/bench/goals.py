# SPDX-License-Identifier: Apache-2.0
"""What tare is to reach: rows of (work or figure, against whom, how much of it). Without anybody it is a number of its own."""

AT_ONCE = [("run", "floor", 1.3), ("run", "crun", 0.35), ("run, Docker's profile", "crun", 0.35),
           ("run, Docker's profile", "runc", 0.06), ("create, start, delete", "crun", 0.35), ("exec", "crun", 0.30),
           ("state", "crun", 0.15), ("list of 1", "crun", 0.15), ("kill", "crun", 0.15)]
IDLE = ", 0.5 s apart"
TIMES = AT_ONCE + [(work + IDLE, peer, ratio) for work, peer, ratio in AT_ONCE] + [
    ("8 at once, wall", "crun", 0.40), ("8 at once, CPU", "crun", 0.40)]
FIGURES = [("waiting init, private KiB", None, 100), ("waiting init, resident KiB", None, 300),
           ("run, peak resident KiB", "crun", 0.5), ("created, memory.peak KiB", "crun", 0.6),
           ("smallest memory limit, KiB", "crun", 1.0), ("system calls of run", None, 280)]
# The last of many creates against the first: tare against itself.
CROWD = 1.2


def of(rows, name):
    return [(peer, limit) for work, peer, limit in rows if work == name]
