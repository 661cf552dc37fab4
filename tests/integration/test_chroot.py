# SPDX-License-Identifier: Apache-2.0
"""tare in a chroot: build trees, installers and rescue systems, where "/" is not the mount namespace's root."""
import os
import pathlib
import subprocess

import pytest
from house import read_line
import leaks


class Inside:
    """Runs the program in a chroot; the rest of the command line is the runtime's own."""

    def __init__(self, tare, place):
        self.tare, self.place = tare, place

    def __enter__(self):
        self.outside, self.tare.command = self.tare.command, self.command
        return self

    def __exit__(self, *_):
        self.tare.command = self.outside

    def command(self, *args):
        return ["chroot", str(self.place), *self.outside(*args)]


def bind(source, target):
    subprocess.run(["mount", "--rbind", str(source), str(target)], check=True)


def a_mount(place):
    """The usual chroot: the whole tree bound elsewhere."""
    place.mkdir()
    bind("/", place)


def a_directory(place):
    """One whose "/" is no mount point, which pivot_root(2) refuses."""
    place.mkdir()
    for entry in pathlib.Path("/").iterdir():
        if entry.is_symlink():
            (place / entry.name).symlink_to(os.readlink(entry))
        elif entry.is_dir():
            (place / entry.name).mkdir()
            bind(entry, place / entry.name)


@pytest.fixture(params=[a_mount, a_directory])
def chroot(request, tare, tmp_path):
    """All mounts are shared, as on a booted system: what a container takes off must stay on the host."""
    place = pathlib.Path(f"/run/{tare.prefix}chroot")
    request.param(place)
    during = leaks.mounts()
    with Inside(tare, place):
        yield place
    after = leaks.mounts()
    leaks.take_away([path for path in during if path.startswith(f"{place}")])
    subprocess.run(["find", str(place), "-xdev", "-depth", "-delete"], check=True)
    assert after == during, "the host's mounts have changed"


@pytest.mark.parametrize("options", [[], ["--no-pivot"]])
def test_exec_comes_to_the_container(chroot, bundle, options):
    """Lost otherwise: exec's program would run on the host, outside the container and the chroot."""
    (bundle.rootfs / "here").touch()
    container = bundle.shell("exec sleep 1000000").start(*options)
    assert "here" in container.exec("ls", "/").split()
    assert "here" in container.exec("ls", "/proc/1/root/").split()
    container.end()
    container.remove()


def test_nothing_of_the_host_stays(chroot, bundle):
    """Lost otherwise: a workload with CAP_SYS_ADMIN enters its own mount namespace by setns(2) and stands in
    the host's root."""
    capabilities = bundle.process["capabilities"]
    for kind in ("bounding", "effective", "permitted"):
        capabilities[kind] += ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE"]
    outside = {path.name for path in pathlib.Path("/").iterdir()} - {path.name for path in bundle.rootfs.iterdir()}
    seen = bundle.run("nsenter -m/proc/1/ns/mnt ls /").split()
    assert "bin" in seen and not outside & set(seen)


def test_run_shows_its_output(chroot, tare, bundle):
    """Lost otherwise: the first command of the README fails in a build tree."""
    bundle.shell("echo here").write()
    process, output = tare.start_piped("run", "--bundle", bundle.path, tare.new_id())
    assert read_line(output) == "here"
    assert process.wait() == 0
    process.stdout.close()
