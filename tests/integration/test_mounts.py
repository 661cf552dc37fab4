# SPDX-License-Identifier: Apache-2.0
"""mounts add and remove: a volume comes to a container that runs, and goes again."""
import json
import pathlib

import pytest
from house import make_busybox_root, wait_for_program

SLEEP = "exec sleep 1000000"


@pytest.fixture
def volume(tmp_path):
    """A directory of the host with one file, and a single file."""
    directory = tmp_path / "volume"
    directory.mkdir()
    (directory / "inside").write_text("of the host\n")
    return directory


@pytest.fixture
def running(bundle):
    """A bundle whose root takes new directories, with a program that stays."""
    bundle.config["root"]["readonly"] = False
    return bundle.shell(SLEEP)


def change(container, what, *mounts, object=False):
    text = json.dumps({"mounts": list(mounts)} if object else list(mounts))
    container.tare("mounts", what, container.id, "-", input=text)


def bind(destination, source, *options):
    return {"destination": destination, "source": str(source), "options": ["rbind", *options]}


def mounted(container):
    return {line.split()[4] for line in pathlib.Path(f"/proc/{container.pid}/mountinfo").read_text().splitlines()}


def test_a_volume_comes_and_goes(running, volume):
    """Without it a database must be restarted to see another disk."""
    container = running.start()
    change(container, "add", bind("/new/place", volume))
    assert container.exec("cat", "/new/place/inside") == "of the host\n"
    container.exec("sh", "-c", "echo written >/new/place/by-container")
    assert (volume / "by-container").read_text() == "written\n"
    change(container, "remove", {"destination": "/new/place"})
    assert container.exec("ls", "/new/place") == ""
    assert (volume / "inside").exists()
    container.remove()


def test_every_kind(running, volume):
    """A file on a file, a tmpfs with its size, a proc of the container's own processes, all in one list."""
    container = running.start()
    mounts = [bind("/one-file", volume / "inside", "ro"),
              {"destination": "/scratch", "type": "tmpfs", "options": ["size=64k", "mode=711"]},
              {"destination": "/again", "type": "proc"}]
    change(container, "add", *mounts, object=True)
    assert container.exec("cat", "/one-file") == "of the host\n"
    assert "Read-only" in container.tare.try_("exec", container.id, "sh", "-c", "echo x >/one-file").err
    assert container.exec("stat", "-c", "%a", "/scratch").strip() == "711"
    wait_for_program(container.pid, "sleep")
    assert "sleep" in container.exec("cat", "/again/1/cmdline")
    change(container, "remove", *mounts)
    assert not {"/one-file", "/scratch", "/again"} & mounted(container)
    container.remove()


@pytest.mark.parametrize("prepare", ["create", "pause"])
def test_before_start_and_paused(running, volume, prepare):
    """An operator prepares a container that waits, or repairs one that is frozen."""
    container = running.shell("cat /late/inside; " + SLEEP).create()
    if prepare == "pause":
        container.start()
        container.pause()
    change(container, "add", bind("/late", volume))
    assert "/late" in mounted(container)
    container.remove()


def test_the_host_does_not_see_it(running, volume):
    """A mount that spreads to the host would outlive the container."""
    running.linux["rootfsPropagation"] = "rslave"
    container = running.start()
    before = pathlib.Path("/proc/self/mountinfo").read_text()
    change(container, "add", bind("/mine", volume), {"destination": "/tmp", "type": "tmpfs"})
    assert pathlib.Path("/proc/self/mountinfo").read_text() == before
    container.remove()


def test_with_a_user_namespace(running, volume):
    """The container's root owns what is made in it, and cannot reach what its ids may not."""
    running.namespace("user")
    for name in ("data", "scratch"):
        (running.rootfs / name).mkdir()
    for kind in ("uidMappings", "gidMappings"):
        running.linux[kind] = [{"containerID": 0, "hostID": 400000, "size": 65536}]
    container = running.start()
    volume.chmod(0o755)
    change(container, "add", bind("/data", volume), {"destination": "/scratch", "type": "tmpfs"})
    assert container.exec("cat", "/data/inside") == "of the host\n"
    assert container.exec("sh", "-c", "echo x >/scratch/x && stat -c %u /scratch/x").strip() == "0"
    assert container.tare.try_("exec", container.id, "sh", "-c", "echo x >/data/x").status != 0
    change(container, "remove", bind("/data", volume))
    container.remove()


def test_destinations_stay_inside(running, volume, tmp_path):
    """An image's symlink that points to the host's /etc must not get the volume put there."""
    target = tmp_path / "outside"
    target.mkdir()
    (running.rootfs / "trap").symlink_to(target)
    container = running.start()
    change(container, "add", bind("/trap", volume))
    assert list(target.iterdir()) == []
    assert str(target) in mounted(container)
    container.remove()


def test_relative_sources_are_of_the_bundle(running):
    """As in config.json; the directory the operator happens to be in does not count."""
    make_busybox_root(running.path / "extra")
    container = running.start()
    change(container, "add", bind("/extra", "extra"))
    assert "bin" in container.exec("ls", "/extra")
    container.remove()


def test_copy_symlink(running, volume):
    """A link of the host is made again, as in config.json; what is no link is mounted with the same option."""
    (volume / "link").symlink_to("inside")
    container = running.start()
    change(container, "add", bind("/data/link", volume / "link", "copy-symlink"),
           bind("/data/inside", volume / "inside", "copy-symlink"))
    assert container.exec("readlink", "/data/link") == "inside\n"
    assert container.exec("cat", "/data/link") == "of the host\n"
    assert "/data/link" not in mounted(container) and "/data/inside" in mounted(container)
    container.remove()


def test_on_a_read_only_root(running, volume):
    """Most images are run so: what exists can be covered, nothing can be made."""
    running.config["root"]["readonly"] = True
    container = running.start()
    change(container, "add", bind("/tmp", volume))
    assert container.exec("cat", "/tmp/inside") == "of the host\n"
    container.remove()


def test_failures_name_the_mount(running, volume):
    """An operator at work on a live container must know which line is wrong."""
    container = running.start()

    def fails(what, *mounts, id=None):
        return container.tare.fails("mounts", what, id or container.id, "-", input=json.dumps(list(mounts)))

    assert "/mounts/1 (destination /b): open_tree /not/there: " in fails(
        "add", bind("/a", volume), bind("/b", "/not/there"))
    assert "/a" not in mounted(container)
    assert "/mounts/0 (destination /bin): /bin is no mount" in fails("remove", {"destination": "/bin"})
    assert "/mounts/0/destination" in fails("remove", {"destination": "/"})
    assert "/mounts/0/options" in fails("add", bind("/x", volume, "tmpcopyup"))
    assert "/mounts/0/destination: is required" in fails("add", {"source": "/tmp"})
    assert "does not exist" in fails("add", bind("/x", volume), id="nobody")
    assert '"change": must be add or remove' in container.tare.fails("mounts", "change", container.id, "-", input="[]")
    assert "line 1" in container.tare.fails("mounts", "add", container.id, "-", input="[")
    container.end()
    assert "container not running" in fails("add", bind("/x", volume))
    container.remove()
