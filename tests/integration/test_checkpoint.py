# SPDX-License-Identifier: Apache-2.0
"""Checkpoint and restore with CRIU: a container goes on where it was, as a container like any other."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import leaks
import pytest

from checkpointing import COUNT, counter, needs_criu, two_networks  # noqa: F401
from house import (CONTROLLERS, alive, cgroup_of, listening_socket, read_line, receive_fds, status_fields,
                   wait_for_program, wait_readable, wait_until)

pytestmark = pytest.mark.seconds(150)


@needs_criu
def test_goes_on_elsewhere(counter, new_bundle, tare, tmp_path):
    """Migration: another id, another bundle path, another path of the volume, limits of the new bundle. A
    user would lose the state of the program, or get it back as something that tare does not know."""
    id = counter.run()
    old = tare.state(id)["pid"]
    counter.checkpoint(id)
    assert tare.ids() == [] and not alive(old)
    stopped_at = counter.count()
    moved = tmp_path / "moved"
    counter.volume.rename(moved)
    counter.volume = moved
    other = new_bundle()
    other.config = json.loads(json.dumps(counter.bundle.config))
    other.config["mounts"][-1]["source"] = str(moved)
    # An image holds no root file system: mount points that the new one lacks are made.
    other.write()
    id = counter.restore("--pid-file", tmp_path / "pid", bundle=other)
    state = tare.state(id)
    assert state["status"] == "running" and state["bundle"] == str(other.path)
    assert int((tmp_path / "pid").read_text()) == state["pid"]
    counter.goes_on()
    assert counter.count() >= stopped_at
    # Its standard output is that of the restore, and no number is missing.
    numbers = []
    while len(numbers) < stopped_at + 2:
        numbers.append(int(read_line(counter.out)))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert cgroup_of(state["pid"]).name == id


@needs_criu
def test_is_a_container(counter, tare):
    """What is restored can be looked into, paused and killed, sees its own cgroup only, and is confined as
    before: a user would lose the walls otherwise, and tare the means to end it."""
    limited = "pids" in CONTROLLERS
    if limited:
        counter.bundle.resources["pids"] = {"limit": 50}
    counter.bundle.config["process"]["noNewPrivileges"] = True
    counter.bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["getcwd"], "action": "SCMP_ACT_ERRNO"}]}
    id = counter.run()
    before = status_fields(pathlib.Path(f"/proc/{tare.state(id)['pid']}/status").read_text())
    namespaces = {path.name for path in pathlib.Path("/proc/self/ns").iterdir()}
    counter.checkpoint(id)
    id = counter.restore()
    pid = tare.state(id)["pid"]
    after = status_fields(pathlib.Path(f"/proc/{pid}/status").read_text())
    for name in ("CapEff", "CapBnd", "CapPrm", "CapAmb", "Seccomp", "Seccomp_filters", "NoNewPrivs", "Uid",
                 "Groups"):
        assert after.get(name) == before.get(name), name
    own = {name for name in namespaces
           if os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")}
    assert own >= {"pid", "net", "ipc", "uts", "mnt", "cgroup"}
    assert tare("exec", id, "cat", "/proc/self/cgroup").strip().endswith("::/")
    masked = " ".join(counter.bundle.linux["maskedPaths"])
    assert tare("exec", id, "sh", "-c", f"for f in {masked}; do [ ! -e $f ] || cat $f/* $f; done 2>/dev/null; :") == ""
    assert "read-only" in tare.try_("exec", id, "sh", "-c", "echo 1 > /proc/sys/kernel/pid_max").err.lower()
    if limited:
        assert (cgroup_of(pid) / "pids.max").read_text().strip() == "50"
    tare("pause", id)
    assert tare.status(id) == "paused"
    tare("resume", id)
    counter.goes_on()
    tare("kill", id, "KILL")
    wait_until(lambda: tare.status(id) == "stopped")
    tare("delete", id)


@needs_criu
def test_hooks(counter, tare, tmp_path):
    """Hooks that give a container its network must run when there is a namespace and no process yet; poststop
    of the old container and poststart of the new one in between: engines count on each."""
    log = tmp_path / "hooks"
    for kind in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"):
        counter.bundle.config.setdefault("hooks", {})[kind] = [{"path": "/bin/sh", "args": [
            "sh", "-c", f"cat > {tmp_path}/{kind}; echo {kind} >> {log}"]}]
    counter.bundle.config["hooks"].pop("startContainer")
    id = counter.run()
    log.unlink()
    counter.checkpoint(id)
    assert log.read_text().split() == ["poststop"]
    log.unlink()
    id = counter.restore()
    assert log.read_text().split() == ["prestart", "createRuntime", "poststart"]
    pid = tare.state(id)["pid"]
    for kind, status in (("prestart", "creating"), ("createRuntime", "creating"), ("poststart", "running")):
        document = json.loads((tmp_path / kind).read_text())
        assert (document["id"], document["pid"], document["status"]) == (id, pid, status)


@needs_criu
def test_failed_restore_leaves_nothing(counter, tare, tmp_path):
    """A hook that fails, a volume that is gone, an image that is none: each is named, and nothing is left that
    would keep a second try from working."""
    id = counter.run()
    counter.checkpoint(id)
    bundle = counter.bundle
    options = ("-d", "--image-path", counter.image, "--bundle", bundle.path)
    bundle.config["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}
    bundle.write()
    assert "/hooks/createRuntime/0" in tare.fails("restore", *options, tare.new_id(), timeout=150)
    del bundle.config["hooks"]
    bundle.config["mounts"][-1]["source"] = str(tmp_path / "gone")
    bundle.write()
    assert f"/mounts/{len(bundle.config['mounts']) - 1} (destination /data)" in \
        tare.fails("restore", *options, tare.new_id())
    bundle.config["mounts"][-1]["source"] = str(counter.volume)
    del bundle.config["mounts"][-1]
    bundle.write()
    assert "none with the destination /data" in tare.fails("restore", *options, tare.new_id())
    empty = tmp_path / "empty"
    empty.mkdir()
    message = tare.fails("restore", "-d", "--image-path", empty, "--bundle", bundle.path, tare.new_id())
    assert "criu: " in message and "restore.log" in message
    assert tare.ids() == []


@needs_criu
def test_failed_checkpoint_changes_nothing(bundle, tare, tmp_path):
    """A connection that was not asked for: the option that would keep it is named, the container runs on."""
    bundle.without_namespace("network")
    bundle.config["root"]["readonly"] = False
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        bundle.shell(f"exec nc 127.0.0.1 {port} < /tmp/fifo")
        os.mkfifo(bundle.rootfs / "tmp/fifo")
        container = bundle.start()
        holder = os.open(bundle.rootfs / "tmp/fifo", os.O_RDWR)
        connection, _ = server.accept()
        message = tare.fails("checkpoint", "--image-path", tmp_path / "image", container.id, timeout=150)
        assert "--tcp-established" in message and str(tmp_path / "image/dump.log") in message
        assert container.status == "running"
        os.write(holder, b"still here\n")
        wait_readable(connection.fileno())
        assert connection.recv(100) == b"still here\n"
        connection.close()
        os.close(holder)
    container.remove()


@needs_criu
def test_user_namespace(counter, tare):
    """Containers with ids of their own are dumped and restored too, with the host's device nodes that they are
    shown, and with the same ids: files would belong to somebody else otherwise."""
    counter.bundle.namespace("user")
    for kind in ("uidMappings", "gidMappings"):
        counter.bundle.linux[kind] = [{"containerID": 0, "hostID": 200000, "size": 65536}]
    # CRIU looks for the sources of mounts with the rights of the container's root.
    reachable = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    reachable.chmod(0o755)
    counter.volume = reachable / "volume"
    counter.volume.mkdir()
    counter.volume.chmod(0o777)
    counter.bundle.config["mounts"][-1]["source"] = str(counter.volume)
    (counter.bundle.rootfs / "data").mkdir()
    id = counter.run()
    counter.checkpoint(id)
    id = counter.restore()
    pid = tare.state(id)["pid"]
    assert pathlib.Path(f"/proc/{pid}/uid_map").read_text().split() == ["0", "200000", "65536"]
    assert os.stat(f"/proc/{pid}").st_uid == 200000
    assert tare("exec", id, "sh", "-c", "echo x > /dev/null; id -u").strip() == "0"
    counter.goes_on()
    assert (counter.image.stat().st_mode & 0o777, counter.image.stat().st_gid) == (0o700, 0)
    tare("delete", "--force", id)
    shutil.rmtree(reachable)


@needs_criu
def test_pre_dumps(counter, tare):
    """Two pre-dumps, then the dump: each writes what has changed only, and the last one restores all."""
    top = counter.image
    # A process whose heap grows counts as written wholly, so the one with the memory only waits.
    counter.bundle.shell(f"x=$(head -c 4000000 /dev/zero | tr '\\0' x); (unset x; {COUNT}) & wait")
    id = counter.run()
    for number, parent in ((1, ()), (2, ("--parent-path", "../1"))):
        done = tare.try_("checkpoint", "--pre-dump", "--image-path", top / str(number), *parent, id, timeout=150)
        if "CONFIG_MEM_SOFT_DIRTY" in done.err:
            pytest.skip("this kernel does not track which pages are written")
        assert done.status == 0, done
        assert tare.status(id) == "running"
    counter.image = top / "3"
    counter.checkpoint(id, "--parent-path", "../2")
    first, last = (sum(file.stat().st_blocks for file in (top / name).glob("pages-*")) for name in "13")
    assert last < first / 4
    counter.restore()
    counter.goes_on()


@needs_criu
def test_leave_running(counter, tare):
    """A copy while the container runs on; the copy can take its place later."""
    id = counter.run()
    counter.checkpoint(id, "--leave-running")
    assert tare.status(id) == "running"
    counter.goes_on()
    tare("delete", "--force", id)
    assert counter.restore(id=id) == id
    counter.goes_on()


@needs_criu
def test_mount_below_a_volume(counter, tare):
    """A volume with another file system mounted in it, as disks are: CRIU would refuse the dump, or the
    restored container miss what is on it."""
    inner = counter.volume / "in side"
    inner.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inner], check=True)
    try:
        (inner / "file").write_text("on the inner one")
        counter.bundle.config["mounts"][-1]["options"] = ["rbind"]
        id = counter.run()
        counter.checkpoint(id)
        id = counter.restore()
        assert tare("exec", id, "cat", "/data/in side/file") == "on the inner one"
        tare("delete", "--force", id)
    finally:
        subprocess.run(["umount", inner], check=True)


SERVER = """mkfifo /data/fifo; echo 1 > /data/count; echo started
while :; do nc -l -p 5000 < /data/fifo | while read line; do echo "you said $line"; done > /data/fifo; done"""
CLIENT = "until busybox nc 10.99.0.2 5000; do sleep 0.1; done"


@needs_criu
def test_connection_is_kept(counter, tare):
    """A client on another machine, here in another network namespace, talks to the same server before and after:
    the point of a migration. The network namespace is the engine's, given by its path."""
    processes = two_networks()
    try:
        counter.bundle.namespace("network", f"/proc/{processes[1].pid}/ns/net")
        counter.bundle.shell(SERVER)
        id = counter.run()
        client = subprocess.Popen(["nsenter", "-t", str(processes[0].pid), "-n", "busybox", "sh", "-c", CLIENT],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        processes.append(client)
        client.stdin.write(b"one\n")
        client.stdin.flush()
        assert read_line(client.stdout.fileno()) == "you said one"
        done = tare.try_("checkpoint", "--tcp-established", "--image-path", counter.image, id, timeout=150)
        if "1:16 opt" in done.err:
            os.killpg(client.pid, signal.SIGKILL)
            pytest.skip("this CRIU does not know that TCP sockets have no SO_PASSCRED any more: Linux 6.16")
        assert done.status == 0, done
        client.stdin.write(b"two\n")
        client.stdin.flush()
        counter.restore("--tcp-established")
        assert read_line(client.stdout.fileno(), 60) == "you said two"
        os.killpg(client.pid, signal.SIGKILL)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@needs_criu
def test_lazy_pages(counter, tare):
    """The new container runs before its memory has come, and the old one ends when all of it has been fetched:
    standstill does not grow with memory."""
    counter.bundle.shell("x=$(head -c 4000000 /dev/zero | tr '\\0' x); " + COUNT)
    id = counter.run()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ready, tell = os.pipe()
    dump = tare.start_process("checkpoint", "--lazy-pages", "--page-server", f"127.0.0.1:{port}", "--status-fd", tell,
                              "--image-path", counter.image, id, pass_fds=[tell], stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
    os.close(tell)
    wait_readable(ready, 100)
    if not os.read(ready, 1):
        message = dump.communicate()[1].decode()
        assert "userfaultfd" in message, message
        pytest.skip(message)
    os.close(ready)
    fetch = subprocess.Popen(["criu", "lazy-pages", "--page-server", "--address", "127.0.0.1", "--port", str(port),
                              "-D", counter.image, "-W", counter.image, "-o", "lazy.log"])
    wait_until(lambda: re.search(r" 00010000 .*lazy-pages\.socket$", pathlib.Path("/proc/net/unix").read_text(), re.M))
    new = counter.restore("--lazy-pages")
    assert (fetch.wait(), dump.wait()) == (0, 0)
    dump.stderr.close()
    assert tare.ids() == [new]
    counter.goes_on()


@needs_criu
def test_terminal(bundle, tare, tmp_path):
    """A shell on a terminal of its own: what is typed behind the restore reaches it, on the new master."""
    bundle.process["terminal"] = True
    bundle.process["args"] = ["/bin/sh"]
    bundle.write()
    id = tare.new_id()
    with listening_socket(tmp_path / "first") as server:
        tare("run", "-d", "--bundle", bundle.path, "--console-socket", tmp_path / "first", id)
        _, (master,) = receive_fds(server)
    os.write(master, b"x=kept; echo rea''dy\n")
    while read_line(master) != "ready":
        pass
    tare("checkpoint", "--image-path", tmp_path / "image", id, timeout=150)
    os.close(master)
    id = tare.new_id()
    with listening_socket(tmp_path / "second") as server:
        tare("restore", "-d", "--bundle", bundle.path, "--image-path", tmp_path / "image",
             "--console-socket", tmp_path / "second", id, timeout=150)
        _, (master,) = receive_fds(server)
    os.write(master, b"echo $x''-too\n")
    while read_line(master) != "kept-too":
        pass
    os.close(master)
    tare("delete", "--force", id)


@needs_criu
def test_foreground_restore(counter, tare):
    """Without --detach the status of the restored program is tare's, and the container goes with it."""
    counter.bundle.shell("i=0; while [ ! -e /data/end ]; do i=1; echo 1 > /data/count; sleep 0.1; echo 1; done; exit 7")
    id = counter.run()
    counter.checkpoint(id)
    id = tare.new_id()
    process = tare.start_process("restore", "--image-path", counter.image, "--bundle", counter.bundle.path, id,
                                 stdin=subprocess.DEVNULL, stdout=counter.into, stderr=subprocess.STDOUT)
    wait_until(lambda: id in tare.ids() and tare.status(id) == "running")
    (counter.volume / "end").touch()
    assert process.wait() == 7
    assert tare.ids() == []


def test_without_criu(sleeper, tare, tmp_path):
    """Most machines have no CRIU: the user is told what is missing and where to get it."""
    empty = tmp_path / "empty"
    empty.mkdir()
    message = tare.fails("checkpoint", "--image-path", tmp_path / "image", sleeper.id, env={"PATH": str(empty)})
    assert "criu: executable file not found in $PATH" in message and "package criu" in message
    assert sleeper.status == "running"


def test_criu_that_dies(sleeper, bundle, tare, tmp_path):
    """CRIU is ended in the middle, as when memory runs out: the container, frozen by then, goes on, and of one that was
    to be restored nothing is left."""
    programs, image = tmp_path / "programs", tmp_path / "image"
    programs.mkdir()
    freezer = cgroup_of(sleeper.pid) / "cgroup.freeze"
    (programs / "criu").write_text("#!/bin/sh\necho 1 >$FREEZER\necho out of something >&2\nkill -9 $$\n")
    (programs / "criu").chmod(0o755)
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "FREEZER": str(freezer)}
    message = tare.fails("checkpoint", "--image-path", image, sleeper.id, env=env)
    assert "criu was killed by signal 9" in message and "out of something" in message
    assert freezer.read_text() == "0\n" and sleeper.status == "running"
    other = tare.new_id()
    env["FREEZER"] = "/dev/null"
    assert "criu was killed" in tare.fails("restore", "-d", "--image-path", image, "--bundle", bundle.path, other, env=env)
    assert tare.ids() == [sleeper.id] and not leaks.cgroups(other)


def test_links_in_an_image(bundle, tare, tmp_path):
    """An image that came from somebody else had its log be a link to a file of the host, which was written over or
    read out (CVE-2026-53489)."""
    programs, image, outside = tmp_path / "programs", tmp_path / "image", tmp_path / "outside"
    programs.mkdir()
    image.mkdir()
    careless = programs / "criu"
    careless.write_text("#!/bin/sh\nfor name in restore.log stats-restore; do echo 'Error (a): b' >$IMAGE/$name; done\n"
                        "kill -9 $$\n")
    careless.chmod(0o755)
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "IMAGE": str(image)}
    for name in ("restore.log", "stats-restore"):
        (image / name).symlink_to(outside)
    subprocess.run([careless], env={**os.environ, **env}, check=False)
    assert outside.read_text().startswith("Error")
    outside.write_text("of the host")
    bundle.write()
    tare.fails("restore", "-d", "--image-path", image, "--bundle", bundle.path, tare.new_id(), env=env)
    assert (image / "restore.log").read_text().startswith("Error") and outside.read_text() == "of the host"


@needs_criu
def test_namespaces_of_others(counter):
    """The image could not be restored, and the container would be gone by the time one learns of it."""
    user = subprocess.Popen(["unshare", "--user", "--map-root-user", "sleep", "1000000"])
    network = subprocess.Popen(["unshare", "--net", "sleep", "1000000"])
    try:
        for process in (user, network):
            wait_for_program(process.pid, "sleep")
        counter.bundle.namespace("user", f"/proc/{user.pid}/ns/user")
        counter.bundle.namespace("network", f"/proc/{network.pid}/ns/net")
        for row in counter.bundle.config["mounts"]:
            row["options"] = [option for option in row.get("options", []) if option != "gid=5"]
        names = [row["type"] for row in counter.bundle.linux["namespaces"]]
        message = counter.refused(counter.run())
        assert f"/linux/namespaces/{names.index('network')}: belongs to another user namespace" in message
    finally:
        for process in (user, network):
            process.kill()
            process.wait()


def test_refused(bundle, tare, tmp_path):
    """What cannot be dumped is refused before CRIU is asked."""
    container = bundle.create()
    assert "container not running" in tare.fails("checkpoint", "--image-path", tmp_path / "i", container.id)
    container.remove()
    assert "container does not exist" in tare.fails("checkpoint", tare.new_id())
    bundle.write()
    assert "--image-path" in tare.fails("restore", "--bundle", bundle.path, "--image-path", tmp_path / "none",
                                        tare.new_id())
    assert tare.ids() == []
