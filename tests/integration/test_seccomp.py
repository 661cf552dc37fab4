# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp, judged by what system calls do inside."""
import json

import pytest
from house import TREE, status_fields

CONFIGS = TREE / "tests/golden/configs"


def filtered(bundle, *rules, default="SCMP_ACT_ALLOW", **more):
    bundle.linux["seccomp"] = {"defaultAction": default, "syscalls": list(rules), **more}
    bundle.mount("/tmp", options=["mode=1777"])
    return bundle


def rule(*names, action="SCMP_ACT_ERRNO", **more):
    return {"names": list(names), "action": action, **more}


def test_no_filter_by_default(bundle):
    """`tare spec` has none; a filter out of nowhere breaks programs."""
    assert status_fields(bundle.run("exec cat /proc/self/status"))["Seccomp"] == "0"


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_errno(bundle, no_new_privileges):
    """A call that is denied must fail with the chosen errno, with and without no_new_privs."""
    bundle.process["noNewPrivileges"] = no_new_privileges
    filtered(bundle, rule("mkdir", "mkdirat", errnoRet=28))
    outcome = bundle.try_run("mkdir /tmp/x; cat /proc/self/status")
    assert "No space left" in outcome.err
    assert status_fields(outcome.out)["Seccomp"] == "2"


def test_errno_is_eperm_by_default(bundle):
    """As the spec says."""
    assert "not permitted" in filtered(bundle, rule("mkdir", "mkdirat")).try_run("mkdir /tmp/x").err


def test_kill(bundle):
    """A forbidden call must end the program."""
    filtered(bundle, rule("mkdir", "mkdirat", action="SCMP_ACT_KILL_PROCESS"))
    assert bundle.try_run("mkdir /tmp/x; echo $?").out == "159\n"


def test_arguments(bundle):
    """Docker's profile allows personality() and clone() by their arguments."""
    filtered(bundle, rule("kill", args=[{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]))
    out = bundle.run("trap : USR1 TERM; kill -USR1 $$ 2>/dev/null && echo usr1; kill -TERM $$ && echo term")
    assert out == "term\n"


def test_default_errno(bundle):
    """Newer programs fall back only on ENOSYS."""
    allowed = rule("execve", "exit_group", "exit", "write", "brk", "mmap", "arch_prctl", "prctl", "read",
                   "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlink", "readlinkat",
                   "getrandom", "mprotect", "munmap", "close", "fstat", "newfstatat", "rt_sigaction",
                   "rt_sigprocmask", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "ioctl",
                   "setuid", "setgid", "getcwd", "stat", "poll", "fcntl", "dup", "dup2", "openat", "futex",
                   "uname", "sched_getaffinity", action="SCMP_ACT_ALLOW")
    bundle.process["noNewPrivileges"] = True
    filtered(bundle, allowed, default="SCMP_ACT_ERRNO", defaultErrnoRet=38)
    bundle.process["args"] = ["/bin/mkdir", "/tmp/x"]
    assert "not implemented" in bundle.try_run().err


def test_exec_gets_the_filter_too(bundle):
    """An exec without the filter is a way around it."""
    filtered(bundle, rule("mkdir", "mkdirat"))
    container = bundle.shell("exec sleep 1000000").start()
    outcome = container.tare.try_("exec", container.id, "mkdir", "/tmp/x")
    assert "not permitted" in outcome.err
    container.remove()


def test_unknown_call_is_passed_over(bundle):
    """Profiles are written for newer kernels than the one at hand."""
    assert filtered(bundle, rule("no_such_call_at_all")).run("echo fine") == "fine\n"


@pytest.mark.parametrize("field, value, pointer", [
    ("defaultAction", "SCMP_ACT_WHAT", "/linux/seccomp/defaultAction"),
    ("architectures", ["SCMP_ARCH_Z80"], "/linux/seccomp/architectures/0"),
    ("flags", ["SECCOMP_FILTER_FLAG_WHAT"], "/linux/seccomp/flags/0")])
def test_unknown_words_are_named(bundle, field, value, pointer):
    """A word that is not understood must not be a hole in the filter."""
    filtered(bundle)
    bundle.linux["seccomp"][field] = value
    assert pointer in bundle.create_fails()


def test_dockers_default_profile(bundle):
    """What every Docker and Podman container runs under."""
    path = CONFIGS / "docker-profile.json"
    if not path.exists():
        pytest.skip("no captured profile")
    captured = json.loads(path.read_text())
    profile = captured.get("linux", {}).get("seccomp", captured)
    bundle.linux["seccomp"] = profile
    bundle.mount("/tmp", options=["mode=1777"])
    assert bundle.run("echo fine; mkdir /tmp/x && rmdir /tmp/x") == "fine\n"
    assert bundle.try_run("unshare -r true").status != 0

