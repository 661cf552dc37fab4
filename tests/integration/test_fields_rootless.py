# SPDX-License-Identifier: Apache-2.0
"""The fields of test_fields.py and test_process.py that take no privilege, for a container of an unprivileged user,
and what becomes of those that do."""
import json
import os
import subprocess

import pytest
from test_filesystem import (test_bind_file_and_directory, test_default_links, test_masked_paths,  # noqa: F401
                             test_mounts_inside_do_not_reach_the_host, test_mqueue_and_shm_are_private,
                             test_no_descriptor_of_the_host_is_inside, test_readonly_paths, test_readonly_root,
                             test_recursive_readonly, test_root_is_the_rootfs_alone, test_runtime_is_out_of_reach,
                             test_unknown_option_is_named)
from test_hooks import test_environment_is_the_hooks_own, test_order, test_state_on_standard_input  # noqa: F401
from test_mount_options import (test_copy_symlink, test_nosymfollow, test_plain_attributes_are_for_the_top_alone,  # noqa: F401
                                test_src_nofollow, volume)
from test_seccomp import test_arguments, test_errno, test_exec_gets_the_filter_too  # noqa: F401
from test_fields import (CPUS, allowed, own_io_priority, own_schedule, test_cpu_affinity_of_exec,  # noqa: F401
                         test_cpu_affinity_of_the_config, test_io_priority, test_memory_policy, test_personality,
                         test_processors_that_do_not_exist, test_scheduler, test_scheduler_of_exec)
from test_process import (NONE, status, test_arguments_are_passed_unchanged, test_cwd,  # noqa: F401
                          test_environment_is_exactly_the_configs, test_hostname_and_domainname,
                          test_no_capabilities, test_no_new_privileges, test_process_one,
                          test_program_is_found_in_the_containers_path, test_signals_are_at_their_defaults,
                          test_umask)
from test_rootless import accounts, bundle, new_bundle, own, sub_bundle, user  # noqa: F401


@pytest.fixture
def tare(user):  # noqa: F811
    return user


@pytest.fixture
def tmp_path(user):  # noqa: F811
    """A place that the user can read."""
    path = user.directory / "tmp"
    path.mkdir()
    return path


@pytest.fixture
def log(bundle, tmp_path):  # noqa: F811
    """A file that all hooks can write to, inside and outside under the same path."""
    directory = tmp_path / "log"
    directory.mkdir()
    own(directory)
    bundle.mount(str(directory), "bind", directory, ["bind"])
    bundle.config["root"]["readonly"] = False
    return directory / "file"


@pytest.fixture
def sleeper(bundle):  # noqa: F811
    container = bundle.shell("exec sleep 1000000").start()
    yield container
    container.remove()


def test_lower_limits(bundle):  # noqa: F811
    """What a user may lower, a config may lower."""
    bundle.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
    bundle.process["oomScoreAdj"] = 900
    out = bundle.run("ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj")
    assert out.split() == ["100", "200", "900"]


REFUSED = [({"scheduler": {"policy": "SCHED_FIFO", "priority": 10}}, "/process/scheduler", "CAP_SYS_NICE"),
           ({"scheduler": {"policy": "SCHED_OTHER", "nice": -5}}, "/process/scheduler", "CAP_SYS_NICE"),
           ({"ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 1}}, "/process/ioPriority", "CAP_SYS_NICE"),
           ({"oomScoreAdj": -900}, "/process/oomScoreAdj", "CAP_SYS_RESOURCE"),
           ({"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 2 ** 40, "hard": 2 ** 40}]}, "/process/rlimits/0",
            "Operation not permitted")]


@pytest.mark.parametrize("fields, pointer, said", REFUSED)
def test_what_a_user_may_not(bundle, fields, pointer, said):  # noqa: F811
    """It is refused with the field and the privilege it takes, not passed over in silence."""
    bundle.process.update(fields)
    message = bundle.create_fails()
    assert pointer in message and said in message


def test_network_device_of_the_host(bundle):  # noqa: F811
    """A user has no right to the machine's network cards."""
    bundle.namespace("network")
    bundle.linux["netDevices"] = {"lo": {"name": "x"}}
    message = bundle.create_fails()
    assert "/linux/netDevices/lo" in message and "CAP_NET_ADMIN over the host" in message


def test_clocks(bundle):  # noqa: F811
    """Time namespaces are open to users with a user namespace."""
    if not os.path.exists("/proc/self/timens_offsets"):
        pytest.skip("the kernel has no time namespaces")
    bundle.namespace("time")
    bundle.linux["timeOffsets"] = {"boottime": {"secs": 5000000}}
    assert float(bundle.run("cat /proc/uptime").split()[0]) > 5000000


def test_sysctl(bundle):  # noqa: F811
    """Parameters of namespaces that the user's container has are the user's to set."""
    bundle.namespace("network")
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000", "user.max_mnt_namespaces": "77",
                              "kernel.domainname": "example.org"}
    names = "net/ipv4/ip_forward kernel/msgmax user/max_mnt_namespaces kernel/domainname"
    assert bundle.run(f"cd /proc/sys; cat {names}").split() == ["1", "9000", "77", "example.org"]


def test_masked_and_readonly_paths(bundle):  # noqa: F811
    """They hide the host's settings from users' containers as well."""
    (bundle.rootfs / "etc/secret").write_text("x")
    (bundle.rootfs / "etc/fixed").write_text("x")
    own(bundle.rootfs)
    bundle.linux["maskedPaths"] = ["/etc/secret", "/proc/kcore"]
    bundle.linux["readonlyPaths"] = ["/etc/fixed"]
    outcome = bundle.try_run("cat /etc/secret; echo y >/etc/fixed || cat /etc/fixed")
    assert outcome.out == "x" and "Read-only" in outcome.err


@pytest.mark.parametrize("name", ["private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable",
                                  "runbindable"])
def test_rootfs_propagation(bundle, name):  # noqa: F811
    """Every form that the spec knows can be had by a user."""
    bundle.linux["rootfsPropagation"] = name
    kind = {"private": "", "slave": "master:", "shared": "shared:", "unbindable": "unbindable"}[name.lstrip("r")]
    row = next(row for row in bundle.run("cat /proc/self/mountinfo").splitlines() if row.split()[4] == "/")
    optional = " ".join(row.split(" - ")[0].split()[6:])
    assert kind in optional if kind else optional == ""


def test_seccomp(bundle):  # noqa: F811
    """A user's filter is loaded with the rights that the user namespace gives."""
    bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW",
                               "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO",
                                             "errnoRet": 95}]}
    assert "not supported" in bundle.try_run("mkdir /tmp/x").err


def test_devices(sub_bundle):  # noqa: F811
    """Nodes that a user may not make are bound from the host; others are named as what cannot be had."""
    sub_bundle.linux["devices"] = [{"path": "/dev/again", "type": "c", "major": 1, "minor": 5}]
    outcome = sub_bundle.try_run("stat -c %t:%T /dev/again")
    assert outcome.out == "1:5\n" or "/linux/devices/0" in outcome.err, outcome


@pytest.mark.parametrize("path, kind, minor", [("/dev/zero", "c", 3), ("/dev/zero", "b", 5), ("/etc/passwd", "c", 5)])
def test_another_device_in_its_place(bundle, path, kind, minor):  # noqa: F811
    """A path of the host that holds something else is not what was asked for: a program would write its secrets to
    a disk in place of the null device."""
    bundle.linux["devices"] = [{"path": path, "type": kind, "major": 1, "minor": minor}]
    outcome = bundle.try_run("true")
    assert outcome.status == 1 and f"/linux/devices/0 ({path}): what the host has there is another" in outcome.err, outcome


def test_the_device_that_is_there(bundle):  # noqa: F811
    """As engines write devices of the host into a user's config."""
    bundle.linux["devices"] = [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 5, "fileMode": 0o666}]
    assert bundle.run("stat -c %t:%T /dev/zero") == "1:5\n"


def test_a_device_of_somebody_else(bundle):  # noqa: F811
    """A pipe is made by the user; an owner who is not mapped is named as the reason."""
    bundle.linux["devices"] = [{"path": "/dev/pipe", "type": "p", "uid": 7}]
    outcome = bundle.try_run("true")
    assert outcome.status == 1 and "/linux/devices/0" in outcome.err and "is not mapped" in outcome.err, outcome


def test_without_a_user_namespace(bundle):  # noqa: F811
    """The first thing that goes wrong for a user who takes root's config, with what to do about it."""
    bundle.linux["namespaces"] = [n for n in bundle.linux["namespaces"] if n["type"] != "user"]
    del bundle.linux["uidMappings"], bundle.linux["gidMappings"]
    outcome = bundle.try_run("true")
    assert outcome.status == 1 and 'one of the type "user" in linux.namespaces' in outcome.err, outcome


def test_mounts_of_a_user(bundle, user):  # noqa: F811
    """tmpfs with its options, binds read-only, and copies of what the image has."""
    volume = bundle.path / "volume"
    (volume / "sub").mkdir(parents=True)
    (bundle.rootfs / "data").mkdir()
    (bundle.rootfs / "data/file").write_text("copied")
    own(bundle.path)
    bundle.mount("/data", options=["tmpcopyup", "size=64k", "mode=0750"])
    bundle.mount("/volume", "bind", volume, ["rbind", "rro", "nosuid"])
    out = bundle.try_run("cat /data/file; stat -c ' %a' /data; touch /volume/sub/x || grep -c ' /volume .*ro,nosuid' "
                         "/proc/mounts")
    assert out.out.split() == ["copied", "750", "1"], out


def test_oom_score_of_exec(bundle, tmp_path):  # noqa: F811
    """Who enters is to die first or last as asked for, also where a user may not look at the process that enters."""
    container = bundle.shell("exec sleep 1000000").start()
    process = {"args": ["cat", "/proc/self/oom_score_adj"], "cwd": "/", "env": ["PATH=/bin"],
               "user": {"uid": 0, "gid": 0}, "oomScoreAdj": 700}
    (tmp_path / "process.json").write_text(json.dumps(process))
    out = container.tare("exec", "--process", tmp_path / "process.json", container.id)
    container.remove()
    assert out == "700\n"


def test_a_volume_with_others_below(bundle, volume):  # noqa: F811
    """The kernel shows a user no place whose covers are left out; the message says what to write instead."""
    bundle.mount("/mnt", "bind", volume, ["bind"])
    message = bundle.create_fails()
    assert "/mounts/" in message and "rbind" in message
    bundle.config["mounts"][-1]["options"] = ["rbind", "rro"]
    assert bundle.run("cat /mnt/sub/file") == "inner"


@pytest.mark.parametrize("options", [["rbind", "rexec"], ["rbind", "rnoatime"]])
def test_flags_of_the_host_are_locked(bundle, volume, options):  # noqa: F811
    """What the host forbids a user may not allow: said with its reason, not left out in silence."""
    bundle.mount("/mnt", "bind", volume, options)
    message = bundle.create_fails()
    assert "/mounts/" in message and "locked" in message


KEYS = """import ctypes, sys
add, processes = 248, -2
libc = ctypes.CDLL(None)
count = 0
while libc.syscall(add, b"user", b"key %d" % count, b"x", 1, processes) > 0:
    count += 1
print(count, flush=True)
sys.stdin.read()
"""
# Who has a session keyring, as after a login, gets another within the quota only.
JOIN = "import ctypes, os, sys; ctypes.CDLL(None).syscall(250, 1, None); os.execv(sys.argv[1], sys.argv[1:])"


def test_no_room_for_a_keyring(bundle, user):  # noqa: F811
    """A machine with many containers of one user runs out of keys: that must not end the next one."""
    command = [*user.become, "/usr/bin/python3", "-c", KEYS]
    plain = user.command
    user.command = lambda *args: [*user.become, "/usr/bin/python3", "-c", JOIN, *plain(*args)[len(user.become):]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert int(holder.stdout.readline()) > 0
        outcome = bundle.try_run("echo runs")
        entered = bundle.try_run("echo runs", "--no-new-keyring")
    assert outcome.out == "runs\n" and outcome.status == 0 and "keyctl" in outcome.err
    assert "quota" in outcome.err.lower()
    assert entered.out == "runs\n" and "keyctl" not in entered.err
