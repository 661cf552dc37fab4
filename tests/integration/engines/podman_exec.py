#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""podman exec, terminals, attach, health checks, top."""
import os
import re

from compare import Script, wait_until
from podman import IMAGE, Podman


class PodmanWithBox(Podman):
    """A container `box` is there for all cases."""

    def open(self):
        super().open()
        self.detached("box", "--cap-add", "sys_time", "--env", "FROM=run", "--workdir", "/home")


script = Script(__file__, PodmanWithBox)
VERDICT = re.compile(r"(OCI [^:]*)$")


def verdict(outcome):
    found = VERDICT.search(outcome.err.strip())
    return [outcome.status, found.group(1) if found else outcome.err]


@script.case
def plain(podman):
    """output, error output, status, standard input of an exec."""
    outcome = podman.try_("exec", "-i", "box", "sh", "-c", "cat; echo err >&2; exit 6", input="in\n")
    assert outcome.status == 6, outcome
    return [outcome.status, outcome.out, outcome.err]


@script.case
def identity(podman):
    """-u, -w, -e, --env-file, the container's environment and capabilities."""
    look = "id; pwd; echo $FROM $MORE; grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status"
    return [podman("exec", "-u", "user", "-w", "/tmp", "-e", "MORE=exec", "box", "sh", "-c", look),
            podman("exec", "-u", "1000:0", "--privileged", "box", "sh", "-c", look)]


@script.case
def errors(podman):
    """programs that are missing (127), not executable (126); a directory that is not there."""
    seen = [verdict(podman.try_("exec", "box", name)) for name in ("nosuch", "/etc/passwd")]
    assert [status for status, _ in seen] == [127, 126], seen
    return seen + [podman.try_("exec", "-w", "/no/such", "box", "true").status]


@script.case
def detached(podman):
    """-d: the process lives on in the container's cgroup and pid namespace, and top shows it."""
    podman("exec", "-d", "box", "sleep", "424242")
    return sorted(line.split()[-1] for line in podman("top", "box", "user", "args").splitlines())


@script.case
def top(podman):
    """podman top with its own descriptors: what it reads of the processes."""
    return podman("top", "box", "user", "group", "capeff", "seccomp", "label",
                  "state", "comm")


@script.case
def terminal(podman):
    """exec -t: a terminal of the caller's size, echo, ^C, the status."""
    user = podman.terminal("exec", "-it", "box", "sh")
    user.until("# ")
    user.type("stty size; tty\n")
    user.until("stty size; tty\r\n")
    seen = [user.until("# ").strip().split("\n")[:2]]
    user.type("sleep 1000000\n")
    user.until("sleep 1000000\r\n")
    wait_until(lambda: podman("top", "box", "args").count("sleep 1000000") == 2)
    user.type("\x03")
    user.until("# ")
    user.type("exit 9\n")
    return seen + [user.end()]


@script.case
def run_terminal(podman):
    """run -t: /dev/console and the terminal are one, its owner and size; the status of the program."""
    user = podman.terminal("run", "--rm", "--network", "none", "-it", IMAGE, "sh", "-c",
                           "stty size; tty; stat -c '%u %a' /dev/console; ls -l /dev/console | cut -c1; "
                           "test /dev/console -ef $(tty) && echo same; read line; echo got $line; exit 12")
    seen = [user.until("same\r\n")]
    user.type("words\n")
    user.until("got words")
    return seen + [user.end()]


@script.case(more=True)
def attach(podman):
    """attach to a container's terminal, detach by keys, and find it running."""
    podman("run", "-dit", "--network", "none", "--name", "attached", IMAGE, "sh")
    user = podman.terminal("attach", "--detach-keys", "ctrl-x", "attached")
    user.type("echo a''ttached\n")
    user.until("attached\r\n")
    user.type("\x18")
    seen = [user.end(), podman.inspect("attached", "{{.State.Status}}")]
    podman.remove("attached")
    return seen


@script.case(more=True)
def health(podman):
    """healthcheck run: exit codes and the status it leaves."""
    podman.detached("health", "--health-cmd", "test -e /tmp/well", "--health-interval", "disable",
                    "--health-retries", "1")
    seen = [podman.try_("healthcheck", "run", "health").status]
    podman("exec", "health", "touch", "/tmp/well")
    seen += [podman.try_("healthcheck", "run", "health").status,
             podman.inspect("health", "{{.State.Healthcheck.Status}}")]
    podman.remove("health")
    return seen


@script.case(more=True)
def of_the_stopped(podman):
    """exec in a container that has ended, and in one that is paused, is refused."""
    podman.detached("ended", "--", "true")
    podman("wait", "ended")
    seen = [podman.try_("exec", "ended", "true").status]
    podman("pause", "box")
    seen.append(podman.try_("exec", "box", "true").status)
    podman("unpause", "box")
    podman.remove("ended")
    return seen


@script.case(more=True)
def preserved_descriptors(podman):
    """exec --preserve-fds hands descriptors over."""
    path = podman.directory / "three"
    with open(path, "w") as file:
        process = podman.start("exec", "--preserve-fds", "1", "box", "sh", "-c", "echo three >&3",
                               pass_fds=(3,), preexec_fn=lambda: os.dup2(file.fileno(), 3))
        status = process.wait()
    return [status, path.read_text()]


if __name__ == "__main__":
    script.main()
