# SPDX-License-Identifier: Apache-2.0
"""Every option of checkpoint and restore does with CRIU what it says, and where one is missing its name is in the
message: tools/test.sh criu."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess

import leaks
import pytest

from checkpointing import COUNT, costly, counter, two_networks  # noqa: F401
from house import (HYBRID, cgroup_of, listening_socket, read_line, receive_fds, wait_readable,
                   wait_until)
from test_apparmor import loaded  # noqa: F401
from test_checkpoint import CLIENT, SERVER

pytestmark = costly


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


LOCKED = "exec 9> /data/lock; flock 9; " + COUNT


def is_locked(path):
    return subprocess.run(["flock", "--nonblock", path, "true"]).returncode == 1


def test_file_locks(counter, tare):
    """A lock that is lost lets two programs write to one file."""
    counter.debian("sh", "-c", LOCKED)
    id = counter.run()
    lock = counter.volume / "lock"
    wait_until(lambda: is_locked(lock))
    assert "--file-locks" in counter.refused(id)
    counter.checkpoint(id, "--file-locks")
    assert not is_locked(lock)
    counter.restore("--file-locks")
    counter.goes_on()
    assert is_locked(lock)


def test_deleted_files(counter, tare):
    """Files that have no name any more are in the image; one that has another name needs --link-remap."""
    counter.bundle.shell("echo gone > /data/a; exec 8< /data/a; rm /data/a; echo linked > /data/b; exec 9< /data/b; "
                         f"ln /data/b /data/c; rm /data/b; ({COUNT}) & until [ -e /data/end ]; do sleep 0.1; done; "
                         "cat <&8 > /data/8; cat <&9 > /data/9; touch /data/done; wait")
    id = counter.run()
    wait_until(lambda: not (counter.volume / "b").exists() and (counter.volume / "c").exists())
    assert "--link-remap" in counter.refused(id)
    counter.checkpoint(id, "--link-remap")
    counter.restore("--link-remap")
    (counter.volume / "end").touch()
    wait_until((counter.volume / "done").exists)
    assert [(counter.volume / name).read_text() for name in "89"] == ["gone\n", "linked\n"]


LOGGER = r"""use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); connect($s, pack_sockaddr_un(shift)) or die;
while (1) { $i++; send($s, "line $i", 0); symlink($i, "/data/new");
rename "/data/new", "/data/count"; print "$i\n"; select undef, undef, undef, 0.1 }"""


def test_ext_unix_sk(counter, tare):
    """A connection to the log socket of the host, which many a service has."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        path = counter.volume / "log"
        log.bind(str(path))
        counter.bundle.without_namespace("network")
        counter.debian("perl", "-e", LOGGER, str(path))
        # CRIU connects to the address by which the other end calls itself.
        counter.bundle.mount("/tmp", options=["mode=1777"])
        counter.bundle.mount(str(counter.volume), "bind", counter.volume, ["bind"])
        id = counter.run()
        assert log.recv(100) == b"line 1"
        assert "--ext-unix-sk" in counter.refused(id)
        counter.checkpoint(id, "--ext-unix-sk")
        stopped_at = counter.count()
        counter.restore("--ext-unix-sk")
        wait_until(lambda: int(log.recv(100).split()[1]) > stopped_at)


LISTENER = r"""use IO::Socket::INET; $| = 1; my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1",
LocalPort => shift) or die; while (1) { $i++; symlink($i, "/data/new");
rename "/data/new", "/data/count"; print "$i\n"; select undef, undef, undef, 0.1 }"""


def test_tcp_skip_in_flight(counter, tare):
    """Somebody knocks at a server that is busy, just when it is dumped."""
    counter.bundle.without_namespace("network")
    port = free_port()
    counter.debian("perl", "-e", LISTENER, str(port))
    id = counter.run()
    with socket.create_connection(("127.0.0.1", port)):
        assert "--tcp-skip-in-flight" in counter.refused(id, "--tcp-established")
        counter.checkpoint(id, "--tcp-established", "--tcp-skip-in-flight")
    counter.restore("--tcp-established")
    counter.goes_on()
    socket.create_connection(("127.0.0.1", port)).close()


def test_tcp_close(counter, tare):
    """The other side will not be there any more: the program learns that its connection has ended, and goes on."""
    counter.bundle.without_namespace("network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        os.mkfifo(counter.volume / "fifo")
        counter.bundle.shell(f"({COUNT}) & nc {host} {port} < /data/fifo > /data/heard; touch /data/ended; wait")
        id = counter.run()
        holder = os.open(counter.volume / "fifo", os.O_RDWR)
        connection, _ = server.accept()
        counter.checkpoint(id, "--tcp-close")
        connection.close()
    assert not (counter.volume / "ended").exists()
    counter.restore("--tcp-close")
    os.write(holder, b"is there anybody\n")
    wait_until((counter.volume / "ended").exists)
    os.close(holder)
    counter.goes_on()


def criu_version():
    text = subprocess.run(["criu", "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return tuple(int(number) for number in re.search(r"Version: ([\d.]+)", text).group(1).split("."))


@pytest.mark.parametrize("method", ["iptables", "nftables", "skip"])
def test_network_lock(counter, tare, method):
    """Between two lives nobody is there to answer: what a client sends must not come to a kernel that would end its
    connection. Who asks for no lock, or for another program's, has that."""
    networks = two_networks()
    enter = ["nsenter", "-t", str(networks[0].pid), "-n", "busybox"]
    client = subprocess.Popen([*enter, "sh", "-c", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              start_new_session=True)

    def is_reached():
        return subprocess.run([*enter, "ping", "-c", "1", "-W", "3", "10.99.0.2"], stdout=subprocess.PIPE).returncode == 0

    def answer(text):
        client.stdin.write(text)
        client.stdin.flush()
        return read_line(client.stdout.fileno(), 60)

    try:
        counter.bundle.namespace("network", f"/proc/{networks[1].pid}/ns/net")
        counter.bundle.shell(SERVER)
        id = counter.run()
        assert answer(b"one\n") == "you said one" and is_reached()
        options = ("--tcp-established", "--network-lock", method)
        done = tare.try_("checkpoint", *options, "--image-path", counter.image, id, timeout=150)
        if "--network-lock=skip needs CRIU" in done.err:
            assert tare.status(id) == "running"
            pytest.skip(done.err)
        assert done.status == 0, done
        assert is_reached() == (method == "skip")
        counter.restore(*options)
        if method == "nftables" and criu_version() < (4, 1, 1):
            pytest.skip("this CRIU does not take away its lock with nftables")
        assert is_reached() and answer(b"two\n") == "you said two"
    finally:
        os.killpg(client.pid, signal.SIGKILL)
        for process in (client, *networks):
            process.kill()
            process.communicate()


HOOK = ("pid=$(sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p'); exec nsenter -t $pid -n "
        "sh -c 'ip link set lo up; exec ip addr add 127.0.0.9/32 dev lo'")


def test_empty_ns(counter, tare):
    """Where a hook makes the network of a container, it makes that of the restored one too, and CRIU does not."""
    counter.bundle.config["hooks"] = {"createRuntime": [
        {"path": "/bin/sh", "args": ["sh", "-c", HOOK], "env": [f"PATH={os.environ['PATH']}"]}]}
    id = counter.run()
    counter.checkpoint(id, "--empty-ns", "network")
    id = counter.restore("--empty-ns", "network")
    counter.goes_on()
    assert tare("exec", id, "ip", "addr").count("127.0.0.9/32") == 1


# CRIU writes to hierarchies of cgroup v1 too, where they are, with the others.
@pytest.mark.parametrize("mode", ["ignore", "soft", *([] if HYBRID else ["full", "strict"])])
def test_manage_cgroups_mode(counter, tare, mode):
    """A container with cgroups of its own has them again where it is asked for, below its new cgroup; without, all
    processes are in the new cgroup itself. What it may not have is a place in the cgroup of its former life."""
    next(row for row in counter.bundle.config["mounts"] if row["type"] == "cgroup")["options"] = ["rw"]
    counter.bundle.shell("mkdir /sys/fs/cgroup/inner; echo $$ > /sys/fs/cgroup/inner/cgroup.procs; "
                         "echo 7 > /sys/fs/cgroup/inner/cgroup.max.descendants; " + COUNT)
    first = counter.run()
    assert cgroup_of(tare.state(first)["pid"]).name == "inner"
    counter.checkpoint(first)
    id = counter.restore(*(() if mode == "ignore" else ("--manage-cgroups-mode", mode)))
    counter.goes_on()
    place = cgroup_of(tare.state(id)["pid"])
    assert [id, "inner"][:1 if mode == "ignore" else 2] == list(place.parts[place.parts.index(id):])
    assert mode != "full" or criu_version() < (4,) or (place / "cgroup.max.descendants").read_text() == "7\n"
    assert not leaks.cgroups(first)
    assert tare("exec", id, "echo", "fine") == "fine\n"


def test_configuration_file(counter, tare, tmp_path):
    """What an administrator sets for all dumps in CRIU's own words counts: the file that the annotation names, else
    /etc/criu/tare.conf; an empty annotation is no file."""
    counter.debian("sh", "-c", LOCKED)
    named = tmp_path / "named.conf"
    named.write_text("file-locks\n")
    counter.bundle.config["annotations"] = {"org.criu.config": str(named)}
    id = counter.run()
    counter.checkpoint(id)
    id = counter.restore()
    assert is_locked(counter.volume / "lock")
    tare("delete", "--force", id)
    fallback = pathlib.Path("/etc/criu/tare.conf")
    if not os.environ.get("TARE_VM"):
        return
    fallback.parent.mkdir(exist_ok=True)
    fallback.write_text("file-locks\n")
    counter.bundle.config["annotations"] = {"org.criu.config": ""}
    id = counter.run()
    assert "--file-locks" in counter.refused(id)
    tare("delete", "--force", id)
    del counter.bundle.config["annotations"]
    id = counter.run()
    counter.checkpoint(id)
    fallback.unlink()


BIG = "x=$(head -c 8000000 /dev/zero | tr '\\0' x); "


def blocks(directory):
    return sum(file.stat().st_blocks for file in directory.glob("pages-*"))


# A constant would be in memory twice, and the copy be the same for ever.
CHANGING = r"""$| = 1; my $x = "x"; $x x= 8000000; print "full\n"; select undef, undef, undef, 0.1 until -e "/data/change";
substr($x, $_ * 4096, 1) = "y" for 0 .. 1900; print "changed\n";
while (1) { $i++; symlink($i, "/data/new"); rename "/data/new", "/data/count";
print "$i\n"; select undef, undef, undef, 0.1 }"""


def test_auto_dedup(counter, tare, tmp_path):
    """Migrations of large containers fill disks with pages that a later image has, too."""
    top = counter.image
    counter.debian("perl", "-e", CHANGING)
    id = counter.run()
    tare("checkpoint", "--pre-dump", "--image-path", top / "1", id, timeout=150)
    before = blocks(top / "1")
    (counter.volume / "change").touch()
    assert read_line(counter.out) == "changed"
    read_line(counter.out)
    counter.image = top / "2"
    counter.checkpoint(id, "--auto-dedup", "--parent-path", "../1")
    assert blocks(top / "1") < before / 2
    counter.restore()
    counter.goes_on()


def test_page_server(counter, tare):
    """Memory goes straight to the other machine instead of to this one's disk."""
    counter.bundle.shell(BIG + COUNT)
    id = counter.run()
    port = free_port()
    counter.image.mkdir()
    other = counter.image.parent / "other"
    other.mkdir()
    ready, tell = os.pipe()
    server = subprocess.Popen(["criu", "page-server", "--images-dir", other, "--port", str(port), "-o", "server.log",
                               "--status-fd", str(tell)], pass_fds=[tell])
    os.close(tell)
    wait_readable(ready, 60)
    os.close(ready)
    counter.checkpoint(id, "--page-server", f"127.0.0.1:{port}")
    assert server.wait() == 0
    assert not list(counter.image.glob("pages-*")) and blocks(other) * 512 > 8000000
    for file in other.iterdir():
        file.rename(counter.image / file.name)
    counter.restore()
    counter.goes_on()


def test_lsm_profile(counter, tare, loaded):  # noqa: F811
    """A container moves to a machine whose profiles have other names: it is confined by the one that is asked for."""
    counter.bundle.process["apparmorProfile"] = "tare-test"
    id = counter.run()
    counter.checkpoint(id)
    label = pathlib.Path("/proc", str(tare.state(counter.restore())["pid"]), "attr/apparmor/current")
    assert label.read_text() == "tare-test (enforce)\n"
    tare("delete", "--force", tare.ids()[0])
    id = counter.restore("--lsm-profile", "apparmor:tare-test-other")
    label = pathlib.Path("/proc", str(tare.state(id)["pid"]), "attr/apparmor/current")
    assert label.read_text() == "tare-test-other (enforce)\n"


def test_work_path(counter, tare, tmp_path):
    """Logs and statistics are kept apart from what is sent to another machine."""
    id = counter.run()
    work = tmp_path / "work"
    counter.checkpoint(id, "--work-path", work)
    counter.restore("--work-path", work)
    names = {path.name for path in work.iterdir()}
    assert names >= {"dump.log", "restore.log", "stats-dump", "stats-restore"}
    assert not names & {path.name for path in counter.image.iterdir()}


def test_shell_job(counter, tare, at_terminal, tmp_path):
    """Somebody tries a container out at his own terminal, and takes it up again at another."""
    del counter.bundle.config["mounts"][-1]
    counter.bundle.shell("trap 'echo interrupted; exit 5' INT; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done")
    counter.bundle.write()
    first = at_terminal("run", "--bundle", counter.bundle.path, tare.new_id())
    first.lines_until("line 3")
    message = tare.fails("checkpoint", "--image-path", counter.image, first.id, timeout=150)
    assert "--shell-job" in message and tare.status(first.id) == "running"
    tare("checkpoint", "--shell-job", "--image-path", counter.image, first.id, timeout=150)
    first.process.wait()
    second = at_terminal("restore", "--shell-job", "--image-path", counter.image, "--bundle", counter.bundle.path,
                         tare.new_id())
    # The container's first words have a row of their own: neither behind how far it is, nor wiped away.
    row = second.lines_until("line ")[-1].rpartition("\r")[2].replace("\x1b[K", "")
    assert re.fullmatch(r"line \d+", row) and int(row.split()[1]) > 3
    second.type("\x03")
    assert second.lines_until("interrupted")
    assert second.process.wait() == 5


def test_which_mount(counter):
    """Of twenty mounts one has a file system that CRIU does not know: which, and where all the rest is told."""
    counter.bundle.mount("/ram", "ramfs")
    message = counter.refused(counter.run())
    assert f"/mounts/{len(counter.bundle.config['mounts']) - 1} (destination /ram)" in message
    assert f"the whole log is {counter.image}/dump.log" in message


def programs_of(cgroup):
    names = []
    for pid in (cgroup / "cgroup.procs").read_text().split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            names.append(pathlib.Path("/proc", pid, "comm").read_text().strip())
    return names


def processes_in(root):
    """Who has the directory as its root."""
    def has_it(pid):
        try:
            return os.path.samefile(f"/proc/{pid}/root", root)
        except OSError:
            return False
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and has_it(pid)]


def test_image_that_is_cut_short(counter, tare):
    """A copy of an image stopped half way: the processes that were made by then are gone with their cgroup, and the
    whole image restores."""
    counter.checkpoint(counter.run())
    file = next(counter.image.glob("mm-*.img"))
    whole = file.read_bytes()
    file.write_bytes(whole[:len(whole) // 2])
    id = tare.new_id()
    message = tare.fails("restore", "-d", "--image-path", counter.image, "--bundle", counter.bundle.path, id, timeout=150)
    assert "criu: " in message and f"the whole log is {counter.image}/restore.log" in message
    assert tare.ids() == [] and not leaks.cgroups(id) and not processes_in(counter.bundle.rootfs)
    file.write_bytes(whole)
    counter.restore()
    counter.goes_on()


def test_program_of_exec(counter, tare):
    """A shell of exec is in the way of no image, but it is in none either: who has one open is to be told."""
    id = counter.run()
    session = tare.start_process("exec", id, "sleep", "1000000", stdin=subprocess.DEVNULL)
    place = cgroup_of(tare.state(id)["pid"])
    wait_until(lambda: programs_of(place).count("sleep") == 2)
    done = tare.try_("checkpoint", "--image-path", counter.image, id, timeout=150)
    assert done.status == 0 and done.err.count("is no part of the image") == 1 and "(sleep)" in done.err, done
    assert session.wait() == 137
    counter.restore()
    counter.goes_on()


def test_as_engines_call(counter, tare, tmp_path):
    """The options that containerd and conmon send along with a restore, whatever they mean by then."""
    counter.checkpoint(counter.run())
    with listening_socket(tmp_path / "pidfd") as server:
        id = counter.restore("--no-pivot", "--no-new-keyring", "--no-subreaper", "--keep", "--pid-file", tmp_path / "pid",
                             "--pidfd-socket", tmp_path / "pidfd")
        _, (pidfd,) = receive_fds(server)
    pid = int((tmp_path / "pid").read_text())
    assert f"\nPid:\t{pid}\n" in pathlib.Path(f"/proc/self/fdinfo/{pidfd}").read_text()
    assert tare.state(id)["pid"] == pid
    tare("kill", id, "KILL")
    wait_readable(pidfd)
    os.close(pidfd)
    assert tare.status(id) == "stopped"
