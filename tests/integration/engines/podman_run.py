#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""podman run: outcomes, errors, identity, lifetimes."""
import re

from compare import Script
from podman import Podman

script = Script(__file__, Podman)
# What podman makes of a runtime's message, behind the last colon.
VERDICT = re.compile(r"(OCI [^:]*)$")


def verdict(outcome):
    found = VERDICT.search(outcome.err.strip())
    return [outcome.status, found.group(1) if found else outcome.err]


@script.case
def output_and_status(podman):
    """the program's output, error output and exit status are the command's."""
    outcome = podman.run("--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert outcome.status == 3 and outcome.out == "out\n", outcome
    return [outcome.status, outcome.out, outcome.err]


@script.case
def no_program(podman):
    """a program that is not there is exit status 127 and podman's words for it."""
    outcome = podman.run("--", "nosuch")
    assert outcome.status == 127 and "nosuch" in outcome.err, outcome
    return verdict(outcome)


@script.case
def not_executable(podman):
    """a file that may not be executed is exit status 126 and podman's words for it."""
    outcome = podman.run("--", "/etc/passwd")
    assert outcome.status == 126, outcome
    return verdict(outcome)


@script.case
def a_directory(podman):
    """a directory for a program is exit status 126."""
    outcome = podman.run("--", "/etc")
    return verdict(outcome)


@script.case
def no_workdir(podman):
    """a mount that cannot be is exit status 126 or 127 and nothing left."""
    outcome = podman.run("--mount", "type=bind,src=/dev/null,dst=/etc", "--", "true")
    return [outcome.status, podman("ps", "--all", "--quiet")]


if __name__ == "__main__":
    script.main()
