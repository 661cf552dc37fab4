# SPDX-License-Identifier: Apache-2.0
"""What the attack tests share: their helper programs and how a container is given them."""
import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

from house import TREE

SOURCES = pathlib.Path(__file__).resolve().parent / "attacks"


@functools.cache
def workshop():
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"tare-attacks.{os.getpid()}."))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    os.chmod(path, 0o755)
    return path


def built(source):
    """Kept for the runs to come: an emulated compiler takes as long as many a test."""
    path = TREE / "build-attacks" / source.stem
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        path.parent.mkdir(exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        subprocess.run(["gcc", "-std=gnu17", "-O1", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-static", "-pthread",
                        "-o", new, source], check=True)
        new.rename(path)
    return path


@functools.cache
def program(name):
    """A helper of attacks/, static so that it runs in any root file system, where any user may run it."""
    return pathlib.Path(shutil.copy(built(SOURCES / f"{name}.c"), workshop()))


def give(bundle, name):
    """Puts a helper into the image; its path there."""
    shutil.copy(program(name), bundle.rootfs / "bin" / name)
    return f"/bin/{name}"


def allow(bundle, *capabilities):
    for kind in ("bounding", "effective", "permitted"):
        listed = bundle.process["capabilities"].setdefault(kind, [])
        listed += [name for name in capabilities if name not in listed]


def map_users(bundle, base=100000, size=65536):
    """A new user namespace whose root is nobody outside, and an image that belongs to it."""
    mapping = [{"containerID": 0, "hostID": base, "size": size}]
    bundle.namespace("user")
    bundle.linux.update(uidMappings=mapping, gidMappings=mapping)
    for parent, directories, files in os.walk(bundle.rootfs):
        for name in [".", *directories, *files]:
            path = os.path.join(parent, name)
            status = os.lstat(path)
            if status.st_uid < base:
                os.lchown(path, status.st_uid + base, status.st_gid + base)
    for path in (bundle.path, *list(bundle.path.parents)[:-2]):
        os.chmod(path, os.stat(path).st_mode | 0o111)
