# SPDX-License-Identifier: Apache-2.0
"""The commands of a container's life, in the order and out of it."""
import json
import os
import re
import signal

import pytest
from house import alive, cgroup_of, read_line, wait_for_program, wait_readable, wait_until


def test_create_start_kill_delete(bundle):
    """Engines drive every container through these states; a wrong one and they lose track of it."""
    bundle.shell("exec sleep 1000000")
    container = bundle.create()
    state = container.tare.state(container.id)
    assert state["status"] == "created"
    assert state["id"] == container.id and state["bundle"] == str(bundle.path)
    assert re.match(r"\d+\.\d+\.\d+", state["ociVersion"])
    assert alive(state["pid"])
    container.start()
    assert container.status == "running"
    container.end()
    assert container.status == "stopped"
    container.delete()
    assert "does not exist" in container.tare.fails("state", container.id)


def test_program_does_not_run_before_start(bundle):
    """Engines set up networks between create and start: a program that runs early finds none."""
    container = bundle.shell("exec sleep 1000000").create()
    assert os.readlink(f"/proc/{container.pid}/exe") != "/bin/busybox"
    container.start()
    assert os.readlink(f"/proc/{container.pid}/exe") == "/bin/busybox"
    container.remove()


def test_run_gives_output_and_status(bundle):
    """`run` in scripts: output and exit status must be the program's own."""
    outcome = bundle.try_run("echo out; echo err >&2; exit 42")
    assert (outcome.status, outcome.out, outcome.err) == (42, "out\n", "err\n")


def test_run_gives_128_and_signal(bundle):
    """A crash inside must not look like success outside."""
    bundle.without_namespace("pid")  # process 1 of a pid namespace ignores its own signals
    assert bundle.try_run("kill -TERM $$").status == 128 + signal.SIGTERM


def test_run_reads_standard_input(bundle):
    """`tare run | ...` pipelines need the caller's standard input inside."""
    assert bundle.run("tr a-z A-Z", input="hello\n") == "HELLO\n"


def test_run_keep_leaves_a_stopped_container(bundle, tare):
    """Without --keep nobody could look at what ended."""
    bundle.shell("exit 3").write()
    outcome = tare.try_("run", "--keep", "--bundle", bundle.path, id := tare.new_id())
    assert outcome.status == 3
    assert tare.status(id) == "stopped"
    tare("delete", id)


def test_run_detached_writes_pid_file(bundle, tare, tmp_path):
    """A supervisor that starts `run --detach` learns the process only from the pid file."""
    bundle.shell("exec sleep 1000000").write()
    id = tare.new_id()
    tare("run", "--detach", "--pid-file", tmp_path / "pid", "--bundle", bundle.path, id)
    state = tare.state(id)
    assert state["status"] == "running"
    assert (tmp_path / "pid").read_text() == str(state["pid"])
    tare("delete", "--force", id)


def test_run_forwards_signals(bundle, tare):
    """Stopping the foreground `run` must let the program clean up, not orphan it."""
    bundle.shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 1000 & wait $!; done").write()
    process, out = tare.start_piped("run", "--bundle", bundle.path, tare.new_id())
    assert read_line(out) == "ready"
    process.send_signal(signal.SIGTERM)
    assert read_line(out) == "bye"
    assert process.wait() == 7


def test_bundle_is_the_working_directory_by_default(bundle, tare):
    """`cd bundle; tare run id` is the first thing a newcomer types."""
    bundle.shell("echo here").write()
    assert tare("run", tare.new_id(), cwd=bundle.path) == "here\n"


def test_config_flag_names_another_file(bundle, tare, tmp_path):
    """Callers of --config keep the bundle read-only and the config elsewhere."""
    bundle.shell("echo other").write()
    os.rename(bundle.path / "config.json", tmp_path / "other.json")
    assert tare("run", "--config", tmp_path / "other.json", "--bundle", bundle.path,
                tare.new_id()) == "other\n"


def test_exec(sleeper):
    """`docker exec` and every liveness probe."""
    assert sleeper.exec("echo", "inside") == "inside\n"
    assert sleeper.tare.try_("exec", sleeper.id, "sh", "-c", "exit 9").status == 9
    assert sleeper.exec("--cwd", "/tmp", "pwd") == "/tmp\n"
    assert "A=b" in sleeper.exec("--env", "A=b", "env").splitlines()
    assert sleeper.exec("--user", "1000:1000", "id", "-u") == "1000\n"
    assert sleeper.exec("--user", "1000:1000", "-g", "5", "-g", "6", "id", "-G") == "1000 5 6\n"


def test_exec_is_in_the_containers_namespaces_and_cgroup(sleeper):
    """An exec outside of one namespace or cgroup is an escape."""
    names = ("ipc", "mnt", "net", "pid", "uts", "cgroup")
    inside = sleeper.exec("sh", "-c", "for n in %s; do readlink /proc/self/ns/$n; done" % " ".join(names))
    pid = sleeper.pid
    assert inside.split() == [os.readlink(f"/proc/{pid}/ns/{name}") for name in names]
    assert sleeper.exec("cat", "/proc/self/cgroup").strip().splitlines()[-1] == \
        sleeper.exec("cat", "/proc/1/cgroup").strip().splitlines()[-1]


def test_exec_process_file(sleeper, tmp_path):
    """containerd and conmon hand every exec over as a process file."""
    document = {"args": ["sh", "-c", "echo $X; pwd; id -u"], "cwd": "/tmp", "env": ["PATH=/bin", "X=y"],
                "user": {"uid": 1000, "gid": 1000}}
    (tmp_path / "process.json").write_text(json.dumps(document))
    answer = sleeper.tare("exec", "--process", tmp_path / "process.json", sleeper.id)
    assert answer == "y\n/tmp\n1000\n"


def test_exec_process_file_with_a_slip(sleeper, tmp_path):
    """What an exec does not get for a wrong letter is said, as create says it: it may be its confinement."""
    file = tmp_path / "process.json"
    file.write_text(json.dumps({"args": ["true"], "cwd": "/", "noNewPrivilege": True, "user": {"uid": 0, "gid": 0},
                                "capabilities": {"bounding": ["CAP_KILLL"]}}))
    outcome = sleeper.tare.try_("exec", "--process", file, sleeper.id)
    lines = outcome.err.splitlines()
    assert outcome.status == 0 and len(lines) == 2, outcome
    assert lines[0].startswith(f"tare: warning: --process {file}: /capabilities/bounding/0: ") and "CAP_KILL" in lines[0]
    assert f"--process {file}: /noNewPrivilege: " in lines[1] and "noNewPrivileges" in lines[1]


def test_exec_detached(sleeper, tmp_path):
    """conmon execs detached and follows the pid file."""
    sleeper.tare("exec", "--detach", "--pid-file", tmp_path / "pid", sleeper.id, "sleep", "1000000")
    pid = int((tmp_path / "pid").read_text())
    assert alive(pid) and cgroup_of(pid) == cgroup_of(sleeper.pid)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)  # it is ours since its parent ended; unreaped it would keep the namespace


def test_exec_missing_program(sleeper):
    """Podman maps this wording to exit status 127."""
    outcome = sleeper.tare.try_("exec", sleeper.id, "no-such-program")
    assert outcome.status != 0
    assert "executable file not found in $PATH" in outcome.err


def test_exec_needs_a_running_container(bundle):
    """An exec into a stopped container must not run anywhere else."""
    container = bundle.shell("exec sleep 1000000").start()
    container.end()
    assert "stopped" in container.tare.fails("exec", container.id, "true")
    container.delete()


def test_ps(sleeper):
    """`docker top`: the pids as the host sees them."""
    wait_for_program(sleeper.pid, "sleep")
    pids = json.loads(sleeper.tare("ps", "--format", "json", sleeper.id))
    assert pids == [sleeper.pid]
    table = sleeper.ps()
    assert "PID" in table.splitlines()[0] and str(sleeper.pid) in table
    assert "sleep" in sleeper.tare("ps", sleeper.id, "-o", "pid,args")


def test_pause_and_resume(sleeper):
    """A pause that does not stop the program corrupts every backup made under it."""
    sleeper.pause()
    assert sleeper.status == "paused"
    assert "frozen 1" in (cgroup_of(sleeper.pid) / "cgroup.events").read_text()
    assert "paused" in sleeper.tare.fails("exec", sleeper.id, "true")
    sleeper.resume()
    assert sleeper.status == "running"
    assert sleeper.exec("echo", "on") == "on\n"


def test_kill_a_paused_container(sleeper):
    """A frozen process takes no signal: kill must not hang until somebody resumes."""
    sleeper.pause()
    pidfd = sleeper.pidfd()
    sleeper.kill("KILL")
    wait_readable(pidfd)
    os.close(pidfd)


@pytest.mark.parametrize("name", ["TERM", "SIGTERM", "15", "sigterm"])
def test_signal_names(bundle, tare, name):
    """People and engines write signals in all of these ways."""
    bundle.shell("trap 'echo got; exit' TERM; echo ready; while :; do sleep 1000 & wait $!; done").write()
    id = tare.new_id()
    process, out = tare.start_piped("run", "--bundle", bundle.path, id)
    assert read_line(out) == "ready"
    tare("kill", id, name)
    assert read_line(out) == "got"
    process.wait()


def test_kill_all_ends_every_process(bundle):
    """Without a pid namespace the children survive process 1 unless the whole cgroup is killed."""
    bundle.without_namespace("pid")
    container = bundle.shell("sleep 1000000 & sleep 1000000 & exec sleep 1000000").start()
    group, pidfd = cgroup_of(container.pid), container.pidfd()
    container.tare("kill", "--all", container.id, "KILL")
    with open(group / "cgroup.events") as events:
        wait_until(lambda: events.seek(0) == 0 and "populated 0" in events.read())
    wait_readable(pidfd)  # a process leaves its cgroup a little before its end is told
    os.close(pidfd)
    container.delete()


def test_list(bundle, new_bundle, tare):
    """`list` is how people and cleaners find what runs."""
    first, second = bundle.shell("exec sleep 1000000").start(), new_bundle().create()
    rows = json.loads(tare("list", "--format", "json"))
    assert {row["id"]: row["status"] for row in rows} == {first.id: "running", second.id: "created"}
    assert tare("list").splitlines()[0].split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert tare.ids() == sorted([first.id, second.id])
    first.remove(), second.remove()
    assert tare.ids() == []


def test_delete_force_of_what_does_not_exist(tare):
    """Cleaners repeat delete --force; the second time must not be an error."""
    tare("delete", "--force", "never-was")
    assert "does not exist" in tare.fails("delete", "never-was")


def test_delete_of_a_created_container(bundle, tare):
    """containerd gives up on a container that it never started by a plain delete; its process must end."""
    container = bundle.shell("exec sleep 1000000").create()
    pidfd = container.pidfd()
    container.delete()
    wait_readable(pidfd)
    os.close(pidfd)
    assert "does not exist" in tare.fails("state", container.id)


def test_delete_regex(bundle, new_bundle, tare):
    """Cleaning up a family of containers at once."""
    containers = [bundle.create(), new_bundle().create()]
    tare("delete", "--force", "--regex", f"^{tare.prefix}.*")
    assert tare.ids() == [] and len(containers) == 2


def test_spec_refuses_to_overwrite(tare, tmp_path):
    """A config somebody edited must survive a second `tare spec`."""
    tare("spec", "--bundle", tmp_path)
    assert "config.json" in tare.fails("spec", "--bundle", tmp_path)
    json.loads((tmp_path / "config.json").read_text())


def test_features(tare):
    """Engines decide by it what to ask for."""
    document = json.loads(tare("features"))
    assert document["ociVersionMax"].startswith("1.3")
    assert "createContainer" in document["hooks"] and "tmpcopyup" in document["mountOptions"]


def test_plan_needs_no_container(bundle, tare):
    """`tare plan` is how one sees what a config will do before it does it."""
    bundle.write()
    text = tare("plan", "--bundle", bundle.path)
    assert "clone" in text and "exec" in text and "/mounts/0" in text
    json.loads(tare("plan", "--format", "json", "--bundle", bundle.path))


def test_validate(bundle, tare):
    """Every problem at once, each with its place; nothing when all is well."""
    bundle.write()
    assert tare("validate", "--bundle", bundle.path) == ""
    bundle.process["cwd"] = 5
    bundle.process["args"] = "sh"
    bundle.linux["namespaces"].append({"type": "moon"})
    bundle.write()
    outcome = tare.try_("validate", "--bundle", bundle.path)
    assert outcome.status == 1
    for pointer in ("/process/cwd", "/process/args", "/linux/namespaces/"):
        assert pointer in outcome.out + outcome.err


def conditional(action):
    return {"names": ["write"], "action": action, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}


def test_validate_compiles(bundle, tare):
    """Nor does what only the plan shows come to light one mistake a run; each line begins with a pointer."""
    mounts = len(bundle.config["mounts"])
    bundle.mount("/", "tmpfs")
    bundle.config["mounts"].append({"destination": "/a", "type": "bind"})
    bundle.mount("/b", "tmpfs", options=["bind", "size=3"], source="/tmp")
    bundle.mount("/c", None)
    bundle.linux["resources"] = {"memory": {"swappiness": 3}, "network": {"classID": 4},
                                 "blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 20}]}}
    bundle.linux["cgroupsPath"] = "a:b:c"
    bundle.process["selinuxLabel"] = "system_u:system_r:some_t:s0"
    bundle.write()
    outcome = tare.try_("validate", "--bundle", bundle.path)
    found = [line.split(": error: ")[0] for line in outcome.out.splitlines()]
    expected = [f"/mounts/{mounts}/destination", f"/mounts/{mounts + 1}/source", f"/mounts/{mounts + 2}/options/1",
                f"/mounts/{mounts + 3}/type", "/linux/resources/memory/swappiness",
                "/linux/resources/network/classID", "/linux/resources/blockIO/weightDevice/0/leafWeight",
                "/linux/cgroupsPath"]
    assert outcome.status == 1 and set(found) - {"/process/selinuxLabel"} == set(expected), outcome
    assert len(found) == len(set(found)), outcome

    # A mistake in the document itself hides none of them but those of its own part, and brings no others.
    bundle.process["cwd"] = 5
    bundle.config["mounts"][mounts]["options"] = [5]
    bundle.linux["namespaces"].append({"type": "moon"})
    bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_MOON"], "flags": ["MOON"],
                               "listenerPath": "moon", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_MOON"},
        {"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"},
                                                               {"index": 0, "value": 1, "op": "SCMP_CMP_MOON"}]},
        {"names": ["sendmsg"], "action": "SCMP_ACT_NOTIFY"}, {"names": ["sendmsg"], "action": "SCMP_ACT_NOTIFY"},
        conditional("SCMP_ACT_LOG"), conditional("SCMP_ACT_KILL")]}
    bundle.write()
    outcome = tare.try_("validate", "--bundle", bundle.path)
    both = [line.split(": error: ")[0] for line in outcome.out.splitlines()]
    expected.remove(f"/mounts/{mounts}/destination")
    expected += ["/process/cwd", f"/mounts/{mounts}/options/0", f"/linux/namespaces/{len(bundle.linux['namespaces']) - 1}/type",
                 "/linux/seccomp/architectures/0", "/linux/seccomp/flags/0", "/linux/seccomp/listenerPath",
                 "/linux/seccomp/syscalls/0/action", "/linux/seccomp/syscalls/1/args/0/index",
                 "/linux/seccomp/syscalls/1/args/1/op", "/linux/seccomp/syscalls/2", "/linux/seccomp/syscalls/3",
                 "/linux/seccomp/syscalls/5"]
    assert outcome.status == 1 and sorted(set(both) - {"/process/selinuxLabel"}) == sorted(expected), outcome
    assert len(both) == len(set(both)), outcome
