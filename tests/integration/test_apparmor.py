# SPDX-License-Identifier: Apache-2.0
"""process.apparmorProfile with profiles that the kernel enforces, and without AppArmor."""
import fcntl
import json
import pathlib
import shutil
import subprocess

import pytest
from house import Bundle, make_busybox_root
from test_namespaces import user_namespace
from test_rootless import accounts, own, user  # noqa: F401

LABEL = pathlib.Path("/proc/thread-self/attr/apparmor/current")
PROFILES = """
profile tare-test flags=(attach_disconnected) {
  file, capability, network, signal, mount, umount, pivot_root, ptrace, unix,
  deny /etc/secret r,
  deny /bin/forbidden x,
}
profile tare-test-other flags=(attach_disconnected) {
  file, capability, network, signal, unix,
  deny /tmp/** w,
}
profile tare-test-engine flags=(attach_disconnected) {
  file, capability, network, signal, mount, umount, pivot_root, ptrace, unix,
  change_profile -> tare-test,
  change_profile -> &tare-test,
  deny /etc/engines r,
}
"""
ENFORCED = "tare-test (enforce)\n"


def runs():
    try:
        return bool(LABEL.read_text())
    except OSError:
        return False


@pytest.fixture(scope="module")
def loaded():
    """The profiles in the kernel; removed afterwards."""
    if not runs():
        pytest.skip("this kernel does not run AppArmor")
    if not shutil.which("apparmor_parser"):
        pytest.skip("needs the package apparmor")
    parser = ["apparmor_parser", "--skip-cache"]
    with open("/run/tare-test-profiles.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run on the same host would take them away
        subprocess.run([*parser, "--replace"], input=PROFILES.encode(), check=True)
        yield
        subprocess.run([*parser, "--remove"], input=PROFILES.encode(), check=True)


def confined(bundle, profile="tare-test", no_new_privileges=True):
    bundle.process.update(apparmorProfile=profile, noNewPrivileges=no_new_privileges)
    for name in ("secret", "engines"):
        (bundle.rootfs / "etc" / name).write_text(f"{name}\n")
        (bundle.rootfs / "etc" / name).chmod(0o644)
    forbidden = bundle.rootfs / "bin/forbidden"
    forbidden.write_text("#!/bin/sh\n")
    forbidden.chmod(0o755)
    bundle.mount("/tmp", options=["mode=1777"])
    return bundle


SCRIPT = ("cat /proc/self/attr/apparmor/current /etc/engines; cat /etc/secret; "
          "/bin/forbidden || echo $?; echo made >/tmp/x && cat /tmp/x")


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_profile_is_enforced(loaded, bundle, no_new_privileges):
    """A profile that is named and not in force is a fence on paper: what it denies must fail, the rest work."""
    outcome = confined(bundle, no_new_privileges=no_new_privileges).try_run(SCRIPT)
    assert outcome.out == ENFORCED + "engines\n126\nmade\n", outcome
    assert "/etc/secret" in outcome.err and "Permission denied" in outcome.err


def test_user_namespace(loaded, bundle):
    """Pods in user namespaces are confined by the host's profiles like others."""
    user_namespace(bundle)
    outcome = confined(bundle).try_run(SCRIPT)
    assert outcome.out == ENFORCED + "engines\n126\nmade\n", outcome


def test_another_user(loaded, bundle):
    """A workload that is not root cannot write its own label: it is done before."""
    confined(bundle).process["user"] = {"uid": 1000, "gid": 1000}
    assert bundle.try_run(SCRIPT).out == ENFORCED + "engines\n126\nmade\n"


def test_exec_keeps_the_profile(loaded, bundle, tmp_path):
    """An exec outside the fence is a way around it; another profile is taken when one is named."""
    container = confined(bundle).shell("exec sleep 1000000").start()
    assert container.exec("/bin/sh", "-c", SCRIPT + "; true") == ENFORCED + "engines\n126\nmade\n"
    out = container.exec("--apparmor", "tare-test-other", "/bin/sh", "-c", SCRIPT + "; true")
    assert out == "tare-test-other (enforce)\nengines\nsecret\n"
    process = {**bundle.process, "args": ["/bin/sh", "-c", SCRIPT + "; true"],
               "apparmorProfile": "tare-test-other"}
    file = tmp_path / "process.json"
    file.write_text(json.dumps(process))
    assert container.tare("exec", "--process", file, container.id) == out
    message = container.tare.fails("exec", "--apparmor", "tare-absent", container.id, "true")
    assert "tare-absent" in message and "loaded" in message
    container.remove()


def test_unprivileged(loaded, user):  # noqa: F811
    """Containers of a user without privileges can be confined too."""
    path = user.directory / "bundle"
    make_busybox_root(path / "rootfs")
    own(path)
    user("spec", "--rootless", "--bundle", path)
    bundle = Bundle(user, path, path / "rootfs", json.loads((path / "config.json").read_text()))
    bundle.process["terminal"] = False
    outcome = confined(bundle).try_run("cat /proc/self/attr/apparmor/current; cat /etc/secret")
    assert outcome.out == ENFORCED and "Permission denied" in outcome.err, outcome


def confined_tare(bundle):
    """The command line under a profile, as under an engine that has one."""
    bundle.write()
    return subprocess.run(["aa-exec", "-p", "tare-test-engine", "--", *bundle.tare.command(
        "run", "--bundle", bundle.path, bundle.tare.new_id())], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


def test_confined_runtime(loaded, bundle):
    """Under no_new_privs the kernel lets a confined tare only add to its own profile, so both must hold;
    without, the container's takes the place of tare's."""
    confined(bundle).shell(SCRIPT)
    out = confined_tare(bundle).stdout
    assert out.startswith("tare-test//&tare-test-engine (enforce)\n"), out
    assert "can't open '/etc/engines'" in out and "can't open '/etc/secret'" in out
    bundle.process["noNewPrivileges"] = False
    out = confined_tare(bundle).stdout
    assert out.startswith(ENFORCED + "engines\n") and "can't open '/etc/secret'" in out


def test_absent_profile(loaded, bundle):
    """The usual mistake: the profile was never loaded. The message must say so."""
    message = confined(bundle, "tare-absent").create_fails()
    assert "/process/apparmorProfile (tare-absent)" in message
    assert "no profile of that name loaded" in message


def test_without_apparmor(bundle):
    """A container that was to be confined must not start unconfined; who can change that is told how."""
    if runs():
        pytest.skip("this kernel runs AppArmor")
    message = confined(bundle).create_fails()
    assert "/process/apparmorProfile (tare-test): AppArmor is not enabled" in message
    assert "apparmor=1 security=apparmor" in message
    del bundle.process["apparmorProfile"]
    container = bundle.shell("exec sleep 1000000").start()
    message = container.tare.fails("exec", "--apparmor", "tare-test", container.id, "true")
    assert "AppArmor is not enabled" in message
    container.remove()
