# SPDX-License-Identifier: Apache-2.0
"""linux.namespaces: new ones, the runtime's own, and joined ones, of all eight kinds."""
import os
import pathlib
import subprocess

import pytest
from house import alive, cgroup_of, wait_for_program

KINDS = {"pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "cgroup": "cgroup",
         "time": "time"}


def inside(bundle, *names):
    out = bundle.run("cd /proc/self/ns; for n in %s; do readlink $n; done" % " ".join(names))
    return dict(zip(names, out.split()))


def own(name):
    return os.readlink(f"/proc/self/ns/{name}")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mount"])
def test_new_and_inherited(bundle, kind):
    """A namespace that is asked for and not made shares the host's; the reverse breaks host networking."""
    bundle.namespace(kind)
    assert inside(bundle, KINDS[kind])[KINDS[kind]] != own(KINDS[kind])
    if kind == "pid":  # a procfs of the pid namespace needs one
        bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["type"] != "proc"]
        bundle.mount("/proc", "bind", "/proc", ["rbind"])
    if kind == "network":
        bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["type"] != "sysfs"]
    bundle.config.pop("hostname", None)
    bundle.without_namespace(kind)
    assert inside(bundle, KINDS[kind])[KINDS[kind]] == own(KINDS[kind])


@pytest.mark.parametrize("kind", ["network", "ipc", "uts", "pid", "cgroup", "time"])
def test_joined_by_path(bundle, new_bundle, kind):
    """Pods: the second container joins the first one's namespaces by path."""
    bundle.namespace(kind)
    first = bundle.shell("exec sleep 1000000").start()
    path = f"/proc/{first.pid}/ns/{KINDS[kind]}"
    second = new_bundle()
    if kind in ("uts",):
        second.config.pop("hostname", None)
    second.namespace(kind, path)
    assert inside(second, KINDS[kind])[KINDS[kind]] == os.readlink(path)
    first.remove()


def test_joined_pid_namespace_sees_the_others(bundle, new_bundle):
    """A debugging container must see the processes of the one it joins."""
    first = bundle.shell("exec sleep 1000000").start()
    second = new_bundle()
    second.namespace("pid", f"/proc/{first.pid}/ns/pid")
    wait_for_program(first.pid, "sleep")
    assert "sleep 1000000" in second.run("ps")
    assert alive(first.pid)
    first.remove()


def test_joined_network_namespace_made_by_ip_netns(bundle, tmp_path):
    """CNI plug-ins hand over bind-mounted namespaces."""
    path = tmp_path / "netns"
    path.touch()
    subprocess.run(["unshare", "--net", "mount", "--bind", "/proc/self/ns/net", path], check=True)
    try:
        bundle.namespace("network", path)
        name = subprocess.run(["nsenter", f"--net={path}", "readlink", "/proc/self/ns/net"], check=True,
                              text=True, stdout=subprocess.PIPE).stdout.strip()
        assert inside(bundle, "net")["net"] == name
    finally:
        subprocess.run(["umount", path], check=True)


def test_wrong_kind_of_path_is_named(bundle):
    """A path to the wrong namespace must not leave the container in the host's."""
    bundle.namespace("network", "/proc/self/ns/uts")
    assert "/linux/namespaces/" in bundle.create_fails()
    bundle.namespace("network", "/etc/passwd")
    assert "/linux/namespaces/" in bundle.create_fails()
    bundle.namespace("network", "/no/such/path")
    message = bundle.create_fails()
    assert "/linux/namespaces/" in message and "/no/such/path" in message


def test_loopback_is_up_in_a_new_network_namespace(bundle):
    """Programs that talk to themselves over 127.0.0.1."""
    assert "UP" in bundle.run("ip link show lo")
    assert "lo" in bundle.run("cat /proc/net/dev")


def test_time_offsets(bundle):
    """Migrated programs must not see monotonic time go back."""
    if not os.path.exists("/proc/self/timens_offsets"):
        pytest.skip("the kernel has no time namespaces")
    bundle.namespace("time")
    bundle.linux["timeOffsets"] = {"boottime": {"secs": 1000000, "nanosecs": 5}, "monotonic": {"secs": 7}}
    uptime = float(bundle.run("cat /proc/uptime").split()[0])
    assert uptime > 1000000
    rows = [row.split() for row in bundle.run("cat /proc/self/timens_offsets").splitlines()]
    assert {row[0]: row[1:] for row in rows} == {"monotonic": ["7", "0"], "boottime": ["1000000", "5"]}


def test_joined_mount_namespace(bundle, new_bundle):
    """Its mounts are the other's: a mask of one's own that is not there must not be believed in."""
    (bundle.rootfs / "secret").write_text("seen\n")
    first = bundle.shell("exec sleep 1000000").start()
    second = new_bundle()
    second.namespace("mount", f"/proc/{first.pid}/ns/mnt")
    second.linux["maskedPaths"] = ["/secret"]
    outcome = second.try_run("cat /secret")
    first.remove()
    assert outcome.out == "seen\n" and "/linux/maskedPaths: is ignored" in outcome.err, outcome


def user_namespace(bundle, base=100000, size=65536):
    bundle.namespace("user")
    mapping = [{"containerID": 0, "hostID": base, "size": size}]
    bundle.linux.update(uidMappings=mapping, gidMappings=mapping)
    for parent, directories, files in os.walk(bundle.rootfs):
        for name in [".", *directories, *files]:
            path = os.path.join(parent, name)
            if os.lstat(path).st_uid < base:
                os.lchown(path, os.lstat(path).st_uid + base, os.lstat(path).st_gid + base)
    for path in (bundle.path, *list(bundle.path.parents)[:-2]):
        os.chmod(path, os.stat(path).st_mode | 0o111)


def test_user_namespace(bundle):
    """Root inside must be nobody outside."""
    user_namespace(bundle)
    container = bundle.shell("exec sleep 1000000").start()
    status = pathlib.Path(f"/proc/{container.pid}/status").read_text()
    assert "Uid:\t100000\t100000" in status and "Gid:\t100000\t100000" in status
    assert container.exec("id", "-u") == "0\n"
    assert container.exec("cat", "/proc/self/uid_map").split() == ["0", "100000", "65536"]
    assert container.exec("stat", "-c", "%u %g", "/etc/passwd") == "0 0\n"
    container.remove()


def test_user_namespace_as_a_user(bundle):
    """The usual rootless-in-rootful service: a mapped user other than root."""
    user_namespace(bundle)
    bundle.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [77]}
    assert bundle.run("id -u; id -g; id -G") == "1000\n1000\n1000 77\n"


def test_user_namespace_keeps_masks_and_devices(bundle):
    """The locks of a user namespace must not cost a container its /dev or its masks."""
    user_namespace(bundle)
    assert bundle.run("echo x >/dev/null && cat /proc/kcore | wc -c") == "0\n"


def test_joined_user_namespace(bundle, new_bundle):
    """The second container of a pod with user namespaces."""
    user_namespace(bundle)
    first = bundle.shell("exec sleep 1000000").start()
    second = new_bundle()
    user_namespace(second)
    del second.linux["uidMappings"], second.linux["gidMappings"]
    second.namespace("user", f"/proc/{first.pid}/ns/user")
    second.namespace("ipc", f"/proc/{first.pid}/ns/ipc")
    assert inside(second, "user", "ipc") == {name: os.readlink(f"/proc/{first.pid}/ns/{name}")
                                             for name in ("user", "ipc")}
    first.remove()


def test_cgroup_namespace_hides_the_path(bundle):
    """The path of a container's cgroup names other tenants."""
    bundle.namespace("cgroup")
    container = bundle.shell("exec sleep 1000000").start()
    assert "0::/" in container.exec("cat", "/proc/1/cgroup").splitlines()
    assert container.id in str(cgroup_of(container.pid))
    container.remove()
