# SPDX-License-Identifier: Apache-2.0
"""What goes wrong must say where and why, with status 1, and leave nothing (the fixture looks)."""
import json
import os

import pytest


@pytest.mark.parametrize("text, said", [
    ('{"ociVersion": "1.0.2",\n "process": }', "line 2"),
    ("", "config.json"),
    ("[]", "object"),
    ('{"ociVersion": "1.0.2"', "config.json"),
    ("\0\0\0", "config.json")])
def test_malformed_json(bundle, text, said):
    """An editor slip must point at the line."""
    bundle.write(text)
    message = bundle.tare.fails("create", "--bundle", bundle.path, bundle.tare.new_id())
    assert said in message and "config.json" in message


def set_at(document, pointer, value):
    *parents, last = pointer.strip("/").split("/")
    for name in parents:
        document = document[int(name)] if isinstance(document, list) else document[name]
    document[int(last) if isinstance(document, list) else last] = value


@pytest.mark.parametrize("pointer, value", [
    ("/process/args", "sh"), ("/process/args/0", 5), ("/process/cwd", 7), ("/process/cwd", "relative"),
    ("/process/user", []), ("/process/user/uid", "root"), ("/process/user/uid", -1),
    ("/process/user/uid", 4294967296), ("/process/terminal", "yes"), ("/process/env", {}),
    ("/process/env/0", 1), ("/process/rlimits", [{"type": "RLIMIT_MOON", "soft": 1, "hard": 1}]),
    ("/process/rlimits", [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": 1}]),
    ("/process/oomScoreAdj", 5000), ("/process/capabilities", []), ("/root", "rootfs"), ("/root/path", 5),
    ("/root/readonly", "true"), ("/mounts", {}), ("/mounts/1/destination", 4), ("/mounts/1/options", "ro"),
    ("/hostname", []), ("/hooks", {"prestart": [{"path": "relative"}]}),
    ("/hooks", {"prestart": [{"path": "/bin/true", "timeout": 0}]}),
    ("/linux/namespaces/0/type", "moon"), ("/linux/namespaces/0/type", 5), ("/linux/namespaces/0/path", "relative"),
    ("/linux/maskedPaths", "x"), ("/linux/rootfsPropagation", "wild"), ("/linux/sysctl", {"kernel.domainname": 5}),
    ("/linux/devices", [{"path": "/dev/x", "type": "z"}]), ("/linux/devices", [{"path": "/dev/x", "type": "c"}]),
    ("/linux/resources", {"memory": {"limit": "1G"}}), ("/annotations", {"a": 5}), ("/ociVersion", 1)])
def test_wrong_value_is_located(bundle, pointer, value):
    """Configs are thousands of lines long: the message must give the place."""
    set_at(bundle.config, pointer, value)
    assert pointer in bundle.create_fails()


def test_all_problems_are_counted(bundle, tare):
    """One at a time makes ten rounds of ten mistakes."""
    set_at(bundle.config, "/process/cwd", 5)
    set_at(bundle.config, "/root/path", 5)
    bundle.write()
    outcome = tare.try_("validate", "--bundle", bundle.path)
    assert "/process/cwd" in outcome.out + outcome.err and "/root/path" in outcome.out + outcome.err


def test_missing_rootfs(bundle):
    """The commonest mistake of all."""
    bundle.config["root"]["path"] = "no-such-root"
    message = bundle.create_fails()
    assert "/root/path" in message and "no-such-root" in message and "No such file" in message


def test_rootfs_is_a_file(bundle):
    """The path is right, the object is not: the message must say which."""
    bundle.config["root"]["path"] = "config.json"
    message = bundle.create_fails()
    assert "/root/path" in message and "Not a directory" in message


def test_missing_config(tare, tmp_path):
    """The user is in the wrong directory."""
    message = tare.fails("create", "--bundle", tmp_path, "x")
    assert "config.json" in message and "No such file" in message


def test_missing_bundle(tare):
    """The same for the bundle itself."""
    assert "/no/such/bundle" in tare.fails("create", "--bundle", "/no/such/bundle", "x")


def test_duplicate_namespace(bundle):
    """The spec demands an error."""
    bundle.linux["namespaces"].append(bundle.linux["namespaces"][0])
    assert f"/linux/namespaces/{len(bundle.linux['namespaces']) - 1}" in bundle.create_fails()


@pytest.mark.parametrize("command", ["create", "run"])
def test_missing_program(bundle, command):
    """Podman and containerd map this wording to exit status 127."""
    bundle.process["args"] = ["no-such-program"]
    bundle.write()
    message = bundle.tare.fails(command, "--bundle", bundle.path, bundle.tare.new_id())
    assert "/process/args/0" in message
    assert "no-such-program" in message and "executable file not found in $PATH" in message


def test_missing_program_with_path(bundle):
    """With a slash no PATH is searched."""
    bundle.process["args"] = ["/bin/no-such-program"]
    message = bundle.create_fails()
    assert "/process/args/0" in message and "/bin/no-such-program" in message
    assert "o such file" in message or "not found" in message


@pytest.mark.parametrize("mode, content, words, said", [
    (0o644, "#!/bin/sh\n", "permission denied", ""),
    (0o755, "#!/no/such/interpreter\n", "no such file or directory", "/no/such/interpreter"),
    (0o755, "#!/bin/sh\r\n", "no such file or directory", "carriage return"),
    (0o755, "no magic at all\n", "exec format error", "neither a program nor a script"),
    (0o755, "", "exec format error", "empty")])
def test_program_that_cannot_run(bundle, mode, content, words, said):
    """`exec format error` and a missing interpreter are mysteries without the name; engines know the kind of
    failure by these words."""
    (bundle.rootfs / "bin/program").write_text(content)
    (bundle.rootfs / "bin/program").chmod(mode)
    bundle.process["args"] = ["/bin/program"]
    outcome = bundle.try_run()
    assert outcome.status == 1 and said in outcome.err and "/bin/program" in outcome.err
    assert words in outcome.err


def test_program_without_its_dynamic_loader(bundle):
    """The classic: a glibc program in a musl or empty image."""
    data = open("/bin/ls", "rb").read()
    (bundle.rootfs / "bin/dynamic").write_bytes(data)
    (bundle.rootfs / "bin/dynamic").chmod(0o755)
    bundle.process["args"] = ["/bin/dynamic"]
    outcome = bundle.try_run()
    assert outcome.status == 1 and "ld-linux" in outcome.err


def test_start_reports_a_failed_execve(bundle):
    """Otherwise `start` says yes and the container is gone."""
    (bundle.rootfs / "bin/program").write_text("#!/no/such/interpreter\n")
    (bundle.rootfs / "bin/program").chmod(0o755)
    bundle.process["args"] = ["/bin/program"]
    bundle.write()
    tare, id = bundle.tare, bundle.tare.new_id()
    created = tare.try_("create", "--bundle", bundle.path, id)
    if created.status == 0:
        assert "/no/such/interpreter" in tare.fails("start", id)
        tare("delete", "--force", id)
    else:
        assert "/no/such/interpreter" in created.err


@pytest.mark.parametrize("id", ["a/b", "..", ".", "", "a b", "a\nb", "\u00e9", "x" * 1025, "../../etc"])
def test_bad_ids(bundle, id):
    """An id is a directory name: a slash in it would write elsewhere."""
    bundle.write()
    outcome = bundle.tare.try_("create", "--bundle", bundle.path, id)
    assert outcome.status == 1 and "id" in outcome.err.lower()


def test_id_that_exists(sleeper, new_bundle):
    """A second container of a name must not touch the first."""
    message = new_bundle().create_fails(id=sleeper.id)
    assert "already exists" in message and sleeper.id in message
    assert sleeper.status == "running"


def test_delete_running(sleeper):
    """A typo in a clean-up script must not end a service."""
    assert "running" in sleeper.tare.fails("delete", sleeper.id)
    assert sleeper.status == "running"


def stopped(bundle):
    container = bundle.shell("exec sleep 1000000").start()
    container.end()
    return container


def test_start_stopped(bundle):
    """The spec demands an error."""
    container = stopped(bundle)
    assert "stopped" in container.tare.fails("start", container.id)
    container.delete()


def test_kill_stopped(bundle):
    """Engines take `container not running` as done."""
    container = stopped(bundle)
    assert "container not running" in container.tare.fails("kill", container.id, "TERM")
    container.delete()


def test_start_twice(sleeper):
    """A second program would run in a container that has one."""
    assert "running" in sleeper.tare.fails("start", sleeper.id)


@pytest.mark.parametrize("command", ["state", "start", "kill", "delete", "pause", "resume", "ps"])
def test_unknown_container(tare, command):
    """Engines take `does not exist` as gone."""
    assert "does not exist" in tare.fails(command, "no-such-container")


@pytest.mark.parametrize("name", ["NOSUCH", "0x9", "65", "", "SIGSIGTERM", "9 "])
def test_bad_signals(sleeper, name):
    """A misread signal ends what should have reloaded."""
    assert "signal" in sleeper.tare.fails("kill", sleeper.id, name)
    assert sleeper.status == "running"


@pytest.mark.parametrize("user", ["", ":", "1:", ":1", "root", "-1", "0x1", "4294967296", "1:2:3", " 1"])
def test_bad_users(sleeper, user):
    """`exec -u 1` once became root (CVE-2026-30892): what is not a number is refused."""
    outcome = sleeper.tare.try_("exec", "--user", user, sleeper.id, "id")
    assert outcome.status != 0 and outcome.out == ""


def test_failures_of_exec_are_not_the_programs(sleeper):
    """A probe must tell a container that is gone from a program that says no: exec's own failures are 255, as runc's."""
    assert sleeper.tare.try_("exec", sleeper.id, "sh", "-c", "exit 1").status == 1
    for args in (["nosuch", "true"], [sleeper.id, "/no/such"], ["--env", "NAME", sleeper.id, "true"],
                 ["--env", "=value", sleeper.id, "true"]):
        assert sleeper.tare.try_("exec", *args).status == 255


def test_empty_values_are_not_given(sleeper):
    """Scripts write --pid-file "$FILE" whether or not there is one; Go's programs know no difference."""
    options = [f"--{name}=" for name in ("pid-file", "console-socket", "pidfd-socket", "process", "cwd", "apparmor")]
    assert sleeper.tare("--log=", "exec", *options, sleeper.id, "pwd").strip() == "/"


@pytest.mark.parametrize("options", [[], ["--memory", ""], ["--resources", "", "--cpuset-cpus="]])
def test_update_of_nothing(sleeper, options):
    """A script's variables may be empty: no failure, as with runc and crun, but it is told of."""
    outcome = sleeper.tare.try_("update", *options, sleeper.id)
    assert outcome.status == 0 and "no limit to change" in outcome.err, outcome


@pytest.mark.parametrize("args", [["nonsense"], ["create"], ["create", "--nonsense", "x"], ["state", "a", "b"],
                                  ["--root"], ["--root=", "list"], ["list", "--format", "yaml"], ["run", "--preserve-fds", "x", "id"],
                                  ["--log-format", "xml", "list"]])
def test_bad_command_lines(tare, args):
    """A flag that is ignored is a promise broken."""
    tare.fails(*args)


@pytest.mark.parametrize("flag", [["--systemd-cgroup"], ["--cgroup-manager", "systemd"]])
@pytest.mark.skipif(os.path.exists("/run/systemd/private"), reason="systemd is here")
def test_systemd_that_is_not_there(bundle, flag):
    """Silence would put containers outside of systemd's limits; the message says what to do."""
    bundle.write()
    message = bundle.tare.fails(*flag, "create", "--bundle", bundle.path, bundle.tare.new_id())
    assert "systemd: cannot connect to " in message and "--cgroup-manager=cgroupfs" in message


def test_log_file_has_the_error_as_json(bundle, tmp_path):
    """containerd reads the last line of the log to tell the user what failed."""
    bundle.config["root"]["path"] = "no-such-root"
    bundle.write()
    tare = bundle.tare
    outcome = tare.try_("--log", tmp_path / "log", "--log-format", "json", "create", "--bundle", bundle.path, "x")
    last = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert outcome.status == 1 and last["level"] == "error" and "no-such-root" in last["msg"]
    assert last["time"]


def test_closed_standard_descriptors(bundle, tare):
    """A file of the runtime on descriptor 1 would receive the container's output."""
    bundle.shell("echo lost; exec sleep 1000000").write()
    id = tare.new_id()
    process = tare.start_process("run", "--detach", "--bundle", bundle.path, id,
                                 preexec_fn=lambda: os.closerange(0, 3))
    assert process.wait() == 0
    links = {os.readlink(f"/proc/{tare.state(id)['pid']}/fd/{fd}") for fd in (0, 1, 2)}
    assert links == {"/dev/null"}
    tare("delete", "--force", id)


def test_full_standard_output(sleeper):
    """Half a JSON document with status 0 misleads whoever reads it."""
    with open("/dev/full", "w") as full:
        process = sleeper.tare.start_process("state", sleeper.id, stdout=full)
        assert process.wait() == 1
