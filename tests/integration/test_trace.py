# SPDX-License-Identifier: Apache-2.0
"""--trace: where the time of a container's start goes, for people who wonder why theirs is slow."""
import json
import stat

import pytest

KINDS = {"host": 1, "init": 2}


def spans(path, lane):
    """The spans of a lane in their order, and the file's other events."""
    events = json.loads(path.read_text())["traceEvents"]
    return sorted((e for e in events if e["ph"] == "X" and e["tid"] == KINDS[lane]), key=lambda e: e["ts"])


def names(path, lane):
    return [span["name"] for span in spans(path, lane)]


def planned(bundle, lane):
    return [step["op"] for step in json.loads(bundle.tare("plan", "--bundle", bundle.path, "--format", "json"))[lane]]


def without_gate(steps):
    """Whether create has seen that tare-init is there already depends on who is faster; run has no gate."""
    return [name for name in steps if name != "gate"]


def in_order(few, many):
    rest = iter(many)
    return all(name in rest for name in few)


def test_run(bundle, tmp_path):
    """Each step of the plan is a span of its lane, in its order, with the field that it comes from; none overlaps the
    next, and the whole is not longer than the command took."""
    bundle.run("true", "--trace", tmp_path / "trace")
    assert names(tmp_path / "trace", "init") == without_gate(planned(bundle, "init"))
    planned_host = [name for name in planned(bundle, "host") if name != "open-gate"]
    assert in_order(planned_host, names(tmp_path / "trace", "host"))
    for lane in KINDS:
        row = spans(tmp_path / "trace", lane)
        for span, following in zip(row, row[1:]):
            assert span["dur"] >= 0 and span["ts"] + span["dur"] <= following["ts"] + 0.01, (span, following)
    fields = [span["args"]["field"] for span in spans(tmp_path / "trace", "init")]
    assert any(field.startswith("/mounts/0 ") for field in fields), fields
    assert stat.S_IMODE((tmp_path / "trace").stat().st_mode) == 0o600


def test_create_and_start(bundle, tmp_path):
    """What waits at the gate belongs to neither; what follows it is in the trace of start, though another tare made
    the process."""
    container = bundle.shell("true").create("--trace", tmp_path / "create")
    bundle.tare("start", "--trace", tmp_path / "start", container.id)
    steps = planned(bundle, "init")
    assert without_gate(names(tmp_path / "create", "init")) == steps[:steps.index("gate")]
    assert names(tmp_path / "start", "init") == steps[steps.index("gate") + 1:]
    assert "gate" in names(tmp_path / "start", "host")
    container.remove()


def test_exec(sleeper, tmp_path):
    """An exec's two processes are one lane."""
    sleeper.exec("--trace", tmp_path / "trace", "/bin/true")
    found = names(tmp_path / "trace", "init")
    assert found[0] == "setns" and "fork" in found and found[-1] == "exec", found


@pytest.mark.parametrize("early", [True, False], ids=["with no_new_privs", "without"])
def test_filter_that_allows_little(bundle, tmp_path, early):
    """The clock is read without system calls: a filter in force would end tare-init for one."""
    bundle.process["noNewPrivileges"] = early
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["clock_gettime", "gettimeofday", "lseek"], "action": "SCMP_ACT_KILL_PROCESS",
                      "args": []}]}
    bundle.run("true", "--trace", tmp_path / "trace")
    assert names(tmp_path / "trace", "init")[-1] == "exec"


def test_failed_step_is_the_last(bundle, tmp_path):
    """Where a container that does not start spends its time is in the file too."""
    bundle.process["args"] = ["/no/such/program"]
    assert bundle.try_run(None, "--trace", tmp_path / "trace").status == 1
    assert names(tmp_path / "trace", "init")[-1] == "program"


def test_file_of_an_earlier_trace(bundle, tmp_path):
    """The same name again and again: what was longer in the file before is not behind the new trace."""
    (tmp_path / "trace").write_text("x" * 1000000)
    bundle.run("true", "--trace", tmp_path / "trace")
    assert names(tmp_path / "trace", "init")[-1] == "exec"


def test_what_is_no_file(bundle):
    """A pipe or a device has no length that could be cut: no warning of it."""
    outcome = bundle.try_run("true", "--trace", "/dev/null")
    assert (outcome.status, outcome.err) == (0, "")


def test_file_that_cannot_be_written(bundle, tmp_path):
    """Said before anything is made."""
    message = bundle.create_fails("--trace", tmp_path / "none/trace")
    assert "--trace" in message and "No such file" in message
    assert bundle.tare.ids() == []
