# SPDX-License-Identifier: Apache-2.0
"""process.selinuxLabel and linux.mountLabel, enforced by a kernel that runs SELinux (tests/vm/run --security
selinux), with a policy of three types; and without SELinux."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from house import IN_VM, Bundle, make_busybox_root, wait_until
from test_attacks_races import FakeProcfs, swap, withstands  # noqa: F401
from test_namespaces import user_namespace
from test_rootless import accounts, own, user  # noqa: F401

SELINUXFS = pathlib.Path("/sys/fs/selinux")
RUNS = "\tselinuxfs\n" in pathlib.Path("/proc/filesystems").read_text()
LABEL, OTHER, SECRET = "u:r:cont_t:s0:c1,c2", "u:r:cont_t:s0:c3", "u:r:secret_t:s0"
SIDS = ("kernel security unlabeled fs file file_labels init any_socket port netif netmsg node igmp_packet icmp_socket "
        "tcp_socket sysctl_modprobe sysctl sysctl_fs sysctl_kernel sysctl_net sysctl_net_unix sysctl_vm sysctl_dev "
        "kmod policy scmp_packet devnull")
HOST = "(u r host_t ((s0) (s0)))"
# Everything is allowed but that a container, cont_t, has to do with files of the type secret_t.
POLICY = f"""
(handleunknown allow) (mls true) (policycap nnp_nosuid_transition)
(class process (transition dyntransition)) (class file (read write)) (class dir (read)) (classorder (process file dir))
(sensitivity s0) (sensitivityorder (s0))
(category c0) (category c1) (category c2) (category c3) (categoryorder (c0 c1 c2 c3))
(sensitivitycategory s0 (range c0 c3))
(type host_t) (type cont_t) (type secret_t)
(typeattribute any) (typeattributeset any (all))
(typeattribute outside) (typeattributeset outside (not (cont_t)))
(typeattribute harmless) (typeattributeset harmless (not (secret_t)))
(role r) (roletype r any) (user u) (userrole u r)
(userlevel u (s0)) (userrange u ((s0) (s0 (range c0 c3))))
(allow any any (process (all))) (allow any any (dir (all)))
(allow outside any (file (all))) (allow cont_t harmless (file (all)))
(sidorder ({SIDS}))
""" + "\n".join(
    [f"(sid {sid}) (sidcontext {sid} {HOST})" for sid in SIDS.split()] +
    [f"(fsuse xattr tmpfs {HOST})"] +
    [f"(fsuse trans {fs} {HOST})" for fs in ("devpts", "devtmpfs", "mqueue")] +
    [f"(fsuse task {fs} {HOST})" for fs in ("pipefs", "sockfs")] +
    [f'(genfscon {fs} "/" {HOST})' for fs in ("proc", "sysfs", "9p", "overlay", "cgroup2", "selinuxfs", "rootfs")])


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    """The policy in force. It replaces the machine's, so only a virtual one will do."""
    if not (RUNS and IN_VM):
        pytest.skip("needs the virtual machine with SELinux: tests/vm/run --security selinux")
    if not shutil.which("secilc"):
        pytest.skip("needs the package secilc")
    directory = tmp_path_factory.mktemp("selinux")
    (directory / "test.cil").write_text(POLICY)
    subprocess.run(["secilc", "-c", "31", "-o", directory / "policy", "-f", "/dev/null", directory / "test.cil"],
                   check=True)
    subprocess.run(["mount", "-t", "selinuxfs", "selinuxfs", SELINUXFS], check=True)
    file = os.open(SELINUXFS / "load", os.O_RDWR)
    os.write(file, (directory / "policy").read_bytes())
    os.close(file)
    (SELINUXFS / "enforce").write_text("1")
    yield
    (SELINUXFS / "enforce").write_text("0")
    subprocess.run(["umount", SELINUXFS], check=True)


def labelled(bundle, no_new_privileges=True):
    bundle.process.update(selinuxLabel=LABEL, noNewPrivileges=no_new_privileges)
    bundle.linux["mountLabel"] = LABEL
    bundle.mount("/tmp", options=["mode=1777"])
    bundle.mount("/secret", options=["mode=1777", f'context="{SECRET}"'])
    return bundle


SCRIPT = ("cat /proc/self/attr/current | tr -d '\\0'; echo; echo mine > /tmp/x; cat /tmp/x; "
          "(echo stolen > /secret/x) 2>/dev/null || echo denied; grep -c 'context=' /proc/self/mountinfo")


def said(out):
    label, *rest, count = out.splitlines()
    assert rest == ["mine", "denied"] and int(count) >= 3, out
    return label


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_labels_are_enforced(policy, bundle, no_new_privileges):
    """The program has its label, its own file systems have theirs, and what the policy denies fails."""
    assert said(labelled(bundle, no_new_privileges).run(SCRIPT)) == LABEL


def test_user_namespace(policy, bundle):
    """Pods in user namespaces are labelled like others."""
    user_namespace(bundle)
    assert said(labelled(bundle).run(SCRIPT)) == LABEL


def test_exec_keeps_the_label(policy, bundle):
    """An exec outside the fence is a way around it; --process-label gives another."""
    container = labelled(bundle).shell("exec sleep 1000000").start()
    assert said(container.exec("sh", "-c", SCRIPT)) == LABEL
    assert said(container.exec("--process-label", OTHER, "sh", "-c", SCRIPT)) == OTHER
    container.remove()


def test_masked_directories(policy, bundle):
    """An empty directory over a masked one that the container may not even list makes programs fail."""
    bundle.linux["maskedPaths"] = ["/sys/firmware"]
    assert labelled(bundle).run("grep ' /sys/firmware ' /proc/self/mountinfo").count("context=") == 1


def test_message_queues(policy, bundle):
    """The kernel makes their file system with the namespace, unlabelled: a container could not use its queues."""
    container = labelled(bundle).shell("exec sleep 1000000").start()
    assert os.getxattr(f"/proc/{container.pid}/root/dev/mqueue", "security.selinux") == LABEL.encode() + b"\0"
    container.remove()


@pytest.mark.parametrize("kind", ["context", "fscontext", "rootcontext", "defcontext"])
def test_mount_context_type(policy, bundle, kind):
    """run.oci.mount_context_type: which of a mount's labels linux.mountLabel is. One for the root alone leaves new files theirs."""
    bundle.config["annotations"] = {"run.oci.mount_context_type": kind}
    bundle.mount("/tmp", options=["mode=1777"])
    if kind == "defcontext":  # the kernel takes it for file systems that keep labels in extended attributes
        bundle.config["mounts"] = [mount for mount in bundle.config["mounts"] if mount["type"] in ("proc", "tmpfs")]
    bundle.linux["mountLabel"] = OTHER
    container = bundle.shell(": > /tmp/new; exec sleep 1000000").start()
    place = f"/proc/{container.pid}/root/tmp"
    wait_until(lambda: os.path.exists(f"{place}/new"))
    label = OTHER.encode() + b"\0"
    assert (os.getxattr(place, "security.selinux") == label) == (kind != "fscontext")
    assert (os.getxattr(f"{place}/new", "security.selinux") == label) == (kind == "context")
    options = [line for line in open(f"/proc/{container.pid}/mountinfo") if " /tmp " in line]
    assert f'{kind}="{OTHER}"' in options[0] or f"{kind}={OTHER}" in options[0], options
    container.remove()


def test_label_that_the_policy_lacks(policy, bundle):
    """A misspelt label: the message has it, and the field."""
    bundle.process["selinuxLabel"] = "u:r:absent_t:s0"
    message = bundle.create_fails()
    assert "/process/selinuxLabel (u:r:absent_t:s0)" in message and "policy" in message
    del bundle.process["selinuxLabel"]
    bundle.linux["mountLabel"] = "u:r:absent_t:s0"
    assert "context=u:r:absent_t:s0" in bundle.create_fails()


def test_unprivileged(policy, user):  # noqa: F811
    """Containers of a user without privileges are labelled like root's."""
    path = user.directory / "bundle"
    make_busybox_root(path / "rootfs")
    own(path)
    user("spec", "--rootless", "--bundle", path)
    bundle = Bundle(user, path, path / "rootfs", json.loads((path / "config.json").read_text()))
    bundle.process["terminal"] = False
    container = labelled(bundle).shell("exec sleep 1000000").start()
    assert said(container.exec("sh", "-c", SCRIPT)) == LABEL
    container.remove()
    assert said(bundle.run(SCRIPT)) == LABEL


OWN = "cat /genuine/self/attr/current | tr -d '\\0'"


@pytest.fixture
def with_a_fake(policy, bundle):
    """A labelled container with a genuine procfs where nobody looks for it, and an image that brings a fake one."""
    fake = FakeProcfs(bundle.rootfs / "fake")
    labelled(bundle).mount("/genuine", "proc")
    bundle.config["root"]["readonly"] = False
    return fake


@pytest.mark.seconds(200)
def test_proc_that_moves(bundle, with_a_fake, swap):  # noqa: F811
    """The label went to a fake file, and the program ran without (CVE-2019-19921, CVE-2025-52881)."""
    (bundle.rootfs / "link").symlink_to("fake")
    swap(bundle.rootfs / "proc", bundle.rootfs / "link")
    with_a_fake.takes_from_a_check(bundle.rootfs / "proc")
    withstands(bundle, with_a_fake, OWN, LABEL)


def test_volume_over_proc(bundle, with_a_fake):
    """The same by a volume of the image, for run and for exec (CVE-2019-16884)."""
    bundle.mount("/proc", "bind", with_a_fake.path, ["bind"])
    container = bundle.shell(f"{OWN} >/tmp/label; mv /tmp/label /tmp/it; exec sleep 1000000").start()
    for label in (LABEL, OTHER):
        assert container.exec("--process-label", label, "sh", "-c", OWN) == label
    assert container.exec("sh", "-c", "until test -e /tmp/it; do sleep 0.1; done; cat /tmp/it") == LABEL
    container.remove()
    assert with_a_fake.taken() == []


@pytest.mark.parametrize("field", ["/process/selinuxLabel", "/linux/mountLabel"])
def test_without_selinux(bundle, field):
    """A container that was to be confined must not start unconfined; who can change that is told how."""
    if RUNS:
        pytest.skip("this kernel runs SELinux")
    _, where, name = field.split("/")
    bundle.config[where][name] = LABEL
    message = bundle.create_fails()
    assert f"{field} ({LABEL}): SELinux is not enabled" in message and "security=selinux" in message


def test_exec_without_selinux(sleeper):
    """The same for a label on the command line."""
    if RUNS:
        pytest.skip("this kernel runs SELinux")
    message = sleeper.tare.fails("exec", "--process-label", LABEL, sleeper.id, "true")
    assert "SELinux is not enabled" in message
