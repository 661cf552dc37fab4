# SPDX-License-Identifier: Apache-2.0
"""The fields of a config again where tare itself is in a container: a privileged one, as Docker in Docker and CI runners
have it, one as engines make it for anybody, and one of an unprivileged user. (Its cgroups: test_places.py.)"""
import json
import os
import pathlib

import pytest
from house import Bundle, Tare, make_busybox_root
from test_fields import (test_cpu_affinity_of_exec, test_io_priority, test_memory_policy,  # noqa: F401
                         test_personality, test_scheduler, test_scheduler_of_exec)
from test_fields_rootless import (test_clocks, test_lower_limits, test_masked_and_readonly_paths,  # noqa: F401
                                  test_oom_score_of_exec, test_rootfs_propagation, test_seccomp)
from test_filesystem import (test_bind_file_and_directory, test_default_links, test_masked_paths,  # noqa: F401
                             test_mqueue_and_shm_are_private, test_readonly_paths, test_readonly_root,
                             test_recursive_readonly, test_root_is_the_rootfs_alone)
from test_process import (NONE, status, test_arguments_are_passed_unchanged, test_cwd,  # noqa: F401
                          test_environment_is_exactly_the_configs, test_hostname_and_domainname, test_no_capabilities,
                          test_no_new_privileges, test_program_is_found_in_the_containers_path, test_umask)
from test_rootless import ALL_CAPABILITIES, UserTare, accounts, map_ids, own, user  # noqa: F401
from test_seccomp import test_arguments, test_errno, test_exec_gets_the_filter_too  # noqa: F401


class NestedTare(Tare):
    """The same command line, typed in a container. Bundles have the same path inside and outside."""

    def __init__(self, host, container, directory):
        super().__init__(host.program, directory, "in")
        self.host, self.container, self.root = host, container, pathlib.Path("/run/state")

    @property
    def become(self):
        return self.host.command("exec", self.container.id)

    def command(self, *args):
        return self.become + super().command(*args)


# What engines give every container.
ENGINES = [f"CAP_{name}" for name in ("CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE "
                                      "NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP").split()]


def grant(bundle, capabilities):
    for name in ("bounding", "effective", "permitted"):
        bundle.process["capabilities"][name] = capabilities


def privileged(bundle):
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    bundle.resources["devices"] = [{"allow": True, "access": "rwm"}]
    bundle.namespace("cgroup")
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "rw"])


@pytest.fixture(params=["privileged", "of an engine", "of a user"])
def kind(request):
    return request.param


def written(host, path, options):
    """A bundle of the host's."""
    make_busybox_root(path / "rootfs")
    if isinstance(host, UserTare):
        own(path)
    host("spec", *options, "--bundle", path)
    config = json.loads((path / "config.json").read_text())
    config["process"]["terminal"] = config["root"]["readonly"] = False
    return Bundle(host, path, path / "rootfs", config)


@pytest.fixture
def tmp_path(request, kind, tmp_path_factory):
    """Has the same path inside."""
    if kind != "of a user":
        return tmp_path_factory.mktemp("nested")
    path = request.getfixturevalue("user").directory / "place"
    path.mkdir()
    own(path)
    return path


@pytest.fixture
def tare(request, kind, accounts, tare, tmp_path):  # noqa: F811
    host = request.getfixturevalue("user") if kind == "of a user" else tare
    options = ["--rootless"] if kind == "of a user" else []
    outer_path = host.directory / "outer" if options else request.getfixturevalue("tmp_path_factory").mktemp("outer")
    outer = written(host, outer_path, options)
    outer.process["noNewPrivileges"] = False
    grant(outer, [*ALL_CAPABILITIES, "CAP_SYS_TIME"] if kind == "privileged" else ENGINES)
    if kind == "privileged":
        privileged(outer)
    outer.mount("/run")
    outer.mount(str(tmp_path), "bind", tmp_path, ["rbind"])
    outer.mount(host.program, "bind", host.program, ["bind", "ro"])
    for path in ("/lib", "/lib64", "/usr/lib"):
        if os.path.isdir(path):
            outer.mount(path, "bind", path, ["rbind", "ro"])
    container = outer.shell("exec sleep 1000000").start()
    yield NestedTare(host, container, tmp_path)
    container.remove()


@pytest.fixture
def new_bundle(tare, kind):  # noqa: F811
    """The config of `spec` in a privileged container, of `spec --rootless` elsewhere."""
    made = []

    def make():
        options = [] if kind == "privileged" else ["--rootless"]
        path = tare.directory / f"bundle{len(made)}"
        bundle = written(tare.host, path, options)
        if options:
            map_ids(bundle, (0, 0, 1))
        bundle.tare = tare
        made.append(bundle)
        return bundle
    return make



def test_sysctl(bundle, kind):
    """Settings of the inner container's own network, or the reason why the outer one does not let them through."""
    bundle.namespace("network")
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    if kind == "privileged":
        assert bundle.run("cat /proc/sys/net/ipv4/ip_forward") == "1\n"
    else:
        message = bundle.create_fails()
        assert "/linux/sysctl/net.ipv4.ip_forward" in message and "readonlyPaths" in message


def fails_without(capability, bundle, tare, tmp_path):
    """The message where tare itself lacks one."""
    left = [name for name in [*ALL_CAPABILITIES, "CAP_SYS_TIME"] if name != capability]
    bundle.write()
    process = {"args": Tare.command(tare, "run", "--bundle", bundle.path, "less"), "cwd": "/", "env": ["PATH=/bin"],
               "user": {"uid": 0, "gid": 0},
               "capabilities": {name: left for name in ("bounding", "effective", "permitted")}}
    (tmp_path / "process.json").write_text(json.dumps(process))
    outcome = tare.host.try_("exec", "--process", tmp_path / "process.json", tare.container.id)
    assert outcome.status == 1 and outcome.err.count("\n") == 1, outcome
    return outcome.err


@pytest.mark.parametrize("kind", ["privileged"], indirect=True)
def test_root_that_may_not_be_mapped(bundle, tare, tmp_path):
    """Since Linux 5.12 the id 0 is given by who has CAP_SETFCAP: a container without it is told so, not to install
    newuidmap, which would not help."""
    bundle.namespace("user")
    map_ids(bundle, (0, 0, 1))
    assert bundle.run("cat /proc/self/uid_map").split() == ["0", "0", "1"]
    message = fails_without("CAP_SETFCAP", bundle, tare, tmp_path)
    assert "/linux/uidMappings" in message and "CAP_SETFCAP" in message


@pytest.mark.parametrize("kind", ["privileged"], indirect=True)
def test_clocks_that_may_not_be_set(bundle, tare, tmp_path):
    """Not permitted says nothing of what would permit it."""
    bundle.namespace("time")
    bundle.linux["timeOffsets"] = {"boottime": {"secs": 5000000}}
    bundle.process["args"] = ["/bin/true"]
    message = fails_without("CAP_SYS_TIME", bundle, tare, tmp_path)
    assert "/linux/timeOffsets" in message and "CAP_SYS_TIME" in message
