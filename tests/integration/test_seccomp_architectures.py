# SPDX-License-Identifier: Apache-2.0
"""Programs of the three architectures of an x86-64 kernel under one filter: x86_64, x86 (i386) and x32."""
import functools
import json
import os
import shutil
import subprocess

import pytest
from attacking import SOURCES, workshop
from house import TREE
from test_seccomp import filtered, rule

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="architectures of x86-64")
ARCHS = {"x86_64": "SCMP_ARCH_X86_64", "x86": "SCMP_ARCH_X86", "x32": "SCMP_ARCH_X32"}
COMPILER = {"x86_64": "-m64", "x86": "-m32", "x32": "-mx32"}
X32 = 0x40000000
# Numbers of x86_64 and x86; x32 has those of x86_64 with a bit of its own. From 424 on all are the same.
NUMBERS = {"umask": (95, 60), "getpid": (39, 20), "personality": (135, 136)}
NEEDED = rule("execve", "write", "exit", action="SCMP_ACT_ALLOW")
KILLED = 128 + 31  # SIGSYS


def number(arch, call):
    native, i386 = NUMBERS[call] if isinstance(call, str) else (call, call)
    return {"x86_64": native, "x86": i386, "x32": X32 | native}[arch]


@functools.cache
def program(arch):
    """attacks/calls.c for an architecture; None where the kernel does not run its programs."""
    path = workshop() / f"calls-{arch}"
    subprocess.run(["gcc", COMPILER[arch], "-std=gnu17", "-O1", "-Wall", "-Wextra", "-static", "-nostdlib",
                    "-ffreestanding", "-fno-stack-protector", "-no-pie", "-o", path, SOURCES / "calls.c"],
                   check=True)
    try:
        subprocess.run([path], check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return path


def need(arch):
    if not program(arch):
        pytest.skip(f"this kernel does not run {arch} programs")
    return arch


@pytest.fixture(params=ARCHS)
def arch(request):
    return need(request.param)


@pytest.fixture
def i386_calls():
    """Where the kernel has none, the instruction itself ends the program."""
    need("x86")


def run(bundle, arch, *calls, no_new_privileges=True):
    """Makes the calls, (name or number, argument...), in a container: its outcome."""
    shutil.copy(program(arch), bundle.rootfs / "bin/calls")
    bundle.process["noNewPrivileges"] = no_new_privileges
    bundle.process["args"] = ["/bin/calls", *(
        call if isinstance(call, str) else ":".join(map(str, (number(arch, call[0]), *call[1:])))
        for call in calls)]
    return bundle.try_run()


def results(bundle, arch, *calls):
    outcome = run(bundle, arch, *calls)
    assert outcome.status == 0, outcome
    return [int(line) for line in outcome.out.split()]


def test_rules_are_for_names(bundle, arch):
    """A rule names a call once: a program of another architecture that makes it by another number must not
    get past, nor must one be stopped that makes a call of the same number."""
    filtered(bundle, rule("umask", errnoRet=28), architectures=list(ARCHS.values()))
    denied, pid = results(bundle, arch, ("umask", 0), ("getpid",))
    assert denied == -28 and pid == 1
    other = {"x86_64": "x86", "x86": "x86_64", "x32": "x86"}[arch]
    namesake = number(other, "umask") | (X32 if arch == "x32" else 0)
    # 95 is fchown on i386, 60 is exit elsewhere: all that matters is that it is no -28.
    assert run(bundle, arch, f"{namesake}:4294967295").out != "-28\n"


def test_what_tare_itself_needs(bundle):
    """Without no_new_privs the profile has to allow what the manual lists, and nothing else: each call more would be one
    that profiles made for other runtimes lack."""
    tares = rule("capset", "prctl", "setresgid", "setresuid", action="SCMP_ACT_ALLOW")
    filtered(bundle, NEEDED, tares, default="SCMP_ACT_KILL_PROCESS", architectures=[])
    bundle.config["process"]["user"] = {"uid": 1000, "gid": 1000, "umask": 0o27, "additionalGids": [7]}
    outcome = run(bundle, "x86_64", ("getpid",), no_new_privileges=False)
    assert (outcome.status, outcome.out) == (KILLED, ""), outcome
    bundle.linux["seccomp"]["syscalls"].append(rule("getpid", action="SCMP_ACT_ALLOW"))
    assert run(bundle, "x86_64", ("getpid",), no_new_privileges=False).out == "1\n"


def test_conditions(bundle, arch):
    """Docker's profile allows personality() by its argument: which rule counts must be the same everywhere."""
    filtered(bundle, NEEDED,
             rule("personality", action="SCMP_ACT_ALLOW", args=[{"index": 0, "value": 0xffffffff, "op": "SCMP_CMP_EQ"}]),
             rule("personality", errnoRet=28, args=[{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]),
             rule("personality", errnoRet=5, args=[{"index": 0, "value": 0xf0, "valueTwo": 0x10,
                                                   "op": "SCMP_CMP_MASKED_EQ"}]),
             default="SCMP_ACT_ERRNO", architectures=list(ARCHS.values()))
    allowed, equal, masked, other = results(
        bundle, arch, ("personality", 0xffffffff), ("personality", 8), ("personality", 0x13), ("personality", 1))
    assert allowed >= 0 and (equal, masked, other) == (-28, -5, -1)
    wide, = results(bundle, arch, ("personality", (1 << 32) + 8))
    assert wide == (-1 if arch == "x86_64" else -28)  # the others' arguments have 32 bits


def test_newer_calls(bundle, arch):
    """A program falls back to an older call on ENOSYS only. What is older than the profile stays forbidden."""
    newest = rule("faccessat2", action="SCMP_ACT_ALLOW")  # 439
    filtered(bundle, NEEDED, newest, default="SCMP_ACT_ERRNO", architectures=list(ARCHS.values()))
    assert results(bundle, arch, (438,), (440,), (1000,), ("umask", 0)) == [-1, -38, -38, -1]


@pytest.mark.parametrize("engine", ["docker", "containerd", "podman"])
def test_profiles_of_engines(bundle, arch, engine):
    """Images with programs of the older architecture run under the engines' own profiles, as confined as others."""
    config = json.loads((TREE / f"tests/unit/seccomp/profiles/{engine}.json").read_text())
    profile = bundle.linux["seccomp"] = config["linux"]["seccomp"]
    pid, umask, plain, strange, newer = results(
        bundle, arch, ("getpid",), ("umask", 0), ("personality", 8), ("personality", 1), (2000,))
    assert pid == 1 and umask >= 0 and plain >= 0
    assert strange == -profile.get("defaultErrnoRet", 1) and newer == -38


def test_architectures_that_are_not_named(bundle, arch):
    """A profile for one architecture has no rules for another, whose programs would be free of it."""
    filtered(bundle, rule("umask", errnoRet=28), architectures=[ARCHS["x86_64"]])
    outcome = run(bundle, arch, ("getpid",))
    assert (outcome.status, outcome.out) == ((0, "1\n") if arch == "x86_64" else (KILLED, "")), outcome


@pytest.mark.parametrize("architectures", [[], [ARCHS["x86_64"]], [ARCHS["x86_64"], ARCHS["x32"]]],
                         ids=["none", "native", "x32"])
def test_i386_calls_of_native_code(bundle, i386_calls, architectures):
    """The oldest way around a filter: 64-bit code may use the instruction of i386."""
    filtered(bundle, rule("umask", errnoRet=28), architectures=architectures)
    outcome = run(bundle, "x86_64", ("getpid",), "i60:0", ("getpid",))
    assert (outcome.status, outcome.out) == (KILLED, "1\n"), outcome


@pytest.mark.parametrize("architectures", [[], [ARCHS["x86_64"]], [ARCHS["x86_64"], ARCHS["x86"]]],
                         ids=["none", "native", "x86"])
def test_x32_numbers_of_native_code(bundle, architectures):
    """The next: x86-64 code may set the bit of x32, which the audit number of the architecture does not show."""
    filtered(bundle, rule("umask", errnoRet=28), architectures=architectures)
    outcome = run(bundle, "x86_64", ("getpid",), f"{X32 | 95}:0", ("getpid",))
    assert (outcome.status, outcome.out) == (KILLED, "1\n"), outcome


def test_mixed_calls_under_a_profile_with_all(bundle, i386_calls):
    """With all three named, the rule holds whichever way the call is made."""
    filtered(bundle, rule("umask", errnoRet=28), architectures=list(ARCHS.values()))
    assert results(bundle, "x86_64", ("umask", 0), "i60:0", f"{X32 | 95}:0") == [-28, -28, -28]


def test_recorded(bundle, arch):
    """A profile that is made by watching a program of another architecture lets that program run."""
    shutil.copy(program(arch), bundle.rootfs / "bin/calls")
    bundle.process.update(noNewPrivileges=True, args=["/bin/calls", *(
        f"{number(arch, name)}:0" for name in ("getpid", "umask"))])
    output = bundle.write().path / "profile.json"
    assert bundle.tare("seccomp", "record", "--bundle", bundle.path, "--output", output,
                       bundle.tare.new_id()).startswith("1\n")
    profile = json.loads(output.read_text())
    assert set(profile["architectures"]) == {ARCHS["x86_64"], ARCHS[arch]}
    bundle.linux["seccomp"] = profile
    pid, umask, denied = results(bundle, arch, ("getpid",), ("umask", 0), ("personality", 0))
    assert pid == 1 and umask >= 0 and denied == -1
