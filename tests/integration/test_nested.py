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
                                  test_oom_score_of_exec, test_rootfs_propagation, test_seccomp, test_sysctl)
from test_filesystem import (test_bind_file_and_directory, test_default_links, test_masked_paths,  # noqa: F401
                             test_mqueue_and_shm_are_private, test_readonly_paths, test_readonly_root,
                             test_recursive_readonly, test_root_is_the_rootfs_alone)
from test_process import (NONE, status, test_arguments_are_passed_unchanged, test_cwd,  # noqa: F401
                          test_environment_is_exactly_the_configs, test_hostname_and_domainname, test_no_capabilities,
                          test_no_new_privileges, test_process_one, test_program_is_found_in_the_containers_path,
                          test_umask)
from test_rootless import ALL_CAPABILITIES, accounts, map_ids, own, user  # noqa: F401
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


def privileged(bundle):
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    bundle.resources["devices"] = [{"allow": True, "access": "rwm"}]
    bundle.namespace("cgroup")
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "rw"])
    for name in ("bounding", "effective", "permitted"):
        bundle.process["capabilities"][name] = ALL_CAPABILITIES


@pytest.fixture(params=["privileged", "of an engine", "of a user"])
def kind(request):
    return request.param


def written(host, path, options):
    """A bundle of the host's."""
    make_busybox_root(path / "rootfs")
    if options:
        own(path)
    host("spec", *options, "--bundle", path)
    config = json.loads((path / "config.json").read_text())
    config["process"]["terminal"] = config["root"]["readonly"] = False
    return Bundle(host, path, path / "rootfs", config)


@pytest.fixture
def tare(request, kind, tare):  # noqa: F811
    host = request.getfixturevalue("user") if kind == "of a user" else tare
    options = ["--rootless"] if kind == "of a user" else []
    place = host.directory / "place"
    place.mkdir()
    outer = written(host, host.directory / "outer", options)
    if kind == "privileged":
        privileged(outer)
    outer.mount("/run")
    outer.mount(str(place), "bind", place, ["rbind"])
    outer.mount(host.program, "bind", host.program, ["bind", "ro"])
    for path in ("/lib", "/lib64", "/usr/lib"):
        if os.path.isdir(path):
            outer.mount(path, "bind", path, ["rbind", "ro"])
    container = outer.shell("exec sleep 1000000").start()
    yield NestedTare(host, container, place)
    container.remove()


@pytest.fixture
def tmp_path(request, kind):
    if kind != "of a user":
        return request.getfixturevalue("tmp_path_factory").mktemp("nested")
    path = request.getfixturevalue("user").directory / "tmp"
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture
def new_bundle(tare, kind):
    """The config of `spec` in a privileged container, of `spec --rootless` elsewhere."""
    made = []

    def make():
        options = [] if kind == "privileged" else ["--rootless"]
        path = tare.directory / f"bundle{len(made)}"
        bundle = written(tare.host, path, options if kind == "of a user" else options)
        if options:
            map_ids(bundle, (0, 0, 1))
        bundle.tare = tare
        made.append(bundle)
        return bundle
    return make
