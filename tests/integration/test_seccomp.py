# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp, judged by what system calls do inside."""
import base64
import ctypes
import errno
import json
import os
import pathlib
import struct
import subprocess

import pytest
from house import TREE, status_fields, wait_for_program

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


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_everything_is_denied(bundle, no_new_privileges):
    """Under a profile that denies even exit_group() nothing can run; a process that tries to end for ever would stay."""
    bundle.process["noNewPrivileges"] = no_new_privileges
    outcome = filtered(bundle, default="SCMP_ACT_ERRNO").try_run("true")
    assert outcome.status in ((132, 133) if no_new_privileges else (1,)), outcome


@pytest.mark.parametrize("action", ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"])
@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_what_only_tare_calls(bundle, no_new_privileges, action):
    """Profiles older than openat2() took HOME from programs, or ended containers, for a call that no program made."""
    (bundle.rootfs / "etc").mkdir(exist_ok=True)
    (bundle.rootfs / "etc/passwd").write_text("app:x:1000:1000::/home/app:/bin/sh\n")
    bundle.process.update(user={"uid": 1000, "gid": 1000, "umask": 0o27}, noNewPrivileges=no_new_privileges)
    filtered(bundle, rule("openat2", "umask", action=action))
    container = bundle.shell("echo $HOME > /tmp/home; exec sleep 1000000").start()
    wait_for_program(container.pid, "sleep")
    home = pathlib.Path(f"/proc/{container.pid}/root/tmp/home")
    assert home.read_text() == "/home/app\n" and home.stat().st_mode & 0o777 == 0o640
    assert container.exec("sh", "-c", "echo $HOME") == "/home/app\n"
    container.remove()


@pytest.mark.parametrize("action", ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"])
def test_denied_to_tare(bundle, action):
    """Without no_new_privs a profile may deny what tare needs behind it; "tare itself does not have these
    capabilities" alone sends people looking in the wrong place."""
    bundle.process["noNewPrivileges"] = False
    assert "the seccomp filter, in force by then" in filtered(bundle, rule("capset", action=action)).try_run("true").err
    bundle.process["noNewPrivileges"] = True
    assert bundle.run("echo fine") == "fine\n"


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
    """Profiles are written for newer kernels than the one at hand: no reason to fail or to warn, but who looks
    closely can see it."""
    filtered(bundle, rule("no_such_call_at_all")).shell("echo fine").write()
    for _ in ("compiled", "from the cache"):
        outcome = bundle.tare.try_("--debug", "run", "--bundle", bundle.path, bundle.tare.new_id())
        assert outcome.out == "fine\n" and "no_such_call_at_all" in outcome.err
    assert bundle.try_run().err == ""


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



def cached(tare):
    """The files of the cache of compiled filters."""
    directory = tare.root / "@seccomp"
    return sorted(directory.iterdir()) if directory.is_dir() else []


def denied(bundle):
    return filtered(bundle, rule("mkdir", "mkdirat", errnoRet=28))


def test_filters_are_kept(bundle):
    """The second container with a profile must not wait for the compiler, nor may another get its filter."""
    assert "No space left" in denied(bundle).try_run("mkdir /tmp/x").err
    files = cached(bundle.tare)
    assert len(files) == 1
    before = files[0].stat().st_ino
    assert "No space left" in bundle.try_run("mkdir /tmp/x").err
    assert [file.stat().st_ino for file in cached(bundle.tare)] == [before]
    assert filtered(bundle, rule("rmdir", errnoRet=28)).run("mkdir /tmp/x && echo made") == "made\n"
    assert len(cached(bundle.tare)) == 2


@pytest.mark.parametrize("harm", [
    lambda file: file.write_bytes(file.read_bytes()[:-8]),
    lambda file: file.write_bytes(bytes(b ^ 1 for b in file.read_bytes())),
    lambda file: file.chmod(0o666),
    lambda file: file.parent.chmod(0o777)], ids=["short", "changed", "mode", "directory"])
def test_harmed_filters_do_not_count(bundle, harm):
    """Whoever can touch a file in the cache must not decide what a container may do."""
    denied(bundle).try_run("mkdir /tmp/x")
    harm(cached(bundle.tare)[0])
    assert "No space left" in bundle.try_run("mkdir /tmp/x").err


def test_filters_of_another_kernel_do_not_count(bundle):
    """Below a state root that outlives a reboot: which calls are newer than a profile, and what a filter may say, is the
    kernel's to know."""
    denied(bundle).try_run("true")
    before = cached(bundle.tare)
    subprocess.run(["setarch", "--uname-2.6", *bundle.tare.command("run", "--bundle", bundle.path, bundle.tare.new_id())],
                   check=True, stdin=subprocess.DEVNULL)
    assert len(before) == 1 and len(cached(bundle.tare)) == 2


def test_cache_is_no_container(bundle):
    """A directory of tare's own in the list would be somebody's container to delete."""
    denied(bundle).try_run("mkdir /tmp/x")
    assert bundle.tare.ids() == []
    assert "invalid container ID" in bundle.tare.fails("delete", "--force", "@seccomp")


def test_exec_has_the_containers_own_filter(bundle):
    """An exec, whatever happened to the cache since, runs under the filter that the container began with."""
    container = denied(bundle).shell("exec sleep 1000000").start()
    for file in cached(bundle.tare):
        file.unlink()
    outcome = container.tare.try_("exec", container.id, "mkdir", "/tmp/x")
    assert "No space left" in outcome.err
    assert cached(bundle.tare) == []
    (bundle.tare.root / container.id / "filter").unlink()
    outcome = container.tare.try_("exec", container.id, "mkdir", "/tmp/x")
    assert "No space left" in outcome.err
    container.remove()


def instructions(*rows):
    """struct sock_filter[] in base64."""
    return base64.b64encode(b"".join(struct.pack("=HBBI", *row) for row in rows)).decode()


def test_raw_filter(bundle):
    """Who compiles filters elsewhere hands them over ready, with exec as with run."""
    mkdir = {"x86_64": 83, "aarch64": 34}[os.uname().machine]
    bundle.mount("/tmp", options=["mode=1777"])
    bundle.config["annotations"] = {"run.oci.seccomp_bpf_data": instructions(
        (0x20, 0, 0, 0), (0x15, 0, 1, mkdir), (0x06, 0, 0, 0x00050000 | 28), (0x06, 0, 0, 0x7fff0000))}
    assert "No space left" in bundle.try_run("mkdir /tmp/x").err
    container = bundle.shell("exec sleep 1000000").start()
    assert "No space left" in container.tare.try_("exec", container.id, "mkdir", "/tmp/x").err
    container.remove()


def test_raw_filter_that_the_kernel_refuses(bundle):
    """The message must name the annotation: the profile is not at fault."""
    bundle.config["annotations"] = {"run.oci.seccomp_bpf_data": instructions((0x05, 0, 0, 9))}
    message = bundle.try_run("true").err
    assert "run.oci.seccomp_bpf_data" in message and "seccomp" in message


def test_unknown_call_is_refused_on_demand(bundle):
    """Who wants to be told of a misspelt name gets an error that has it."""
    filtered(bundle, rule("no_such_call_at_all"))
    bundle.config["annotations"] = {"run.oci.seccomp_fail_unknown_syscall": "1"}
    message = bundle.create_fails()
    assert "/linux/seccomp/syscalls/0" in message and "no_such_call_at_all" in message


SECCOMP = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
KILLABLE = 1 << 5


def on_an_older_kernel():
    """Lets this process and what it starts see a kernel without WAIT_KILLABLE_RECV, as before 5.19."""
    program = struct.pack("=" + "HBBI" * 6, *(
        0x20, 0, 0, 0, 0x15, 0, 3, SECCOMP, 0x20, 0, 0, 24, 0x45, 0, 1, KILLABLE,
        0x06, 0, 0, 0x00050000 | errno.EINVAL, 0x06, 0, 0, 0x7fff0000))
    buffer = ctypes.create_string_buffer(program)
    descriptor = struct.pack("@HxxxxxxP", 6, ctypes.addressof(buffer))
    if ctypes.CDLL(None, use_errno=True).prctl(22, 2, descriptor, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def test_flag_that_the_kernel_lacks(bundle):
    """"Invalid argument" would say nothing: the flag is named. A recording does without it."""
    filtered(bundle, rule("mkdir", action="SCMP_ACT_NOTIFY"), flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
             listenerPath=str(bundle.path / "agent.sock")).shell("echo fine").write()

    def run(*command):
        return subprocess.run(bundle.tare.command(*command, "--bundle", bundle.path, bundle.tare.new_id()),
                              preexec_fn=on_an_older_kernel, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    failed = run("run")
    assert failed.returncode == 1 and "/linux/seccomp: " in failed.stderr, failed
    assert "this kernel does not have SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" in failed.stderr
    recorded = run("seccomp", "record")
    assert recorded.returncode == 0 and recorded.stdout.startswith("fine\n"), recorded
