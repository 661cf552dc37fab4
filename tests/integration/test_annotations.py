# SPDX-License-Identifier: Apache-2.0
"""Annotations of runc and crun that mean something to a runtime. Those of seccomp are in test_seccomp.py, of groups in
test_rootless.py, of mount contexts in test_selinux.py, of CRIU and systemd with these."""
import json
import os
import pathlib

import pytest
from house import TREE, listening_socket, receive_fds

HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]


@pytest.mark.parametrize("kind", HOOKS)
def test_output_of_hooks(bundle, tmp_path, kind):
    """A GPU hook that fails says why in a file, where nobody sees its output; what runs inside has no other descriptor."""
    out, err = tmp_path / "out", tmp_path / "err"
    out.write_text("before\n")
    bundle.config["annotations"] = {"run.oci.hooks.stdout": str(out), "run.oci.hooks.stderr": str(err)}
    bundle.config["hooks"] = {kind: [{"path": "/bin/sh", "args": ["sh", "-c", "echo said; echo complained >&2"]}]}
    assert bundle.run("for fd in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$fd && echo $fd; done; echo end") == "end\n"
    assert out.read_text() == "before\nsaid\n" and err.read_text() == "complained\n"


@pytest.mark.parametrize("name, other", [("stdout", "stderr"), ("stderr", "stdout")])
def test_output_of_hooks_of_a_created_container(bundle, tmp_path, name, other):
    """One of the two in a file; the other stays the container's."""
    file = tmp_path / "file"
    bundle.config["annotations"] = {f"run.oci.hooks.{name}": str(file)}
    words = [{"path": "/bin/sh", "args": ["sh", "-c", f"echo {kind} stdout; echo {kind} stderr >&2"]} for kind in "ab"]
    bundle.config["hooks"] = {"createContainer": words[:1], "startContainer": words[1:]}
    bundle.shell("true").write()
    id = bundle.tare.new_id()
    created, started = bundle.tare.try_("create", "--bundle", bundle.path, id), bundle.tare.try_("start", id)
    bundle.tare("delete", "--force", id)
    assert (created.status, started.status) == (0, 0), (created, started)
    assert file.read_text() == f"a {name}\nb {name}\n"
    assert created.out + created.err == f"a {other}\n"


@pytest.mark.parametrize("command", ["create", "run"])
def test_pidfd_receiver(bundle, tmp_path, command):
    """Supervisors that hold the pidfd never signal another process that got the number."""
    server = listening_socket(tmp_path / "socket")
    bundle.config["annotations"] = {"run.oci.pidfd_receiver": str(tmp_path / "socket")}
    bundle.shell("exec sleep 1000000").write()
    id = bundle.tare.new_id()
    bundle.tare(command, *(["--detach"] if command == "run" else []), "--bundle", bundle.path, id)
    _, fds = receive_fds(server)
    fields = pathlib.Path(f"/proc/self/fdinfo/{fds[0]}").read_text()
    assert f"Pid:\t{bundle.tare.state(id)['pid']}\n" in fields
    for fd in fds:
        os.close(fd)
    server.close()
    bundle.tare("delete", "--force", id)


@pytest.mark.parametrize("name", ["run.oci.handler", "run.oci.seccomp.receiver", "run.oci.seccomp.plugins"])
def test_what_a_container_would_rely_on(bundle, name):
    """Who asks for a virtual machine around the container must not get one without in silence."""
    bundle.config["annotations"] = {name: "krun"}
    message = bundle.create_fails()
    assert f"/annotations/{name}" in message and "another runtime" in message


@pytest.mark.parametrize("name, value", [("run.oci.pidfd_receiver", "/nowhere"), ("run.oci.seccomp_bpf_data", "#"),
                                         ("run.oci.mount_context_type", "frame")])
def test_values_that_cannot_be(bundle, name, value):
    """The message leads to the annotation, as to any other field."""
    bundle.config["annotations"] = {name: value}
    bundle.linux["mountLabel"] = "a_u:b_r:c_t:s0" if "context" in name else ""
    message = bundle.create_fails()
    assert f"/annotations/{name}" in message or "SELinux is not enabled" in message


@pytest.mark.parametrize("name", ["krun.cpus", "krun.ram_mib", "krun.variant", "run.oci.systemd.force_cgroup_v1", "module.wasm.image/variant"])
def test_what_has_no_effect(bundle, name):
    """It is said, and the container runs."""
    bundle.config["annotations"] = {name: "1", "com.example.anything": "x"}
    outcome = bundle.try_run("echo runs")
    assert outcome.out == "runs\n" and name.replace("/", "~1") in outcome.err
    assert "com.example" not in outcome.err


@pytest.mark.parametrize("name, value", [("io.kubernetes.cri.container-type", "sandbox"),
                                         ("io.kubernetes.cri.sandbox-id", "x"), ("io.container.manager", "libpod")])
def test_what_is_for_engines(bundle, name, value):
    """Engines label every container: a warning each time would be read by nobody."""
    bundle.config["annotations"] = {name: value}
    outcome = bundle.try_run("echo runs")
    assert (outcome.out, outcome.err) == ("runs\n", "")


@pytest.mark.parametrize("name", ["run.oci.systemd.subgroup", "run.oci.delegate-cgroup"])
@pytest.mark.parametrize("value", ["container", ""])
def test_parts_of_a_cgroup(bundle, name, value):
    """Who looks for the container in a part of its scope is told where it is instead; an empty name asks for that."""
    bundle.config["annotations"] = {name: value}
    outcome = bundle.try_run("echo runs")
    assert outcome.out == "runs\n" and (name in outcome.err and "cgroup" in outcome.err) == bool(value)


def test_annotations_are_in_the_state(bundle):
    """Engines find their own there again."""
    bundle.config["annotations"] = {"com.example.anything": "x", "org.opencontainers.image.os": "linux"}
    container = bundle.shell("exec sleep 1000000").start()
    assert bundle.tare.state(container.id)["annotations"] == bundle.config["annotations"]
    container.remove()


def test_unsafe_annotations(tare):
    """Engines take no annotation of an image that is listed here: each that names a file, a filter or a right is."""
    unsafe = json.loads(tare("features"))["potentiallyUnsafeConfigAnnotations"]
    page = (TREE / "man/tare-config.5").read_text()
    section = page[page.index(".Sh ANNOTATIONS"):page.index(".Sh SEE ALSO")]
    told = {word for row in section.splitlines() if row.startswith(".It ") for word in row[4:].split(" , ")}
    safe = {"run.oci.mount_context_type", "run.oci.seccomp_fail_unknown_syscall"}
    assert {name for name in told if name.startswith("run.oci.")} - safe <= set(unsafe)
    assert {"org.criu.config", "org.systemd.property."} <= set(unsafe) and not safe & set(unsafe)


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_output_of_hooks_that_has_no_place(bundle, tmp_path, kind):
    """The place that is not there is named, and nothing is left."""
    bundle.config["annotations"] = {"run.oci.hooks.stdout": str(tmp_path / "none/file")}
    bundle.config["hooks"] = {kind: [{"path": "/bin/true"}]}
    message = bundle.create_fails()
    assert "none/file" in message
