# SPDX-License-Identifier: Apache-2.0
"""SCMP_ACT_NOTIFY: system calls that an agent answers."""
import json

import pytest
from agent import Agent
from house import TREE, wait_for_program
from test_namespaces import user_namespace
from test_seccomp import rule

NOTIFY = rule("mkdir", "mkdirat", action="SCMP_ACT_NOTIFY")
SCRIPT = "mkdir /tmp/emulated && mkdir /tmp/real && ls /tmp"


@pytest.fixture
def agent(tmp_path):
    agent = Agent(tmp_path / "agent.sock")
    yield agent
    agent.stop()


def observed(bundle, tmp_path, no_new_privileges=True, rules=(NOTIFY,), **more):
    bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": list(rules),
                               "listenerPath": str(tmp_path / "agent.sock"),
                               "listenerMetadata": "what the agent needs", **more}
    bundle.process["noNewPrivileges"] = no_new_privileges
    bundle.mount("/tmp", options=["mode=1777"])
    return bundle


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_run(bundle, tmp_path, agent, no_new_privileges):
    """A call that the agent emulates never happens; one that it lets pass does."""
    assert observed(bundle, tmp_path, no_new_privileges).run(SCRIPT) == "real\n"
    assert agent.paths == ["/tmp/emulated", "/tmp/real"]


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_create(bundle, tmp_path, agent, no_new_privileges):
    """An engine creates first: the agent has its descriptor before anything can call."""
    observed(bundle, tmp_path, no_new_privileges)
    container = bundle.shell(SCRIPT + " > /tmp/list; exec sleep 1000000").create()
    agent.wait_for_states(1)
    assert agent.paths == []
    container.start()
    wait_for_program(container.pid, "sleep")
    assert container.exec("cat", "/tmp/list") == "list\nreal\n"
    container.remove()


def test_state(bundle, tmp_path, agent):
    """The agent tells containers apart by this document."""
    observed(bundle, tmp_path).config["annotations"] = {"my.key": "my value"}
    container = bundle.shell("exec sleep 1000000").create()
    state, = agent.wait_for_states(1)
    assert state["fds"] == ["seccompFd"]
    assert state["metadata"] == "what the agent needs"
    assert state["pid"] == state["state"]["pid"] == container.pid
    assert state["state"]["id"] == container.id and state["state"]["status"] == "creating"
    assert state["state"]["bundle"] == str(bundle.path)
    assert state["state"]["annotations"] == {"my.key": "my value"}
    assert state["ociVersion"] == "1.3.0"
    container.remove()


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_exec(bundle, tmp_path, agent, no_new_privileges):
    """Each exec has a filter, so a listener, of its own; the state is the container's."""
    container = observed(bundle, tmp_path, no_new_privileges).shell("exec sleep 1000000").start()
    assert container.exec("/bin/sh", "-c", SCRIPT) == "real\n"
    state = agent.wait_for_states(2)[1]
    assert state["state"]["pid"] == container.pid != state["pid"]
    assert state["state"]["status"] == "running" and state["state"]["id"] == container.id
    container.remove()


def test_metadata_is_optional(bundle, tmp_path, agent):
    """No key says "none"; an empty text is something else."""
    del observed(bundle, tmp_path).linux["seccomp"]["listenerMetadata"]
    assert bundle.run("echo fine") == "fine\n"
    assert "metadata" not in agent.wait_for_states(1)[0]


def test_user_namespace(bundle, tmp_path, agent):
    """Root in a user namespace loads the filter with its own privilege."""
    user_namespace(bundle)
    assert observed(bundle, tmp_path, False).run(SCRIPT) == "real\n"


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_beside_dockers_profile(bundle, tmp_path, agent, no_new_privileges):
    """tare-init itself gets by with what an engine's profile allows."""
    profile = json.loads((TREE / "tests/golden/configs/docker-profile.json").read_text())
    profile = profile.get("linux", {}).get("seccomp", profile)
    for row in profile["syscalls"]:
        row["names"] = [name for name in row["names"] if name not in NOTIFY["names"]]
    observed(bundle, tmp_path, no_new_privileges)
    bundle.linux["seccomp"].update(profile, syscalls=[NOTIFY, *profile["syscalls"]])
    assert bundle.run(SCRIPT) == "real\n"
    container = bundle.shell("exec sleep 1000000").start()
    assert container.exec("/bin/sh", "-c", "mkdir /tmp/emulated2 && ls /tmp") == ""
    container.remove()


def test_listener_without_use(bundle, tmp_path, agent):
    """A path without a rule that needs it makes no listener, and keeps the filter where it belongs."""
    observed(bundle, tmp_path, rules=[rule("accept4", "capset")])
    del bundle.linux["seccomp"]["listenerMetadata"]
    container = bundle.shell("exec sleep 1000000").start()
    assert agent.states == []
    container.remove()


def check_absent(message, tmp_path):
    assert "/linux/seccomp/listenerPath" in message and str(tmp_path / "agent.sock") in message
    assert "No such file" in message and "must be running" in message


def test_absent_agent(bundle, tmp_path):
    """Without the agent the workload would wait forever at its first call."""
    check_absent(observed(bundle, tmp_path).create_fails(), tmp_path)
    outcome = bundle.try_run("true")
    assert outcome.status == 1
    check_absent(outcome.err, tmp_path)


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_program_that_is_absent(bundle, tmp_path, agent, no_new_privileges):
    """The message names what is wrong alone: nobody should look for it at the agent."""
    observed(bundle, tmp_path, no_new_privileges).process["args"] = ["/bin/absent"]
    for message in (bundle.create_fails(), bundle.try_run().err):
        assert ": /process/args/0 (/bin/absent)" in message and "listenerPath" not in message


def test_agent_that_went(bundle, tmp_path):
    """The same for an exec into a container that was made while the agent was there."""
    agent = Agent(tmp_path / "agent.sock")
    container = observed(bundle, tmp_path).shell("exec sleep 1000000").start()
    agent.stop()
    (tmp_path / "agent.sock").unlink()
    check_absent(container.tare.fails("exec", container.id, "true"), tmp_path)
    assert container.status == "running"
    container.remove()
