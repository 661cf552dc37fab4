# SPDX-License-Identifier: Apache-2.0
"""tare seccomp record and explain: from a run to an enforced profile."""
import json

import pytest


def record(bundle, script, *options):
    output = bundle.path / "profile.json"
    bundle.shell(script).write()
    outcome = bundle.tare.try_("seccomp", "record", "--bundle", bundle.path, "--output", output, *options,
                               bundle.tare.new_id())
    assert outcome.status == 0, outcome
    return outcome.out, json.loads(output.read_text())


def allowed(profile):
    return {name for row in profile["syscalls"] for name in row["names"]}


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_recorded_run_works_enforced(bundle, no_new_privileges):
    """A profile that its own run cannot live under is worth nothing; one that allows more is no least one."""
    bundle.process["noNewPrivileges"] = no_new_privileges
    bundle.mount("/tmp", options=["mode=1777"])
    script = "mkdir /tmp/x; (ls /tmp | cat)"
    out, profile = record(bundle, script)
    assert out == "x\n" and profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert {"execve", "mkdir", "exit_group"} <= allowed(profile)
    assert "rmdir" not in allowed(profile)
    bundle.linux["seccomp"] = profile
    assert bundle.run(script) == "x\n"
    assert "not permitted" in bundle.try_run("mkdir /tmp/x; rmdir /tmp/x").err


def test_merge(bundle):
    """What one run does not do another may: the profiles add up, and rules that were there stay."""
    bundle.process["noNewPrivileges"] = True
    bundle.mount("/tmp", options=["mode=1777"])
    _, first = record(bundle, "mkdir /tmp/x")
    first["syscalls"].insert(0, {"names": ["rmdir"], "action": "SCMP_ACT_LOG"})
    base = bundle.path / "base.json"
    base.write_text(json.dumps(first))
    _, merged = record(bundle, "mkdir /tmp/x; ln -s x /tmp/y; rmdir /tmp/x", "--merge", base)
    assert merged["syscalls"][0] == {"names": ["rmdir"], "action": "SCMP_ACT_LOG"}
    assert "symlink" in allowed(merged) - allowed(first)
    assert all(row["names"].count("rmdir") == 0 for row in merged["syscalls"][1:])


def test_recording_that_cannot_start(bundle):
    """A failure must not leave the agent waiting for a container that never comes."""
    bundle.process["args"] = ["/bin/absent"]
    bundle.write()
    message = bundle.tare.fails("seccomp", "record", "--bundle", bundle.path, bundle.tare.new_id())
    assert "executable file not found" in message or "/bin/absent" in message


def test_explain(bundle):
    """Which rule is it? In a profile alone and in a whole config."""
    bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
    bundle.write()
    text = bundle.tare("seccomp", "explain", bundle.path / "config.json", "mkdirat", "umask")
    assert text.count("SCMP_ACT_ALLOW: /linux/seccomp/defaultAction") == 2
    profile = bundle.path / "profile.json"
    profile.write_text(json.dumps(bundle.linux["seccomp"]))
    assert ": /defaultAction" in bundle.tare("seccomp", "explain", profile, "umask")
    assert "umaks: libseccomp knows no such call" in bundle.tare("seccomp", "explain", profile, "umaks")
