# SPDX-License-Identifier: Apache-2.0
"""Machines in a bad state: system calls that fail, full and read-only disks, what a caller has closed or deleted.
Each command either works or says in one line what was in its way, and leaves nothing."""
import collections
import os
import re
import resource
import subprocess

import leaks
import pytest
from house import IN_VM

# What fails only when all is lost, or belongs to the C library.
SPARED = {"execve", "exit_group", "exit", "mmap", "munmap", "mremap", "mprotect", "brk", "madvise", "arch_prctl",
          "set_tid_address", "set_robust_list", "rseq", "prctl", "close", "prlimit64"}
EVERY = 9 if IN_VM else 3


def trace(tare, command, inject, path):
    """(outcome, the lines of the trace)"""
    plain = tare.command
    tare.command = lambda *args: ["strace", "-qq", "-o", str(path), "-e", inject, *plain(*args)]
    try:
        outcome = tare.try_(*command)
    finally:
        tare.command = plain
    return outcome, path.read_text().splitlines()


def calls_of(lines):
    """(name, number) of each call, a part of them: which one changes with the command."""
    count, found = collections.Counter(), []
    for line in lines:
        match = re.match(r"(\w+)\(", line)
        if match and match.group(1) not in SPARED:
            count[match.group(1)] += 1
            found.append((match.group(1), count[match.group(1)]))
    return found


def is_loader(lines):
    """The C library's own start is not ours to test."""
    return not any("prctl" in line or "sysinfo" in line for line in lines)


def check(outcome, tare, made):
    lines = [line for line in outcome.err.splitlines() if "warning" not in line]
    assert outcome.status in (0, 1, 255), outcome # 255: of exec
    if outcome.status:
        assert len(lines) == 1 and lines[0].startswith("tare: "), outcome
        assert not made or tare.ids() == [], outcome


@pytest.mark.seconds(180)
@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("command", ["create", "run"])
def test_a_call_fails_while_a_container_is_made(bundle, tare, tmp_path, command, first):
    """Lost otherwise: a machine with a bad disk collects half containers and cgroups that nobody may remove, or
    tare crashes and says nothing."""
    bundle.shell("exec true").write()
    error = ("EIO", "ENOSPC", "ENOMEM")[first]
    id = tare.new_id()
    arguments = [command, "--bundle", bundle.path, id]
    _, lines = trace(tare, arguments, "inject=chroot:error=EIO", tmp_path / "trace")
    tare("delete", "--force", id)
    for name, number in calls_of(lines)[first::EVERY]:
        outcome, lines = trace(tare, arguments, f"inject={name}:error={error}:when={number}", tmp_path / "trace")
        if not is_loader(lines):
            check(outcome, tare, True)
        tare("delete", "--force", id)
        assert tare.ids() == []


@pytest.mark.seconds(180)
@pytest.mark.parametrize("command", ["start", "exec", "kill", "delete"])
def test_a_call_fails_beside_a_container(bundle, tare, tmp_path, command):
    """Lost otherwise: a container that an I/O error has made impossible to get rid of."""
    def made():
        container = bundle.shell("exec sleep 1000000").create()
        if command != "start":
            container.start()
        if command == "delete":
            container.end()
        return container
    more = {"exec": ["true"], "kill": ["KILL"]}.get(command, [])
    container = made()
    _, lines = trace(tare, [command, container.id, *more], "inject=chroot:error=EIO", tmp_path / "trace")
    container.remove()
    for name, number in calls_of(lines)[::2 * EVERY]:
        container = made()
        outcome, lines = trace(tare, [command, container.id, *more], f"inject={name}:error=EIO:when={number}",
                               tmp_path / "trace")
        if not is_loader(lines):
            check(outcome, tare, False)
        leaks.reap() # what tare could not wait for is init's on another machine
        container.remove()
        assert tare.ids() == []


@pytest.fixture
def small_disk(tare, tmp_path):
    """The state root on a file system of its own, given as its mount options."""
    mounted = []

    def mount(options):
        tare.root.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", tare.root], check=True)
        mounted.append(True)
    yield mount
    if mounted:
        subprocess.run(["umount", tare.root], check=True)


@pytest.mark.parametrize("options, words", [("size=4k", "No space left"), ("nr_inodes=4", "No space left"),
                                            ("ro", "Read-only file system")])
def test_the_state_root_takes_nothing(bundle, tare, small_disk, options, words):
    """Lost otherwise: /run is full, and every attempt makes it worse or leaves a container that runs unknown."""
    small_disk(options)
    assert words.lower() in bundle.create_fails().lower()
    assert tare.ids() == []


def limited(descriptors):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


@pytest.mark.parametrize("descriptors", [4, 6, 8, 12, 16, 24, 64])
def test_few_descriptors(bundle, tare, descriptors):
    """Lost otherwise: under a supervisor's low limit a container fails without a reason, or half."""
    del bundle.process["rlimits"] # which asks for more
    bundle.shell("echo here").write()
    process = tare.start_process("run", "--bundle", bundle.path, tare.new_id(), stdin=subprocess.DEVNULL, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limited(descriptors))
    out, err = process.communicate()
    if process.returncode == 0:
        assert out == "here\n" and err == ""
    else:
        assert process.returncode == 1 and len(err.splitlines()) == 1
        assert "open files" in err or "file descriptors" in err # as glibc and as musl call EMFILE
    assert descriptors < 64 or process.returncode == 0
    assert tare.ids() == []


def test_few_descriptors_of_the_config(bundle):
    """Lost otherwise: a limit that is too low for tare-init reads like a fault of the working directory."""
    bundle.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 3, "hard": 3}]
    message = bundle.create_fails()
    assert "RLIMIT_NOFILE" in message and "/process/rlimits" in message


def in_a_world(tare, script):
    """Commands run where the script has changed the mounts."""
    plain = tare.command
    tare.command = lambda *args: ["unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh", *plain(*args)]


def test_without_proc(bundle, tare):
    """Lost otherwise: an error that does not say that /proc is missing."""
    in_a_world(tare, "umount --lazy /proc")
    assert "/proc" in bundle.create_fails()
    assert tare.ids() == []


def test_with_hidden_pids(bundle, tare):
    """Lost otherwise: on a hardened machine (hidepid=2) containers start and cannot be seen or ended."""
    in_a_world(tare, "mount -t proc -o hidepid=2 proc /proc")
    container = bundle.shell("exec sleep 1000000").start()
    assert container.status == "running" and container.exec("echo", "in") == "in\n"
    container.kill("KILL")
    container.remove()


def test_without_a_null_device(bundle, tare):
    """Lost otherwise: what masks /proc/kcore would be whatever lies at /dev/null."""
    in_a_world(tare, "mount -t tmpfs tmpfs /dev")
    bundle.linux["maskedPaths"] = ["/proc/kcore"]
    assert "/dev/null" in bundle.create_fails()
    assert tare.ids() == []


def closed(*descriptors):
    def close():
        for fd in descriptors:
            os.close(fd)
    return close


@pytest.mark.parametrize("descriptors", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_standard_descriptors(bundle, tare, descriptors):
    """Lost otherwise: a file of tare's becomes descriptor 0, 1 or 2, and the workload writes into it."""
    bundle.shell("ls -l /proc/self/fd > /out").write()
    bundle.config["root"]["readonly"] = False
    bundle.write()
    process = tare.start_process("run", "--bundle", bundle.path, tare.new_id(), preexec_fn=closed(*descriptors))
    assert process.wait() == 0
    shown = re.findall(r" (\d) -> (\S+)", (bundle.rootfs / "out").read_text())
    for fd, target in shown:
        assert int(fd) not in descriptors or target in ("/dev/null", "/out"), shown


def test_odd_surroundings(bundle, tare, tmp_path):
    """Lost otherwise: umask, language or a deleted working directory of the caller reach the container."""
    bundle.config["root"]["readonly"] = False
    bundle.shell("umask; > /made; mkdir /dir; stat -c %a /dev/shm /made /dir; pwd").write()
    gone = tmp_path / "gone"
    gone.mkdir()

    def surround():
        os.umask(0o077)
        os.chdir(gone)
        os.rmdir(gone)
    process = tare.start_process("run", "--bundle", bundle.path, tare.new_id(), stdout=subprocess.PIPE, text=True,
                                 env={"LANG": "tr_TR.UTF-8", "LC_ALL": "xx_XX", "PATH": os.environ["PATH"]},
                                 preexec_fn=surround)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert out.split() == ["0022", "1777", "644", "755", "/"]


def test_out_of_memory(bundle, tare):
    """Lost otherwise: "Aborted", and a core file, where one word would say what is short."""
    bundle.config["annotations"] = {f"key.{i}": "x" * 100 for i in range(20000)}
    bundle.write()
    for limit in (1 << 20, 4 << 20):
        outcome = subprocess.run(tare.command("validate", "--bundle", bundle.path), stdin=subprocess.DEVNULL,
                                 preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert (outcome.returncode, outcome.stderr) == (1, "tare: out of memory\n"), outcome
    assert tare.try_("validate", "--bundle", bundle.path).status == 0
