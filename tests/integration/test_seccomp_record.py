# SPDX-License-Identifier: Apache-2.0
"""tare seccomp record and explain: from a run to an enforced profile."""
import json
import pathlib
import signal
import subprocess

import pytest
from house import read_line, status_fields, wait_until


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
    unseen = {"exit", "exit_group", "restart_syscall", "rt_sigreturn"}
    assert {"execve", "mkdir"} | unseen <= allowed(profile)
    assert "rmdir" not in allowed(profile)
    bundle.linux["seccomp"] = profile
    assert bundle.run(script) == "x\n"
    assert "not permitted" in bundle.try_run("mkdir /tmp/x; rmdir /tmp/x").err


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_exec_is_recorded_too(bundle, no_new_privileges):
    """An engine's health checks are part of what a container has to do: a profile that does not know of them
    would make a healthy service look ill."""
    bundle.process["noNewPrivileges"] = no_new_privileges
    bundle.mount("/tmp", options=["mode=1777"])
    output, id = bundle.path / "profile.json", bundle.tare.new_id()
    bundle.shell("mkfifo /tmp/end; echo ready; cat /tmp/end").write()
    process, out = bundle.tare.start_piped("seccomp", "record", "--bundle", bundle.path, "--output", output, id)
    assert read_line(out) == "ready"
    bundle.tare("exec", id, "mkdir", "/tmp/first")
    # The container's end may come before the end of what tells it.
    bundle.tare.try_("exec", id, "sh", "-c", "mkdir /tmp/second; rmdir /tmp/first; echo end > /tmp/end")
    assert process.wait() == 0
    process.stdout.close()
    profile = json.loads(output.read_text())
    assert {"mkdir", "rmdir"} <= allowed(profile)
    bundle.linux["seccomp"] = profile
    container = bundle.shell("mkfifo /tmp/end; cat /tmp/end; exec sleep 1000000").start()
    container.exec("sh", "-c", "mkdir /tmp/second && rmdir /tmp/second")
    assert "not permitted" in bundle.tare.try_("exec", container.id, "ln", "-s", "a", "/tmp/link").err
    container.remove()


@pytest.fixture
def watched(bundle):
    """A container that waits for words on a fifo and does each, as a child of its first process and alone."""
    bundle.process["noNewPrivileges"] = True
    bundle.mount("/tmp", options=["mode=1777"])
    bundle.shell("mkfifo /tmp/answers /tmp/words; exec 3<>/tmp/words; sleep 1000000 & while read word <&3; do "
                 "case $word in umask) umask 077;; child) /bin/mkdir /tmp/made;; end) exit;; esac; "
                 "echo done > /tmp/answers; done")
    container = bundle.start()
    wait_until(lambda: bundle.tare.try_("exec", container.id, "test", "-p", "/tmp/words").status == 0)
    yield container
    container.remove()


def status_of(pid):
    return status_fields(pathlib.Path(f"/proc/{pid}/status").read_text())


def tracer_of(pid):
    return int(status_of(pid)["TracerPid"])


def attach(container, *options):
    """The recorder, once it says that it watches the container."""
    process = container.tare.start_process("seccomp", "record", "--attach", *options, container.id,
                                           stderr=subprocess.PIPE)
    with process.stderr:
        assert read_line(process.stderr.fileno()) == "tare: recording; Ctrl-C ends it, and the container goes on"
    assert tracer_of(container.pid) == process.pid
    return process


def tell(container, word):
    """Returns when it is done; "end" may be the end of its bearer too."""
    script = f"echo {word} > /tmp/words; [ {word} = end ] || cat /tmp/answers"
    assert container.tare.try_("exec", container.id, "sh", "-c", script).out == ("" if word == "end" else "done\n")


def test_attached_to_the_end(watched, tmp_path):
    """A service that nobody dares to restart is watched as it runs, with all its processes."""
    output = tmp_path / "profile.json"
    recorder = attach(watched, "--output", output)
    tell(watched, "umask")
    tell(watched, "child")
    tell(watched, "end")
    assert recorder.wait() == 0
    names = allowed(json.loads(output.read_text()))
    assert {"umask", "mkdir", "execve", "wait4"} <= names
    assert "mount" not in names and "symlink" not in names
    # What the sleeping one was in the middle of; it never began it anew.
    assert names & {"clock_nanosleep", "nanosleep"}


def test_attached_for_a_while(watched, tmp_path):
    """Watching must not be felt: when it ends, the container goes on."""
    first, both = tmp_path / "first.json", tmp_path / "both.json"
    recorder = attach(watched, "--output", first)
    tell(watched, "umask")
    recorder.send_signal(signal.SIGINT)
    assert recorder.wait() == 0
    wait_until(lambda: tracer_of(watched.pid) == 0)
    assert watched.status == "running" and "mkdir" not in allowed(json.loads(first.read_text()))
    recorder = attach(watched, "--output", both, "--merge", first)
    tell(watched, "child")
    tell(watched, "end")
    assert recorder.wait() == 0
    assert allowed(json.loads(first.read_text())) | {"mkdir"} <= allowed(json.loads(both.read_text()))


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_attached_before_the_start(bundle, tmp_path, no_new_privileges):
    """What an engine creates is not run by the recorder: attached between create and start it sees it all."""
    bundle.process["noNewPrivileges"] = no_new_privileges
    bundle.mount("/tmp", options=["mode=1777"])
    container = bundle.shell("mkdir /tmp/x; (ls /tmp | cat)").create()
    output = tmp_path / "profile.json"
    recorder = attach(container, "--output", output)
    container.start()
    assert recorder.wait() == 0
    container.remove()
    bundle.linux["seccomp"] = json.loads(output.read_text())
    assert bundle.run() == "x\n"
    assert "not permitted" in bundle.try_run("mkdir /tmp/x; rmdir /tmp/x").err


def test_attach_mistakes(sleeper, bundle):
    """Nothing to watch, or too much said: in plain words."""
    assert "--bundle" in sleeper.tare.fails("seccomp", "record", "--attach", "--bundle", ".", sleeper.id)
    assert "does not exist" in sleeper.tare.fails("seccomp", "record", "--attach", "absent")
    sleeper.end()
    assert "not running" in sleeper.tare.fails("seccomp", "record", "--attach", sleeper.id)


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


@pytest.mark.parametrize("output, reason", [("absent/profile.json", "No such file"), (".", "Is a directory")])
def test_output_that_cannot_be_written(bundle, output, reason):
    """Lost otherwise: a day's recording, to a misspelt directory."""
    bundle.shell("echo it ran").write()
    outcome = bundle.tare.try_("seccomp", "record", "--bundle", bundle.path, "--output", bundle.path / output,
                               bundle.tare.new_id())
    assert outcome.status == 1 and outcome.out == "", outcome
    assert f"--output {bundle.path / output}: {reason}" in outcome.err


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
    assert "takes a profile" in bundle.tare.fails("seccomp", "explain", "--config", profile, "umask", "mkdir")
    assert "umaks: libseccomp knows no such call" in bundle.tare("seccomp", "explain", profile, "umaks")
