# SPDX-License-Identifier: Apache-2.0
"""All six kinds of hooks: when they run, what they are given, what their failure does."""
import json
import os
import subprocess

import pytest
from house import alive, wait_for_end, wait_for_file, wait_until

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")


def hook(script, **more):
    """Runs on the host and, busybox being there too, inside."""
    return {"path": "/bin/sh", "args": ["sh", "-c", script], **more}


def hooks(bundle, **lists):
    bundle.config["hooks"] = lists
    return bundle


@pytest.fixture
def log(bundle, tmp_path):
    """A file that hooks write to, visible under the same name inside."""
    path = tmp_path / "log"
    path.mkdir()
    bundle.mount(str(path), "bind", path, ["bind"])
    bundle.config["root"]["readonly"] = False
    return path / "file"


def test_order(bundle, log):
    """Network plug-ins are hooks: in the wrong order there is no network."""
    hooks(bundle, **{kind: [hook(f"echo {kind}{n} >>{log}") for n in (0, 1)] for kind in KINDS})
    container = bundle.shell(f"echo program >>{log}; exec sleep 1000000").create()
    assert log.read_text().split() == [f"{kind}{n}" for kind in KINDS[:3] for n in (0, 1)]
    container.start()
    wait_until(lambda: "program" in log.read_text().split())
    container.end()
    said = log.read_text().split()
    assert said[6:8] == ["startContainer0", "startContainer1"]
    assert sorted(said[8:]) == ["poststart0", "poststart1", "program"]
    container.delete()
    assert log.read_text().split()[-2:] == ["poststop0", "poststop1"]


@pytest.mark.parametrize("kind", KINDS)
def test_state_on_standard_input(bundle, log, kind):
    """Hooks learn from it which container they are for."""
    hooks(bundle, **{kind: [hook(f"cat >{log}")]})
    bundle.config["annotations"] = {"some.key": "some value"}
    container = bundle.shell("exec sleep 1000000").start()
    pid = container.pid
    container.end()
    container.delete()
    state = json.loads(log.read_text())
    status = {"startContainer": ("created",), "poststart": ("running",), "poststop": ("stopped",)}
    assert state["id"] == container.id and state["bundle"] == str(bundle.path)
    assert state["status"] in status.get(kind, ("creating", "created"))
    assert state["annotations"] == {"some.key": "some value"}
    if kind != "poststop":
        assert state["pid"] == pid or kind in ("createContainer", "startContainer")


@pytest.mark.parametrize("kind", KINDS)
def test_environment_is_the_hooks_own(bundle, log, kind):
    """A variable from elsewhere, LD_PRELOAD from the image say, ran as root on hosts (CVE-2025-23266)."""
    bundle.process["env"].append("LD_PRELOAD_TEST=image")
    hooks(bundle, **{kind: [hook(f"env >{log}", env=["A=b", "PATH=/bin:/usr/bin"])]})
    container = bundle.shell("exec sleep 1000000").create(env={"HOST_SECRET": "x"})
    container.start(env={"HOST_SECRET": "x"})
    container.end()
    container.delete(env={"HOST_SECRET": "x"})
    given = log.read_text().split()
    assert "A=b" in given and not any("SECRET" in row or "PRELOAD" in row for row in given)


@pytest.mark.parametrize("kind, is_inside", [("prestart", False), ("createRuntime", False),
                                             ("createContainer", None), ("startContainer", True),
                                             ("poststart", False), ("poststop", False)])
def test_namespaces(bundle, log, kind, is_inside):
    """Host-side hooks need the host's namespaces, the others the container's."""
    hooks(bundle, **{kind: [hook(f"for n in net mnt; do readlink /proc/self/ns/$n; done >{log}")]})
    container = bundle.shell("exec sleep 1000000").start()
    inside = [os.readlink(f"/proc/{container.pid}/ns/{name}") for name in ("net", "mnt")]
    own = [os.readlink(f"/proc/self/ns/{name}") for name in ("net", "mnt")]
    container.remove()
    assert log.read_text().split() == (own if is_inside is False else inside)


@pytest.mark.parametrize("kind", KINDS[:3])
@pytest.mark.parametrize("how, said", [("exit 3", "3"), ("kill -KILL $$", "kill")])
def test_failure_ends_create(bundle, kind, how, said):
    """A container without its network or device must not start."""
    hooks(bundle, **{kind: [hook("true"), hook(how)]})
    bundle.shell("exec sleep 1000000")
    message = bundle.create_fails()
    assert f"/hooks/{kind}/1" in message and said in message.lower()


def after_failed_start(container, pid):
    wait_for_end(pid)
    assert not alive(pid)
    outcome = container.tare.try_("state", container.id)
    assert outcome.status != 0 or json.loads(outcome.out)["status"] == "stopped"
    container.remove()


@pytest.mark.parametrize("kind", ["startContainer", "poststart"])
def test_failure_ends_start(bundle, log, kind):
    """The spec: generate an error, stop the container."""
    hooks(bundle, **{kind: [hook("exit 3")]})
    container = bundle.shell("exec sleep 1000000").create()
    pid = container.pid
    message = container.tare.fails("start", container.id)
    assert f"/hooks/{kind}/0" in message and "3" in message
    after_failed_start(container, pid)


def test_poststop_failure_is_a_warning(bundle, log):
    """Cleaning up must go on: a container that cannot be deleted blocks its name forever."""
    hooks(bundle, poststop=[hook("exit 3"), hook(f"echo second >{log}")])
    container = bundle.shell("exec sleep 1000000").start()
    container.end()
    outcome = container.tare.try_("delete", container.id)
    assert outcome.status == 0 and "/hooks/poststop/0" in outcome.err
    assert log.read_text() == "second\n"


@pytest.mark.parametrize("kind", KINDS[:3])
def test_timeout(bundle, kind):
    """A hook that hangs must not hang the engine, nor live on."""
    hooks(bundle, **{kind: [hook("sleep 1000000 & wait", timeout=1)]})
    message = bundle.create_fails()
    assert f"/hooks/{kind}/0" in message and "time" in message


@pytest.mark.parametrize("kind", KINDS[:2])
def test_missing_program_is_named(bundle, kind):
    """Otherwise nobody knows which of the hooks is not installed."""
    hooks(bundle, **{kind: [{"path": "/no/such/hook"}]})
    message = bundle.create_fails()
    assert f"/hooks/{kind}/0" in message and "/no/such/hook" in message


def test_arguments_are_argv(bundle, log):
    """args[0] is the name, as for execv."""
    hooks(bundle, createRuntime=[{"path": "/bin/sh", "args": ["name", "-c", f"echo $0 $1 >{log}", "zero", "one"]}])
    bundle.shell("exec sleep 1000000").create().remove()
    assert log.read_text() == "zero one\n"


def test_hooks_get_no_descriptor(bundle, log):
    """A descriptor of the runtime in a hook is a descriptor in whatever the hook starts."""
    hooks(bundle, **{kind: [hook(f"ls /proc/self/fd >>{log}")] for kind in KINDS})
    container = bundle.shell("exec sleep 1000000").start()
    container.end()
    container.delete()
    assert max(int(number) for number in log.read_text().split()) <= 3


@pytest.mark.parametrize("kind", ("prestart", "createRuntime"))
def test_state_while_a_hook_runs(bundle, log, kind):
    """A hook that asks the runtime must not be told that create is over."""
    tare = bundle.tare
    asks = f"{tare.program} --root {tare.root} state $0 >{log}"
    id = tare.new_id()
    hooks(bundle, **{kind: [{"path": "/bin/sh", "args": ["sh", "-c", asks, id], "env": ["PATH=/bin:/usr/bin"]}]})
    bundle.shell("exec sleep 1000000").write()
    tare("create", "--bundle", bundle.path, id)
    assert json.loads(log.read_text())["status"] == "creating"
    assert tare.status(id) == "created"
    tare("delete", "--force", id)


def test_forced_delete_while_a_hook_hangs(bundle, log):
    """Nobody should have to look for the hook's process to get rid of a container."""
    tare, id = bundle.tare, bundle.tare.new_id()
    hooks(bundle, createRuntime=[hook(f"echo $$ >{log}.new; mv {log}.new {log}; exec sleep 1000000")])
    bundle.shell("exec sleep 1000000").write()
    creating = tare.start_process("create", "--bundle", bundle.path, id, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_file(log)
    tare("delete", "--force", id)
    assert creating.wait() == 1
    assert not alive(int(log.read_text()))
    assert tare.ids() == []
