#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Podman's checkpoints: in place, to a file and back under another name, with pre-copy, of a terminal's shell."""
from compare import COUNT_UP, Script, wait_until
from podman import Podman, Terminal, need

need("criu")
script = Script(__file__, Podman)


def count(podman, name):
    return int(podman("exec", name, "readlink", "/count"))


def counting(podman, name, *options):
    podman.detached(name, *options, "--", "sh", "-c", COUNT_UP)
    wait_until(lambda: podman.try_("exec", name, "test", "-L", "/count").status == 0, step=0.2)
    return count(podman, name)


def goes_on(podman, name):
    before = count(podman, name)
    wait_until(lambda: count(podman, name) > before, step=0.2)


def restored(podman, name, *options):
    podman("container", "restore", *options)
    goes_on(podman, name)
    return podman.inspect(name, "{{.State.Status}} {{.State.Restored}} {{.RestartCount}}")


@script.case
def in_place(podman):
    """a container is dumped, stands still, and goes on where it was, with its limits and its cgroup."""
    begun = counting(podman, "place", "--pids-limit", "77")
    podman("container", "checkpoint", "place")
    seen = [podman.inspect("place", "{{.State.Status}} {{.State.Checkpointed}}"),
            podman.try_("exec", "place", "true").status]
    seen.append(restored(podman, "place", "place"))
    assert count(podman, "place") > begun
    seen.append(podman("exec", "place", "sh", "-c", "cat /sys/fs/cgroup/pids.max /proc/self/cgroup"))
    podman("stop", "--time", "0", "place")
    seen.append(podman.inspect("place", "{{.State.Status}} {{.State.ExitCode}}"))
    podman.remove("place")
    return seen


@script.case
def moved(podman):
    """an exported checkpoint becomes a container of another name, when the first is gone."""
    begun = counting(podman, "first")
    file = podman.directory / "checkpoint.tar.gz"
    podman("container", "checkpoint", "--export", file, "first")
    podman.remove("first")
    seen = [restored(podman, "second", "--import", file, "--name", "second")]
    assert count(podman, "second") > begun
    podman.remove("second")
    return seen


@script.case
def left_running(podman):
    """a checkpoint can be taken of a container that goes on."""
    counting(podman, "on")
    podman("container", "checkpoint", "--leave-running", "--export", podman.directory / "on.tar", "on")
    goes_on(podman, "on")
    seen = podman.inspect("on", "{{.State.Status}}")
    podman.remove("on")
    return seen


@script.case(more=True)
def with_previous(podman):
    """most of the memory is dumped ahead, while the container runs."""
    counting(podman, "pre")
    files = [podman.directory / name for name in ("pre.tar.gz", "rest.tar.gz")]
    podman("container", "checkpoint", "--pre-checkpoint", "--export", files[0], "pre")
    goes_on(podman, "pre")
    podman("container", "checkpoint", "--with-previous", "--export", files[1], "pre")
    podman.remove("pre")
    seen = [restored(podman, "pre", "--import-previous", files[0], "--import", files[1])]
    podman.remove("pre")
    return seen


@script.case
def at_a_terminal(podman):
    """the shell of a container with a terminal listens to whoever attaches behind the restore."""
    podman.detached("tty", "--interactive", "--tty", "--", "sh")
    user = Terminal(podman, "attach", "tty")
    user.type("x=kept; echo rea''dy\n")
    user.until("ready")
    podman("container", "checkpoint", "tty")
    user.end()
    podman("container", "restore", "tty")
    user = Terminal(podman, "attach", "tty")
    user.type("echo $x''-too; exit 4\n")
    user.until("kept-too")
    user.end()
    seen = podman("wait", "tty")
    podman.remove("tty")
    return seen


if __name__ == "__main__":
    script.main()
