# SPDX-License-Identifier: Apache-2.0
"""The program as its callers see it: standard descriptors, logs, exit status. No container is made."""
import json
import os
import subprocess

import pytest


def call(tare, *args, **more):
    return subprocess.run([tare.program, *args], capture_output="stdout" not in more, text=True, **more)


def test_version_lines(tare):
    """containerd reads the first line and "spec:"; without them it takes the runtime for broken."""
    lines = call(tare, "--version").stdout.splitlines()
    assert lines[0].startswith("tare version ")
    fields = dict(line.split(": ") for line in lines[1:])
    assert fields["spec"] == "1.3.0"
    assert fields["libseccomp"].count(".") == 2
    for letter in "-v", "-V":
        assert call(tare, letter).stdout.splitlines() == lines


def test_help_in_all_forms(tare):
    """Who types the name alone, or `help COMMAND` as with runc, wants to know how to go on."""
    general = call(tare, "--help")
    assert general.returncode == 0 and "Usage: tare [OPTION]... COMMAND" in general.stdout
    for args in [], ["help"], ["-h"]:
        assert (call(tare, *args).returncode, call(tare, *args).stdout) == (0, general.stdout)
    assert call(tare, "help", "exec").stdout == call(tare, "exec", "--help").stdout != general.stdout


@pytest.mark.parametrize("args, text", [
    (["help", "bogus"], 'unknown command "bogus"'),
    (["bogus"], 'unknown command "bogus"'),
    (["--bogus"], "unknown option --bogus"),
    (["state"], "state: too few arguments"),
    (["state", "a", "b"], "state: too many arguments"),
    (["state", "--bogus", "a"], "state: unknown option --bogus"),
    (["state", "no/slash"], "no/slash"),
    (["list", "-f", "yaml"], "is not one of table|json"),
    (["exec", "a"], "exec: nothing to run"),
    (["--systemd-cgroup", "--cgroup-manager", "cgroupfs", "list"], "contradict each other"),
    (["plan", "--assume", "nonsense"], "unknown fact"),
    (["delete", "--regex", "("], "--regex"),
])
def test_failures_are_one_line(tare, args, text):
    """Callers show the last line of standard error: it must be the only one and tell what to do."""
    done = call(tare, *args)
    assert done.returncode == (255 if args[:1] == ["exec"] else 1)
    assert done.stdout == ""
    assert done.stderr.startswith("tare: ") and done.stderr.count("\n") == 1
    assert text in done.stderr


def test_errors_in_the_json_log(tare, tmp_path):
    """podman and containerd take the message from the log, the user from standard error."""
    log = tmp_path / "log"
    done = call(tare, "--root", str(tmp_path / "root"), "--log", str(log), "--log-format", "json",
                "state", "nobody")
    assert done.returncode == 1
    line = json.loads(log.read_text().splitlines()[-1])
    assert line["level"] == "error" and "does not exist" in line["msg"]
    assert line["msg"] in done.stderr and line["time"][10] == "T"


def test_full_disk_on_standard_output(tare):
    """A script that saves `features` must learn that the file is cut short."""
    with open("/dev/full", "w") as full:
        done = call(tare, "features", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert "standard output: write: No space left" in done.stderr


def test_reader_that_hung_up(tare):
    """The same for a pipe, and as an error rather than a death by signal."""
    reader, writer = os.pipe()
    os.close(reader)
    done = call(tare, "features", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert done.returncode == 1
    assert "standard output: write: Broken pipe" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors(tare, tmp_path, closed):
    """A closed descriptor must not be given to a file that tare opens: messages would be written into it."""
    done = subprocess.run(["sh", "-c", f'"$0" spec --bundle "$1" {closed}', tare.program, str(tmp_path)])
    assert done.returncode == 0
    json.loads((tmp_path / "config.json").read_text())


def test_spec_to_a_file_and_to_standard_output(tare, tmp_path):
    """What `spec` writes is what `validate` accepts, wherever it was written."""
    assert call(tare, "spec", "--bundle", str(tmp_path), "--file", "other.json").returncode == 0
    printed = call(tare, "spec", "-b", str(tmp_path), "-f", "-").stdout
    assert json.loads(printed) == json.loads((tmp_path / "other.json").read_text())
    done = call(tare, "validate", "-b", str(tmp_path), "-f", str(tmp_path / "other.json"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_list_of_none(tare, tmp_path):
    """An engine that starts with no containers parses these, a directory that is missing included."""
    root = str(tmp_path / "none")
    assert call(tare, "--root", root, "list", "-q").stdout == ""
    assert call(tare, "--root", root, "list", "-f", "json").stdout == "null\n"
    assert call(tare, "--root", root, "list").stdout.split() == \
        ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]


def test_plan_is_the_same_everywhere(tare, tmp_path):
    """With its facts given a plan can be compared between machines: it must not depend on this one."""
    call(tare, "spec", "--bundle", str(tmp_path))
    args = ["plan", "--assume", "root,unified", "--format", "json"]
    plans = {call(tare, *args, cwd=tmp_path, env=env).stdout for env in (None, {"PATH": "/bin"})}
    assert len(plans) == 1
    json.loads(plans.pop())
