# SPDX-License-Identifier: Apache-2.0
"""Real programs are moved with CRIU: servers with clients, threads and pipes, a session at a terminal, containers of
a pod, below cgroupfs and systemd: tools/test.sh criu."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import leaks
import pytest

from checkpointing import COUNT, costly, counter, two_networks  # noqa: F401
from house import Tare, cgroup_of, listening_socket, read_line, receive_fds, status_fields, wait_until
from terminal import resize, size_of

pytestmark = costly
SERVER = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", "/data"]
UNDER_SYSTEMD = os.path.exists("/run/systemd/private")


class Client:
    """Somebody on another machine with a connection that stays open."""

    def __init__(self, network):
        self.process = subprocess.Popen(
            ["nsenter", "-t", str(network.pid), "-n", "busybox", "sh", "-c",
             "until busybox nc 10.99.0.2 6379; do busybox sleep 0.1; done"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    def ask(self, text):
        self.process.stdin.write(text.encode() + b"\r\n")
        self.process.stdin.flush()

    def answer(self):
        line = read_line(self.process.stdout.fileno(), 90)
        return read_line(self.process.stdout.fileno()) if line.startswith("$") else line

    def __call__(self, text):
        self.ask(text)
        return self.answer()

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def in_network(holder, *command):
    subprocess.run(["nsenter", "-t", str(holder.pid), "-n", *command], check=True)


def third_network(holders):
    """The cable of the second is moved over to it, with the address: where a container moves to."""
    new = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo there; exec sleep 1000000"], stdout=subprocess.PIPE)
    read_line(new.stdout.fileno())
    in_network(holders[1], "ip", "link", "set", "v1", "netns", str(new.pid))
    in_network(new, "ip", "link", "set", "lo", "up")
    in_network(new, "ip", "addr", "add", "10.99.0.2/24", "dev", "v1")
    in_network(new, "ip", "link", "set", "v1", "up")
    return new


def elsewhere(counter, new_bundle, network):
    """Another bundle for the same container, in another network namespace."""
    other = new_bundle()
    other.config = json.loads(json.dumps(counter.bundle.config))
    other.namespace("network", f"/proc/{network.pid}/ns/net")
    return other.write()


def test_database_moves(counter, new_bundle, tare):
    """The whole of an iterative migration: two pre-dumps while the server works, the dump, another network namespace
    with the same address, another id, another bundle. The client loses neither its data nor its connection."""
    networks = two_networks()
    client = Client(networks[0])
    top = counter.image
    try:
        counter.bundle.namespace("network", f"/proc/{networks[1].pid}/ns/net")
        counter.debian(*SERVER)
        id = counter.run()
        assert client("SET first 1") == "+OK"
        for number, parent in ((1, ()), (2, ("--parent-path", "../1"))):
            tare("checkpoint", "--pre-dump", "--tcp-established", "--image-path", top / str(number), *parent, id,
                 timeout=150)
            assert client(f"SET after{number} {number}") == "+OK"
        counter.image = top / "3"
        counter.checkpoint(id, "--tcp-established", "--parent-path", "../2")
        assert tare.ids() == []
        in_network(networks[0], "ip", "link", "set", "v0", "down")
        networks.append(third_network(networks))
        client.ask("GET first")
        new = counter.restore("--tcp-established", bundle=elsewhere(counter, new_bundle, networks[2]))
        in_network(networks[0], "ip", "link", "set", "v0", "up")
        assert new != id and client.answer() == "1"
        assert [client(f"GET after{number}") for number in (1, 2)] == ["1", "2"]
        assert client("INCR first") == ":2"
        assert tare("exec", new, "redis-cli", "GET", "first").strip() == "2"
    finally:
        client.close()
        for network in networks:
            network.kill()
            network.communicate()


THREADS = r"""use threads; use threads::shared; use IO::Handle; $| = 1;
my $sent : shared = 0;
pipe(my $from, my $to); $to->autoflush(1);
if (!(my $pid = fork)) {
    close $to;
    my ($next, %seen) = 0;
    while (my $line = <$from>) {
        my ($thread, $number) = split " ", $line;
        die "lost\n" if $number != ++$next;
        $seen{$thread}++;
        open(my $f, ">", "/data/new"); print $f join " ", map { $seen{$_} // 0 } 1 .. 4; close $f;
        rename "/data/new", "/data/threads";
        print "$number\n";
    }
    exit 3;
}
close $from;
$_->join for map { my $n = $_; threads->create(sub {
    while (1) { { lock $sent; $sent++; print $to "$n $sent\n"; } select undef, undef, undef, 0.1 }
}) } 1 .. 4;"""


def test_threads_and_pipes(counter, tare):
    """Four threads of one process write to a pipe that another one reads: all of them go on, and no line is lost
    or told twice, neither those that were in the pipe."""
    def counts():
        return [int(word) for word in (counter.volume / "threads").read_text().split()]

    counter.debian("perl", "-e", THREADS)
    id = counter.run()
    wait_until(lambda: all(counts()))
    counter.checkpoint(id)
    before = counts()
    id = counter.restore()
    wait_until(lambda: all(now > then for now, then in zip(counts(), before)))
    pids = [int(pid) for pid in (cgroup_of(tare.state(id)["pid"]) / "cgroup.procs").read_text().split()]
    assert sorted(len(os.listdir(f"/proc/{pid}/task")) for pid in pids) == [1, 5]


class Session:
    """What is typed and what is said at a container's terminal."""

    def __init__(self, tmp_path, name):
        self.path = tmp_path / name

    def open(self, command):
        with listening_socket(self.path) as server:
            command("--console-socket", self.path)
            _, (self.master,) = receive_fds(server)

    def type(self, text):
        os.write(self.master, text.encode())

    def until(self, word):
        while word not in read_line(self.master):
            pass

    def close(self):
        os.close(self.master)


def test_session_at_a_terminal(counter, tare, tmp_path):
    """A shell with jobs, one of them in the foreground: keys reach who they are for, jobs are the shell's, the terminal
    has its size."""
    bundle = counter.bundle
    counter.debian("bash", "--norc", "--noediting")
    bundle.process["terminal"] = True
    bundle.write()
    before, after = Session(tmp_path, "before"), Session(tmp_path, "after")
    id, new = tare.new_id(), tare.new_id()
    before.open(lambda *more: tare("run", "-d", "--bundle", bundle.path, *more, id))
    resize(before.master, 33, 77)
    before.type("(while :; do sleep 1; done) | cat &\n")
    before.type("sh -c 'echo cat''-is-there; exec cat'\n")
    before.until("cat-is-there")
    before.type("is-read\n")
    before.until("is-read")
    before.until("is-read")
    tare("checkpoint", "--image-path", tmp_path / "image", id, timeout=150)
    before.close()
    after.open(lambda *more: tare("restore", "-d", "--bundle", bundle.path, "--image-path", tmp_path / "image", *more,
                                  new, timeout=150))
    assert size_of(after.master) == (33, 77)
    after.type("still-read\n")
    after.until("still-read")
    after.until("still-read")
    after.type("\x03")
    shell = os.getpgid(tare.state(new)["pid"])
    wait_until(lambda: os.tcgetpgrp(after.master) == shell)
    after.type("jobs\n")
    after.until("Running")
    after.type("kill %1; wait; echo all''-ended; stty size\n")
    after.until("all-ended")
    after.until("33 77")
    pidfd = os.pidfd_open(tare.state(new)["pid"])
    after.type("exit\n")
    wait_until(lambda: tare.status(new) == "stopped")
    os.close(pidfd)
    after.close()
    tare("delete", new)


@pytest.mark.parametrize("kinds", [["network", "ipc", "uts"], ["network", "ipc", "uts", "pid"]])
def test_container_of_a_pod(counter, new_bundle, tare, kinds):
    """A container in the namespaces of another is restored into them, as in a pod of Kubernetes."""
    pause = new_bundle().shell("sleep 1000000 & while :; do wait; done")  # reaps what is orphaned
    pause.config["hostname"] = "the-pod"
    pod = pause.start()
    for kind in kinds:
        name = {"network": "net"}.get(kind, kind)
        counter.bundle.namespace(kind, f"/proc/{pod.pid}/ns/{name}")
    counter.bundle.config.pop("hostname", None)
    id = counter.run()
    old = tare.state(id)["pid"]
    counter.checkpoint(id)
    os.waitpid(old, 0)  # it is ours since its parent ended; unreaped it would keep its number
    id = counter.restore()
    counter.goes_on()
    pid = tare.state(id)["pid"]
    for kind in kinds:
        name = {"network": "net"}.get(kind, kind)
        assert os.readlink(f"/proc/{pid}/ns/{name}") == os.readlink(f"/proc/{pod.pid}/ns/{name}"), kind
    assert tare("exec", id, "hostname").strip() == "the-pod"
    tare("delete", "--force", id)
    os.waitpid(pid, 0)
    assert pod.status == "running"
    pod.remove()


def test_paused(counter, tare):
    """What is paused is dumped as it is, and is paused still, if it stays."""
    id = counter.run()
    wait_until(lambda: os.path.islink(counter.volume / "count"))
    tare("pause", id)
    counter.checkpoint(id, "--leave-running")
    assert tare.status(id) == "paused"
    stopped_at = counter.count()
    tare("resume", id)
    wait_until(lambda: counter.count() > stopped_at)
    tare("delete", "--force", id)
    counter.restore()
    counter.goes_on()


def test_devices(counter, tare):
    """Device nodes of the config are there again, and others are still out of reach."""
    counter.bundle.linux["devices"] = [{"path": path, "type": "c", "major": 1, "minor": minor, "fileMode": 0o600}
                                       for path, minor in (("/dev/kmsg", 11), ("/dev/oldmem", 12))]
    counter.bundle.resources["devices"] = [{"allow": False, "access": "rwm"},
                                           {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "w"}]
    id = counter.run()
    counter.checkpoint(id)
    id = counter.restore()
    assert tare("exec", id, "stat", "-c", "%a %t:%T", "/dev/kmsg").strip() == "600 1:b"
    tare("exec", id, "sh", "-c", ": > /dev/kmsg; echo x > /dev/null")
    refused = tare.try_("exec", id, "sh", "-c", ": < /dev/oldmem")
    assert refused.status != 0 and "not permitted" in refused.err


def test_what_is_kept(counter, tare):
    """Files in memory, names, limits and clocks that a program has found once are what it finds again."""
    counter.bundle.namespace("time")
    counter.bundle.linux["timeOffsets"] = {"monotonic": {"secs": 9000000}, "boottime": {"secs": 9000000}}
    counter.bundle.config["hostname"] = "the-same"
    counter.bundle.process.update(oomScoreAdj=77, rlimits=[{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 111}])
    counter.bundle.mount("/memory", options=["size=1m"])
    counter.bundle.shell("echo mine > /memory/x; echo shared > /dev/shm/y; umask 027; cd /memory; " + COUNT)
    id = counter.run()
    counter.checkpoint(id)
    id = counter.restore()
    pid = tare.state(id)["pid"]
    seen = tare("exec", id, "sh", "-c", "cat /memory/x /dev/shm/y; hostname; cut -d. -f1 /proc/uptime").split()
    assert seen[:3] == ["mine", "shared", "the-same"] and int(seen[3]) > 9000000
    assert "size=1024k" in pathlib.Path(f"/proc/{pid}/mountinfo").read_text()
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert ["99", "111"] in [row.split()[3:5] for row in limits.splitlines() if row.startswith("Max open files")]
    assert pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text() == "77\n"
    assert status_fields(pathlib.Path(f"/proc/{pid}/status").read_text())["Umask"] == "0027"
    assert os.readlink(f"/proc/{pid}/cwd") == "/memory"


def test_progress(counter, tare, at_terminal):
    """At a terminal people see what is being done, how large it is and how long it took; nobody else does."""
    counter.bundle.shell("x=$(head -c 8000000 /dev/zero | tr '\\0' x); " + COUNT)
    id = counter.run()
    done = tare.try_("checkpoint", "--leave-running", "--image-path", counter.image, id, timeout=150)
    assert (done.status, done.out, done.err) == (0, "", "")
    shutil.rmtree(counter.image)
    user = at_terminal("checkpoint", "--image-path", counter.image, id)
    lines = "\n".join(user.lines_until("frozen"))
    assert user.process.wait() == 0
    assert id in lines and str(counter.image) in lines and " MiB" in lines
    id = tare.new_id()
    user = at_terminal("restore", "-d", "--image-path", counter.image, "--bundle", counter.bundle.path, id)
    lines = "\n".join(user.lines_until("restored"))
    assert user.process.wait() == 0
    assert id in lines and " MiB" in lines


class BelowSystemd(Tare):
    def command(self, *args):
        return super().command("--systemd-cgroup", *args)


@pytest.mark.skipif(not UNDER_SYSTEMD, reason="systemd is not process 1 here")
def test_below_systemd(counter, tare):
    """Restored into a scope of its own with the limits of the config, when that of its former life is gone: systemd
    knows it, keeps it through a reload, and forgets it with the container."""
    def show(id, name):
        return subprocess.run(["systemctl", "show", "--value", f"--property={name}", f"tare-{id}.scope"], check=True,
                              text=True, stdout=subprocess.PIPE).stdout.strip()

    below = BelowSystemd(tare.program, tare.directory, tare.prefix)
    counter.tare = counter.bundle.tare = below
    counter.bundle.resources.update(pids={"limit": 50}, memory={"limit": 256 << 20})
    id = counter.run()
    counter.checkpoint(id)
    assert show(id, "ActiveState") == "inactive" and not leaks.cgroups(f"tare-{id}.scope")
    id = counter.restore()
    counter.goes_on()
    place = cgroup_of(below.state(id)["pid"])
    assert (show(id, "ActiveState"), place.name) == ("active", f"tare-{id}.scope")
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert [(place / name).read_text().strip() for name in ("pids.max", "memory.max")] == ["50", str(256 << 20)]
    assert below("exec", id, "cat", "/proc/self/cgroup").strip() == "0::/"
    below("pause", id)
    assert below.status(id) == "paused"
    below("resume", id)
    counter.goes_on()
    below("delete", "--force", id)
    assert show(id, "ActiveState") == "inactive" and not place.exists()
