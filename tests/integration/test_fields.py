# SPDX-License-Identifier: Apache-2.0
"""Fields of process and linux that few configs have, each seen by the program it is for. Those that need no
privilege are tested again as an unprivileged user, in test_fields_rootless.py."""
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess

import pytest
from attacking import map_users
from house import CONTROLLERS, status_fields
from test_rootless import ALL_CAPABILITIES

CPUS = sorted(os.sched_getaffinity(0))
LIBC = ctypes.CDLL(None, use_errno=True)
SCHED_SETATTR, SCHED_GETATTR, SCHED_DEADLINE, RESET_ON_FORK = 314, 315, 6, 1


@pytest.fixture(params=["root", "user namespace"])
def mapped(request, bundle):
    """The bundle with and without a user namespace of its own."""
    if request.param == "user namespace":
        map_users(bundle)
    return bundle


# process.scheduler

def own_schedule(bundle):
    """(policy, nice, priority) as the program finds them."""
    bundle.process["args"] = ["/bin/busybox", "cat", "/proc/self/stat"]
    fields = bundle.run().rpartition(")")[2].split()
    return int(fields[38]), int(fields[16]), int(fields[37])


def attributes(pid):
    """struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period."""
    buffer = ctypes.create_string_buffer(48)
    assert LIBC.syscall(SCHED_GETATTR, pid, buffer, len(buffer), 0) == 0
    return struct.unpack("<IIQiIQQQ", buffer.raw[:48])


def permits(policy, priority=0, *times):
    """Whether the kernel lets even root have it here: its groups may have no realtime."""
    attr = struct.pack("<IIQiIQQQ", 48, policy, 0, 0, priority, *(times or (0, 0, 0)))
    pid = os.fork()
    if pid == 0:
        os._exit(LIBC.syscall(SCHED_SETATTR, 0, attr, 0) != 0)
    return os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize("scheduler, expected", [
    ({"policy": "SCHED_OTHER", "nice": 7}, (0, 7, 0)),
    ({"policy": "SCHED_BATCH", "nice": 3}, (3, 3, 0)),
    ({"policy": "SCHED_IDLE"}, (5, 0, 0))])
def test_scheduler(bundle, scheduler, expected):
    """A batch job that is not held back slows the services beside it."""
    bundle.process["scheduler"] = scheduler
    assert own_schedule(bundle) == expected


@pytest.mark.parametrize("scheduler, expected", [
    ({"policy": "SCHED_OTHER", "nice": -5}, (0, -5, 0)),
    ({"policy": "SCHED_FIFO", "priority": 10}, (1, 0, 10)),
    ({"policy": "SCHED_RR", "priority": 99}, (2, 0, 99))])
def test_privileged_scheduler(mapped, scheduler, expected):
    """Audio and robots: who misses a deadline is of no use. In a user namespace root may not, but who made it may."""
    if not permits(expected[0], expected[2]):
        pytest.skip("the kernel permits no realtime here")
    mapped.process["scheduler"] = scheduler
    assert own_schedule(mapped) == expected


def test_deadline_scheduler(mapped):
    """The one policy with times: a budget in every period."""
    times = 2000000, 8000000, 10000000
    if not permits(SCHED_DEADLINE, 0, *times):
        pytest.skip("the kernel permits no deadlines here")
    mapped.process["scheduler"] = {"policy": "SCHED_DEADLINE", "runtime": times[0], "deadline": times[1],
                                   "period": times[2], "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
    mapped.process["args"] = ["/bin/busybox", "sleep", "1000000"]
    container = mapped.start()
    found = attributes(container.pid)
    container.remove()
    assert found[1:] == (SCHED_DEADLINE, RESET_ON_FORK, 0, 0, *times)


def test_deadline_and_hooks(bundle):
    """A process with a deadline cannot start a hook: said ahead of time, and with the flag that helps it does."""
    if not permits(SCHED_DEADLINE, 0, 2000000, 8000000, 10000000):
        pytest.skip("the kernel permits no deadlines here")
    scheduler = bundle.process["scheduler"] = {"policy": "SCHED_DEADLINE", "runtime": 2000000, "deadline": 8000000,
                                               "period": 10000000}
    bundle.config["hooks"] = {"startContainer": [{"path": "/bin/true"}]}
    bundle.process["args"] = ["/bin/busybox", "echo", "runs"]
    message = bundle.create_fails()
    assert "/process/scheduler/flags" in message and "startContainer" in message
    scheduler["flags"] = ["SCHED_FLAG_RESET_ON_FORK"]
    assert bundle.run() == "runs\n"


def test_scheduler_of_exec(sleeper, tmp_path):
    """A helper that enters a container may have a schedule of its own."""
    process = {"args": ["cat", "/proc/self/stat"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
               "scheduler": {"policy": "SCHED_BATCH", "nice": 9}}
    (tmp_path / "process.json").write_text(json.dumps(process))
    fields = sleeper.tare("exec", "--process", tmp_path / "process.json", sleeper.id).rpartition(")")[2].split()
    assert (int(fields[38]), int(fields[16])) == (3, 9)


def test_privileges_of_exec(mapped, tmp_path):
    """Who enters a user namespace has the host's rights to a schedule and to input and output too."""
    container = mapped.shell("exec sleep 1000000").start()
    process = {"args": ["sh", "-c", "cat /proc/self/stat; ionice"], "cwd": "/", "env": ["PATH=/bin"],
               "user": {"uid": 0, "gid": 0}, "scheduler": {"policy": "SCHED_OTHER", "nice": -5},
               "ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 1}}
    (tmp_path / "process.json").write_text(json.dumps(process))
    rows = container.tare("exec", "--process", tmp_path / "process.json", container.id).splitlines()
    container.remove()
    assert rows[0].rpartition(")")[2].split()[16] == "-5" and rows[1] == "realtime: prio 1"


# process.ioPriority

def own_io_priority(bundle):
    bundle.process["args"] = ["/bin/busybox", "ionice"]
    return bundle.run().strip()


@pytest.mark.parametrize("wanted, shown", [
    ({"class": "IOPRIO_CLASS_BE", "priority": 6}, "best-effort: prio 6"),
    ({"class": "IOPRIO_CLASS_IDLE"}, "idle")])
def test_io_priority(bundle, wanted, shown):
    """Backups must not stall the database."""
    bundle.process["ioPriority"] = wanted
    assert own_io_priority(bundle).startswith(shown)


def test_realtime_io_priority(mapped):
    """The class that takes privileges, also where root inside has none."""
    mapped.process["ioPriority"] = {"class": "IOPRIO_CLASS_RT", "priority": 2}
    assert own_io_priority(mapped) == "realtime: prio 2"


# process.execCPUAffinity

def allowed(container, affinity, tmp_path):
    process = {"args": ["cat", "/proc/self/status"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
               "execCPUAffinity": affinity}
    path = tmp_path / "process.json"
    path.write_text(json.dumps(process))
    return status_fields(container.tare("exec", "--process", path, container.id))["Cpus_allowed_list"]


@pytest.mark.skipif(len(CPUS) < 2, reason="needs two processors")
def test_cpu_affinity_of_exec(sleeper, tmp_path):
    """Probes that run on the isolated processors of a latency-critical container spoil its measurements."""
    first, last = map(str, (CPUS[0], CPUS[-1]))
    assert allowed(sleeper, {"initial": first, "final": last}, tmp_path) == last
    assert allowed(sleeper, {"final": first}, tmp_path) == first
    assert allowed(sleeper, {"final": f"{last},5000"}, tmp_path) == last  # a mask of more than 1024 bits
    # Without a final one the kernel decides: where there are cpusets, the cgroup's may be taken instead.
    own = sleeper.exec("grep", "Cpus_allowed_list", "/proc/1/status").split()[1]
    assert allowed(sleeper, {"initial": first}, tmp_path) in ([first, own] if "cpuset" in CONTROLLERS else [first])
    assert allowed(sleeper, {}, tmp_path) == own


@pytest.mark.skipif(len(CPUS) < 2, reason="needs two processors")
def test_cpu_affinity_of_the_config(bundle):
    """It is meant for every exec, and not for the container's own process."""
    bundle.process["execCPUAffinity"] = {"final": str(CPUS[-1])}
    container = bundle.shell("exec sleep 1000000").start()
    entered = container.exec("grep", "Cpus_allowed_list", "/proc/self/status").split()[1]
    own = container.exec("grep", "Cpus_allowed_list", "/proc/1/status").split()[1]
    container.remove()
    assert entered == str(CPUS[-1]) and own != entered


@pytest.mark.parametrize("field", ["initial", "final"])
def test_processors_that_do_not_exist(sleeper, tmp_path, field):
    """The field is named: a probe that fails with "Invalid argument" is looked for everywhere else."""
    process = {"args": ["true"], "cwd": "/", "execCPUAffinity": {field: "5000"}, "user": {"uid": 0, "gid": 0}}
    (tmp_path / "process.json").write_text(json.dumps(process))
    message = sleeper.tare.fails("exec", "--process", tmp_path / "process.json", sleeper.id)
    assert f"execCPUAffinity/{field}" in message


# linux.memoryPolicy

@pytest.mark.parametrize("policy, shown", [
    ({"mode": "MPOL_BIND", "nodes": "0"}, "bind:0"),
    ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "bind=static:0"),
    ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]}, "bind=relative:0"),
    ({"mode": "MPOL_INTERLEAVE", "nodes": "0"}, "interleave:0"),
    ({"mode": "MPOL_PREFERRED", "nodes": "0"}, "prefer:0"),
    ({"mode": "MPOL_PREFERRED", "nodes": ""}, "local"),
    ({"mode": "MPOL_PREFERRED_MANY", "nodes": "0"}, "prefer (many):0"),
    ({"mode": "MPOL_LOCAL"}, "local"),
    ({"mode": "MPOL_DEFAULT"}, "default")])
def test_memory_policy(bundle, policy, shown):
    """Memory on the far node halves the speed of a database."""
    if not os.path.exists("/proc/self/numa_maps"):
        pytest.skip("the kernel has no NUMA")
    bundle.linux["memoryPolicy"] = policy
    out = bundle.run("exec cat /proc/self/numa_maps")
    assert f" {shown} " in out.splitlines()[0]


def test_memory_policy_that_the_kernel_refuses(bundle):
    """Nodes that the machine lacks are named with their field."""
    if not os.path.exists("/proc/self/numa_maps"):
        pytest.skip("the kernel has no NUMA")
    bundle.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "63"}
    message = bundle.create_fails()
    assert "/linux/memoryPolicy" in message and "set_mempolicy" in message


# linux.personality, linux.timeOffsets

@pytest.mark.parametrize("domain, machine", [("LINUX32", "i686"), ("LINUX", os.uname().machine)])
def test_personality(bundle, domain, machine):
    """32-bit builds ask uname what they are built for."""
    if os.uname().machine != "x86_64":
        pytest.skip("the name is of x86_64")
    bundle.linux["personality"] = {"domain": domain}
    assert bundle.run("uname -m") == machine + "\n"
    container = bundle.shell("exec sleep 1000000").start()
    assert container.exec("uname", "-m") == machine + "\n"
    container.remove()


def test_clocks(mapped):
    """A program that was moved here must not see its clocks go back; who enters sees the same clocks."""
    if not os.path.exists("/proc/self/timens_offsets"):
        pytest.skip("the kernel has no time namespaces")
    mapped.namespace("time")
    mapped.linux["timeOffsets"] = {"boottime": {"secs": 5000000, "nanosecs": 5}, "monotonic": {"secs": 70}}
    container = mapped.shell("exec sleep 1000000").start()
    entered = float(container.exec("cat", "/proc/uptime").split()[0])
    container.remove()
    assert float(mapped.run("cat /proc/uptime").split()[0]) > 5000000 and entered > 5000000


# linux.netDevices

@pytest.fixture
def network(tare, tmp_path):
    """A network namespace in the host's place, in which tare runs: its path."""
    path = tmp_path / "host-network"
    path.touch()
    subprocess.run(["unshare", "--net", "mount", "--bind", "/proc/self/ns/net", path], check=True)
    plain = tare.command
    tare.command = lambda *args: ["nsenter", f"--net={path}", *plain(*args)]
    yield path
    subprocess.run(["umount", path], check=True)


def there(network, command):
    return subprocess.run(["nsenter", f"--net={network}", "sh", "-ec", command], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def devices(network):
    return set(os.popen(f"nsenter --net={network} ls /sys/class/net 2>/dev/null; "
                        f"nsenter --net={network} cat /proc/net/dev").read().replace(":", " ").split())


MAKE = """ip link add outer type veth peer name other
ip link set outer address 02:00:00:00:00:07 mtu 1400
ip link set other up
ip address add 192.0.2.7/24 broadcast 192.0.2.255 dev outer
ip address add 198.51.100.1/32 dev outer
ip -6 address add 2001:db8::7/64 dev outer nodad
ip link set outer up"""


def test_network_device(mapped, network):
    """A network card handed to a container must arrive as it was: address, MTU, hardware address, up, renamed."""
    there(network, MAKE)
    mapped.linux["netDevices"] = {"outer": {"name": "inner"}}
    out = mapped.run("ip address show inner; cat /sys/class/net/inner/flags")
    for wanted in ("192.0.2.7/24 brd 192.0.2.255 scope global inner", "198.51.100.1/32", "2001:db8::7/64",
                   "mtu 1400", "02:00:00:00:00:07"):
        assert wanted in out, out
    assert int(out.split()[-1], 16) & 1
    assert "outer" not in there(network, "ip link")


def test_network_device_keeps_its_name(bundle, network):
    """Without a name it has the host's."""
    there(network, MAKE)
    bundle.linux["netDevices"] = {"outer": {}}
    assert "outer" in bundle.run("cat /proc/net/dev")


def test_network_device_by_template(bundle, network):
    """"%d" is a number of the kernel's choice."""
    there(network, MAKE)
    bundle.linux["netDevices"] = {"outer": {"name": "eth%d"}, "other": {"name": "eth%d"}}
    out = bundle.run("cat /proc/net/dev")
    assert "eth0:" in out and "eth1:" in out


@pytest.mark.parametrize("key, value, said", [
    ("nothere", {}, "No such device"), ("outer", {"name": "lo"}, "lo")])
def test_network_device_that_cannot_move(bundle, network, key, value, said):
    """The device is named, and stays where it was."""
    there(network, MAKE)
    bundle.linux["netDevices"] = {key: value}
    message = bundle.create_fails()
    assert f"/linux/netDevices/{key}" in message and said in message
    assert "192.0.2.7/24" in there(network, "ip address show outer")


def test_network_device_joins_a_pod(bundle, new_bundle, network):
    """A namespace that another container made is as good as a new one."""
    first = bundle.shell("exec sleep 1000000").start()
    there(network, MAKE)
    second = new_bundle()
    second.namespace("network", f"/proc/{first.pid}/ns/net")
    second.linux["netDevices"] = {"outer": {"name": "pod"}}
    assert "192.0.2.7" in second.run("ip address show pod")
    assert "pod" in first.exec("cat", "/proc/net/dev")
    first.remove()


def test_network_device_without_a_network_namespace(bundle):
    """There is nowhere to move it to: said before anything is made."""
    bundle.without_namespace("network")
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["type"] != "sysfs"]
    bundle.linux["netDevices"] = {"lo": {"name": "x"}}
    assert "netDevices" in bundle.create_fails()


# linux.sysctl

@pytest.mark.parametrize("name", ["net/ipv4/conf/lan.100/forwarding", "net.ipv4.conf.lan/100.forwarding"])
def test_dots_in_the_name_of_a_device(bundle, network, name):
    """VLANs have dots in their names: the first separator says which one it is, as in sysctl(8)."""
    there(network, "ip link add lan.100 type veth peer name other && echo 0 >/proc/sys/net/ipv4/conf/lan.100/forwarding")
    bundle.namespace("network", network)
    bundle.linux["sysctl"] = {name: "1"}
    assert bundle.run("cat /proc/sys/net/ipv4/conf/lan.100/forwarding") == "1\n"


# linux.intelRdt

def test_cache_allocation_where_there_is_none(bundle):
    """Silently without its share of the cache, a latency-critical service misses its goals."""
    if os.path.exists("/sys/fs/resctrl/schemata"):
        pytest.skip("this machine has resctrl")
    bundle.linux["intelRdt"] = {"closID": "guaranteed", "schemata": ["L3:0=ff"], "enableMonitoring": True}
    message = bundle.create_fails()
    assert "/linux/intelRdt" in message and "mount -t resctrl" in message


INFO = {"last_cmd_status": "ok", "L3/cbm_mask": "fff", "L3/min_cbm_bits": "2", "L3/num_closids": "16",
        "MB/bandwidth_gran": "10", "MB/delay_linear": "1", "MB/min_bandwidth": "10", "MB/num_closids": "8",
        "L3_MON/mon_features": "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes"}


@pytest.fixture
def resctrl(tare, tmp_path):
    """A directory in the place of /sys/fs/resctrl, for a tare that loads libraries."""
    if b"ld-linux" not in pathlib.Path(tare.program).read_bytes()[:4096]:
        pytest.skip("a static program loads nothing ahead of it")
    root = tmp_path / "resctrl"
    (root / "mon_groups").mkdir(parents=True)
    (root / "there/mon_groups").mkdir(parents=True)
    for name, value in INFO.items():
        (root / "info" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "info" / name).write_text(value + "\n")
    for path in (root, root / "there"):
        (path / "tasks").touch()
        (path / "schemata").write_text("    L3:0=0ff;1=f00\n    MB:0= 20;1=100\n")
    library = tmp_path / "fake_resctrl.so"
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-Wall", "-Wextra", "-o", library,
                    pathlib.Path(__file__).with_name("fake_resctrl.c"), "-ldl"], check=True)
    plain = tare.command
    tare.command = lambda *args: ["env", f"LD_PRELOAD={library}", f"FAKE_RESCTRL={root}", *plain(*args)]
    return root


def text(*parts):
    return pathlib.Path(*parts).read_text().split()


@pytest.mark.parametrize("rdt, group, kept", [
    ({"schemata": ["L3:0=f"], "l3CacheSchema": "L3:0=3", "memBwSchema": "MB:0=20"}, None, False),
    ({"closID": "new", "l3CacheSchema": "L3:0=f"}, "new", True),
    ({"closID": "there"}, "there", True),
    ({"closID": "there", "schemata": ["L3:0=ff", "MB:1=100"]}, "there", True),
    ({"closID": "/"}, ".", True)])
@pytest.mark.parametrize("monitored", [False, True])
def test_cache_allocation(mapped, resctrl, rdt, group, kept, monitored):
    """A class of its own, one shared by name, the root class, and each watched: made, joined and, where it is the
    container's own, removed with it."""
    mapped.linux["intelRdt"] = {**rdt, "enableMonitoring": monitored}
    container = mapped.shell("exec sleep 1000000").start()
    directory = resctrl / (group or container.id)
    watch = directory / "mon_groups" / container.id
    assert text(directory / "tasks") == [str(container.pid)]
    assert watch.exists() == monitored and (not monitored or text(watch / "tasks") == [str(container.pid)])
    if not kept:  # each line was written over the one before: "schemata" comes last
        assert lines(directory / "schemata") == ["L3:0=f", "MB:0=20"]
    container.remove()
    assert directory.exists() == kept and not watch.exists()


@pytest.mark.parametrize("rdt, said", [
    ({"closID": "absent"}, "does not exist"),
    ({"closID": "there", "l3CacheSchema": "L3:0=1"}, "exists with other schemata")])
def test_cache_allocation_that_differs(bundle, resctrl, rdt, said):
    """A container must not end up in a class with other limits than it asked for."""
    bundle.linux["intelRdt"] = rdt
    message = bundle.create_fails()
    assert "/linux/intelRdt" in message and said in message
    assert text(resctrl / "there/tasks") == [] and not (resctrl / "absent").exists()


def test_failed_container_leaves_no_class(bundle, resctrl):
    """Classes are few: one that is left behind is lost until the machine starts anew."""
    bundle.linux["intelRdt"] = {"schemata": ["L3:0=f"], "enableMonitoring": True}
    bundle.process["args"] = ["/not/there"]
    bundle.create_fails()
    assert {path.name for path in resctrl.iterdir()} == {"info", "mon_groups", "schemata", "tasks", "there"}


def lines(path):
    return sorted(line.strip() for line in path.read_text().splitlines())


@contextlib.contextmanager
def executed(container, pid_file):
    """A detached exec's process id, as text. It is a child of the test's, who reaps it."""
    container.tare("exec", "--detach", "--pid-file", pid_file, container.id, "sleep", "1000000")
    pid = pid_file.read_text()
    yield pid
    os.kill(int(pid), signal.SIGKILL)
    os.waitpid(int(pid), 0)


def test_exec_joins_the_class(bundle, resctrl):
    """A backup that is run in a container must not flush the cache that others were promised."""
    bundle.linux["intelRdt"] = {"closID": "there", "enableMonitoring": True}
    container = bundle.shell("exec sleep 1000000").start()
    watch = resctrl / "there/mon_groups" / container.id / "tasks"
    with executed(container, bundle.path / "pid") as pid:
        assert text(resctrl / "there/tasks") == [pid] == text(watch)
    shutil.rmtree(resctrl)  # what is unmounted meanwhile is no reason to keep everybody out
    assert container.tare.try_("exec", container.id, "echo", "entered").out == "entered\n"
    container.remove()


def test_update_of_the_class(bundle, resctrl):
    """A neighbour that needs more cache gets it while this container runs; what is not named stays."""
    bundle.linux["intelRdt"] = {"closID": "there"}
    container = bundle.shell("exec sleep 1000000").start()
    container.tare("update", "--l3-cache-schema", "L3:0=00f;1=f00", container.id)
    assert lines(resctrl / "there/schemata") == ["L3:0=00f;1=f00", "MB:0= 20;1=100"]
    container.tare("update", "--mem-bw-schema=MB:0=30;1=40", "--l3-cache-schema=L3:0=1;1=2", container.id)
    assert lines(resctrl / "there/schemata") == ["L3:0=1;1=2", "MB:0=30;1=40"]
    container.remove()
    assert (resctrl / "there").exists()


def test_update_makes_a_class(bundle, resctrl):
    """Who had no class gets one with all processes, exec's too, and leaves none behind."""
    container = bundle.shell("sleep 1000000 & exec sleep 1000000").start()
    container.tare("update", "--l3-cache-schema", "L3:0=f", container.id)
    own = resctrl / container.id
    assert lines(own / "schemata") == ["L3:0=f"] and text(own / "tasks")
    with executed(container, bundle.path / "pid") as pid:
        assert text(own / "tasks") == [pid]
    assert json.loads(container.tare("events", "--stats", container.id))["data"]["intel_rdt"]["l3_cache_schema"] == "L3:0=f"
    container.remove()
    assert not own.exists()


@pytest.mark.parametrize("options, words", [
    (["--l3-cache-schema=L3:0=0"], ["mask 0 is not possible", "schemata"]),
    (["--l3-cache-schema=L3:0=1", "--mem-bw-schema=MB:0=0"], ["MB:0=0"]),
    (["--l3-cache-schema=MB:0=1"], ["--l3-cache-schema", "L3"]),
    (["--l3-cache-schema=L3:0=1", "--pids-limit=many"], ["--pids-limit"]),
    (["--l3-cache-schema=L3:0=1", "--cpu-rt-runtime=5"], ["realtimeRuntime"])])
@pytest.mark.parametrize("closid", ["there", None])
def test_update_of_the_class_fails(bundle, resctrl, options, words, closid):
    """Half an update leaves a class with limits that nobody asked for, or one class less for others."""
    if closid:
        bundle.linux["intelRdt"] = {"closID": closid}
    container = bundle.shell("exec sleep 1000000").start()
    message = container.tare.fails("update", *options, container.id)
    assert all(word in message for word in words), message
    assert lines(resctrl / "there/schemata") == ["L3:0=0ff;1=f00", "MB:0= 20;1=100"]
    assert not (resctrl / container.id).exists()
    container.remove()


def test_update_of_a_class_that_is_not_its_own(bundle, resctrl):
    """A directory that happens to have the container's name is somebody else's."""
    container = bundle.shell("exec sleep 1000000").start()
    (resctrl / container.id).mkdir()
    assert "exists" in container.tare.fails("update", "--l3-cache-schema", "L3:0=f", container.id)
    container.remove()
    assert (resctrl / container.id).exists()


@pytest.mark.parametrize("monitored", [False, True])
def test_figures_of_the_class(bundle, resctrl, monitored):
    """A dashboard shows who fills the cache; members are named as runc names them."""
    bundle.linux["intelRdt"] = {"closID": "there", "enableMonitoring": monitored}
    container = bundle.shell("exec sleep 1000000").start()
    group = resctrl / "there/mon_groups" / container.id if monitored else resctrl / "there"
    for i, cache in enumerate(("mon_L3_01", "mon_L3_00")):
        (group / "mon_data" / cache).mkdir(parents=True)
        for k, name in enumerate(("mbm_total_bytes", "mbm_local_bytes", "llc_occupancy")):
            (group / "mon_data" / cache / name).write_text(f"{10 * i + k}\n" if (i, k) != (0, 1) else "Unavailable\n")
    found = json.loads(container.tare("events", "--stats", container.id))["data"]["intel_rdt"]
    schemata = {"l3_cache_schema": "L3:0=0ff;1=f00", "mem_bw_schema": "MB:0= 20;1=100"}
    assert found == {
        "l3_cache_info": {"cbm_mask": "fff", "min_cbm_bits": 2, "num_closids": 16},
        "mem_bw_info": {"bandwidth_gran": 10, "delay_linear": 1, "min_bandwidth": 10, "num_closids": 8},
        **schemata, **{f"{name}_root": line for name, line in schemata.items()},
        "mbm_stats": [{"mbm_total_bytes": 10, "mbm_local_bytes": 11}, {"mbm_total_bytes": 0, "mbm_local_bytes": 0}],
        "cmt_stats": [{"llc_occupancy": 12}, {"llc_occupancy": 2}]}
    container.remove()


# The session keyring

def session_keys(text):
    return {line.split()[0] for line in text.splitlines() if " keyring " in line and "_ses" in line}


def test_session_keyring(mapped):
    """A key of the caller's session, Kerberos or fscrypt, must not be there for the container to read, nor one of the
    container for who enters it."""
    mapped.linux["maskedPaths"] = []
    callers = session_keys(pathlib.Path("/proc/keys").read_text())
    own = session_keys(mapped.run("cat /proc/keys"))
    assert own - callers
    container = mapped.shell("exec sleep 1000000").start()
    entered = session_keys(container.exec("cat", "/proc/keys"))
    container.remove()
    assert entered - own - callers


def test_session_keyring_of_the_caller(bundle):
    """--no-new-keyring: mounts that live by the session's keys."""
    bundle.linux["maskedPaths"] = []
    # It sees what it possesses, and nothing of other containers: nobody else has this user.
    bundle.process["user"] = {"uid": 700000 + os.getpid() % 100000, "gid": 0}
    before = session_keys(pathlib.Path("/proc/keys").read_text())
    assert session_keys(bundle.run("cat /proc/keys")) - before
    assert session_keys(bundle.run("cat /proc/keys", "--no-new-keyring")) <= before


# Nested

NESTED = """set -e
tare() {{ /program --root /run/tare "$@"; }}
tare run --bundle /inner one
tare run --detach --bundle /inner/second two
tare exec two sh -c 'echo entered $$; hostname; cat /proc/self/oom_score_adj'
tare state two | grep -o running
tare kill two KILL
tare delete --force two
tare list --quiet
echo done
"""


def test_nested_as_root(bundle, new_bundle):
    """Docker in Docker, CI runners, kind: a privileged container makes containers of its own."""
    inner = new_bundle()
    inner.config["annotations"] = {}
    inner.process["oomScoreAdj"] = 77
    inner.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 4}
    inner.linux["sysctl"] = {"kernel.msgmax": "9001"}
    inner.shell("cat /proc/sys/kernel/msgmax; awk '{print $41, $19}' /proc/self/stat; ls /dev | wc -l").write()
    first = inner.config
    second = new_bundle()
    second.shell("exec sleep 1000000").process["oomScoreAdj"] = 77
    second.config["root"]["path"] = "/inner/rootfs"
    (inner.path / "second").mkdir()
    (inner.path / "second/config.json").write_text(json.dumps(second.config))
    for kind in ("bounding", "effective", "permitted"):
        bundle.process["capabilities"][kind] = ALL_CAPABILITIES
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    bundle.resources["devices"] = [{"allow": True, "access": "rwm"}]
    bundle.namespace("cgroup")
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "rw"])
    bundle.mount("/run")
    bundle.mount("/inner", "bind", inner.path, ["rbind"])
    bundle.mount("/program", "bind", bundle.tare.program, ["bind", "ro"])
    for path in ("/lib", "/lib64", "/usr/lib"):
        if os.path.isdir(path):
            bundle.mount(path, "bind", path, ["rbind", "ro"])
    outcome = bundle.try_run(NESTED.format())
    words = outcome.out.split()
    assert words[:3] == ["9001", "3", "4"] and words[-1] == "done" and "running" in words, outcome
    assert words[words.index("entered") + 2:][:2] == [first["hostname"], "77"], outcome
