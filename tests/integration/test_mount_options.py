# SPDX-License-Identifier: Apache-2.0
"""Mount options that change what a path means or what comes along, seen from inside."""
import os

import pytest
from test_filesystem import mounts
from test_idmap import shell


@pytest.fixture
def volume(tmp_path):
    """A directory with a file, a link to it, and another file system inside."""
    path = tmp_path / "volume"
    (path / "sub").mkdir(parents=True)
    (path / "file").write_text("file")
    (path / "link").symlink_to("file")
    shell(f"mount -t tmpfs -o nosuid,nodev,noexec,relatime none {path}/sub")
    (path / "sub/file").write_text("inner")
    (path / "sub/link").symlink_to("file")
    yield path
    shell(f"umount {path}/sub")


RECURSIVE = [("rro", "ro"), ("rnosuid", "nosuid"), ("rnodev", "nodev"), ("rnoexec", "noexec"),
             ("rnoatime", "noatime"), ("rnodiratime", "nodiratime"), ("rrelatime", "relatime"),
             ("rnosymfollow", "nosymfollow")]


@pytest.mark.parametrize("option, shown", RECURSIVE)
def test_recursive_attributes_reach_what_is_below(bundle, volume, option, shown):
    """Kubernetes trusts rro: a writable mount inside a read-only volume is a hole."""
    bundle.mount("/mnt", "bind", volume, ["rbind", option])
    rows = mounts(bundle)
    assert shown in rows["/mnt"][0] and shown in rows["/mnt/sub"][0]


def test_remount(bundle, volume):
    """What an earlier entry has mounted gets other attributes, and keeps those that are not named."""
    bundle.mount("/mnt", "bind", volume, ["rbind", "nodev"])
    bundle.mount("/mnt", "bind", volume, ["remount", "bind", "ro", "noexec"])
    bundle.mount("/proc", "proc", None, ["remount", "nosuid", "rnoatime"])
    rows = mounts(bundle)
    assert all(word in rows["/mnt"][0] for word in ("ro", "noexec", "nodev")) and "ro" not in rows["/mnt/sub"][0]
    assert "nosuid" in rows["/proc"][0] and "noatime" in rows["/proc"][0]


def test_remount_with_options_of_the_file_system(bundle, volume):
    """A tmpfs gets another size, /proc hides processes: what mount -o remount does. The host's file systems stay as
    they are."""
    bundle.mount("/mnt", options=["size=64k", "nodev"])
    bundle.mount("/mnt", options=["remount", "size=1m", "nosuid"])
    bundle.mount("/proc", "proc", None, ["remount", "hidepid=invisible"])
    out = bundle.run("dd if=/dev/zero of=/mnt/x bs=1k count=900 2>/dev/null && echo fits; grep -E ' /(mnt|proc) ' "
                     "/proc/self/mounts")
    assert out.startswith("fits\n") and "size=1024k" in out and "nosuid,nodev" in out and "hidepid=invisible" in out
    bundle.mount("/sys", "sysfs", "sysfs", ["remount", "sync"])
    message = bundle.create_fails()
    assert f'/mounts/{len(bundle.config["mounts"]) - 1}/options: "sync"' in message
    bundle.config["mounts"][-1] = {"destination": "/mnt", "type": "tmpfs", "options": ["remount", "size=much"]}
    message = bundle.create_fails()
    assert "destination /mnt)" in message and "size=much" in message


@pytest.mark.parametrize("options", [["remount"], ["remount", "ro"]])
@pytest.mark.parametrize("place, words", [("/plain", "nothing is mounted there"), ("/missing", "No such file")])
def test_remount_of_nothing(bundle, options, place, words):
    """Whoever wanted a read-only mount must not believe that there is one."""
    (bundle.rootfs / "plain").mkdir()
    bundle.mount(place, "tmpfs", options=options)
    message = bundle.create_fails()
    assert f"destination {place})" in message and words in message


@pytest.mark.parametrize("option, gone", [("rrw", "ro"), ("rsuid", "nosuid"), ("rdev", "nodev"), ("rexec", "noexec"),
                                          ("rsymfollow", "nosymfollow"), ("rdiratime", "nodiratime"),
                                          ("rstrictatime", "relatime"), ("rnorelatime", "noatime")])
def test_recursive_attributes_are_taken_away(bundle, volume, option, gone):
    """What the source has is undone where that is asked for, and nothing else is."""
    bundle.mount("/mnt", "bind", volume, ["rbind", option])
    rows = mounts(bundle)
    assert gone not in rows["/mnt"][0] and gone not in rows["/mnt/sub"][0]
    if option == "rexec":
        assert "nosuid" in rows["/mnt/sub"][0]


def test_plain_attributes_are_for_the_top_alone(bundle, volume):
    """ro without r leaves the volumes inside a volume as they are."""
    bundle.mount("/mnt", "bind", volume, ["rbind", "ro"])
    rows = mounts(bundle)
    assert "ro" in rows["/mnt"][0] and "ro" not in rows["/mnt/sub"][0]


def test_bind_leaves_out_what_is_below(bundle, volume):
    """A volume must not bring file systems along that nobody asked for."""
    bundle.mount("/mnt", "bind", volume, ["bind"])
    assert "/mnt/sub" not in mounts(bundle)


def test_nosymfollow(bundle, volume):
    """A volume of strangers in which no link may be followed."""
    bundle.mount("/mnt", "bind", volume, ["rbind", "nosymfollow"])
    outcome = bundle.try_run("cat /mnt/file /mnt/sub/link; cat /mnt/link")
    assert outcome.out == "fileinner" and "symbolic links" in outcome.err


def test_relative_destinations(bundle, volume):
    """Windows-minded callers write them; they begin at the root."""
    bundle.mount("mnt/deep", "bind", volume, ["bind"])
    bundle.mount("./other/", "tmpfs")
    rows = mounts(bundle)
    assert "/mnt/deep" in rows and "/other" in rows


def test_src_nofollow(bundle, volume):
    """A link that somebody put in the source's place shows itself, not what it points to."""
    (volume / "out").symlink_to("/etc/hostname")
    (bundle.rootfs / "place").write_text("")
    bundle.mount("/place", "bind", volume / "out", ["bind", "src-nofollow"])
    assert bundle.run("readlink /place") == "/etc/hostname\n"
    bundle.config["mounts"][-1]["options"] = ["bind"]
    assert bundle.try_run("readlink /place").out == ""


def test_dest_nofollow(bundle, volume):
    """A link in an image sends no mount elsewhere."""
    (bundle.rootfs / "place").symlink_to("etc")
    bundle.mount("/place", "bind", volume, ["bind", "dest-nofollow"])
    message = bundle.create_fails()
    assert "/place" in message and "symbolic link" in message
    bundle.config["mounts"][-1]["options"] = ["bind"]
    assert "/etc" in mounts(bundle)


def test_copy_symlink(bundle, volume):
    """/etc/localtime stays a link to the zone, so that programs know its name."""
    bundle.mount("/etc/localtime", "bind", volume / "link", ["bind", "copy-symlink"])
    bundle.mount("/etc/plain", "bind", volume / "file", ["bind", "copy-symlink"])
    assert bundle.run("readlink /etc/localtime; cat /etc/plain") == "file\nfile"
    assert "/etc/localtime" not in mounts(bundle)


def test_tmpcopyup_keeps_everything(bundle):
    """Files of an image that lose their times, capabilities or labels on the way break make, ping and more."""
    data = bundle.rootfs / "data"
    (data / "deep").mkdir(parents=True)
    (data / "deep/file").write_text("x" * 5000)
    os.setxattr(data / "deep/file", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    os.setxattr(data / "deep", "trusted.mark", b"directory")
    os.chown(data / "deep/file", 7, 8)
    os.chmod(data / "deep/file", 0o4751)
    os.setxattr(data / "deep/file", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    (data / "link").symlink_to("deep/file")
    for path, seconds in ((data / "deep/file", 1000000), (data / "deep", 2000000), (data / "link", 3000000),
                          (data, 4000000)):
        os.utime(path, (seconds, seconds), follow_symlinks=False)
    os.chmod(data, 0o1750)
    bundle.mount("/data", options=["tmpcopyup"])
    bundle.shell("exec sleep 1000000")
    container = bundle.start()
    root = f"/proc/{container.pid}/root/data"
    try:
        stats = {name: os.lstat(f"{root}/{name}") for name in ("deep/file", "deep", "link", "")}
        attributes = os.getxattr(f"{root}/deep/file", "security.capability"), os.getxattr(f"{root}/deep", "trusted.mark")
        text = open(f"{root}/link").read()
    finally:
        container.remove()
    assert [int(stats[name].st_mtime) for name in ("deep/file", "deep", "link", "")] == \
        [1000000, 2000000, 3000000, 4000000]
    assert attributes == (bytes.fromhex("0100000200200000000000000000000000000000"), b"directory")
    assert (stats["deep/file"].st_mode & 0o7777, stats[""].st_mode & 0o7777) == (0o4751, 0o1750)
    assert (stats["deep/file"].st_uid, stats["deep/file"].st_gid) == (7, 8) and text == "x" * 5000
