# SPDX-License-Identifier: Apache-2.0
"""Times commands in interleaved order: one of each in turn, so that the machine's moods hit all alike."""
import os
import signal
import time

NULL = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
PR_SET_CHILD_SUBREAPER = 36


def begin(command):
    return os.posix_spawn(command[0], command, os.environ, file_actions=NULL, setsigdef=[signal.SIGPIPE])


def end(process):
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def quietly(command):
    """Its exit status."""
    return end(begin(command))


def adopt_orphans(libc):
    """A created container's process becomes ours when its runtime is gone: somebody must wait for it."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def one(commands):
    """Milliseconds of commands one behind the other, None when one failed."""
    before = time.perf_counter()
    for command in commands:
        if quietly(command):
            return None
    return (time.perf_counter() - before) * 1e3


def spent():
    t = os.times()
    return (t.children_user + t.children_system) * 1e3


def at_once(commands):
    """Milliseconds from the first start to the last end, and of the processors."""
    cpu, before = spent(), time.perf_counter()
    failed = [status for status in [end(process) for process in [begin(command) for command in commands]] if status]
    return None if failed else ((time.perf_counter() - before) * 1e3, spent() - cpu)


def series(works, rounds, idle=0.0):
    """{work: {runtime: [ms]}} of {work: {runtime: [command]}}."""
    samples = {work: {name: [] for name in commands} for work, commands in works.items()}
    for _ in range(rounds):
        for work, commands in works.items():
            for name, lines in commands.items():
                time.sleep(idle)
                samples[work][name].append(one(lines))
                reap()
    return samples
