# SPDX-License-Identifier: Apache-2.0
"""The kernel and the initramfs of the test machine, made from Debian packages, kept in build-vm/.

Nothing is installed: the kernel's package is downloaded and unpacked. The stock generic kernel is
used (not the cloud flavour, which lacks 9p), so that what the tests see is what users run.
"""
import glob
import lzma
import os
import shutil
import subprocess
import sys

# What the initramfs loads; their dependencies are added from modules.dep.
MODULES = ("virtio_pci", "virtio_console", "virtio_rng", "9p", "9pnet_virtio", "overlay")
HERE = os.path.dirname(os.path.abspath(__file__))
BUSYBOX = ("/bin/busybox", "/usr/bin/busybox")


def output(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def archives_of(release):
    """Lines of a sources.list: this distribution's archives with their suites of another release."""
    here = [line.split() for line in output(os.path.join(HERE, "../../tools/archives.sh")).splitlines()]
    own = min((suite for _, suite, *_ in here), key=len)
    return "".join(f"deb {uri} {release}{suite[len(own):]} {' '.join(components)}\n"
                   for uri, suite, *components in here)


def apt_options(cache, release):
    """Makes apt see another release, by package lists of its own below cache."""
    own = ["-o", "APT::Sandbox::User=root"]
    if not release:
        return own
    state = os.path.join(cache, "apt")
    own += ["-o", f"Dir::Etc::SourceList={state}/sources.list", "-o", "Dir::Etc::SourceParts=/dev/null",
            "-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={state}/cache"]
    if not os.path.exists(state + "/done"):
        for name in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(state, name), exist_ok=True)
        with open(state + "/sources.list", "w") as file:
            file.write(archives_of(release))
        subprocess.run(["apt-get", "-qq", *own, "update"], check=True, stdout=sys.stderr)
        open(state + "/done", "w").close()
    return own


def kernel_package(apt):
    """linux-image-6.1.0-99-amd64, which the meta package linux-image-amd64 depends on."""
    for line in output("apt-cache", *apt, "depends", "linux-image-amd64").splitlines():
        kind, _, name = line.strip().partition(": ")
        if kind == "Depends" and name.startswith("linux-image-"):
            return name
    raise SystemExit("tests/vm: apt knows no linux-image-amd64: run apt-get update")


def unpack_kernel(cache, release):
    """Downloads and unpacks the kernel once; returns the tree's path."""
    tree = os.path.join(cache, "kernel")
    if os.path.exists(os.path.join(tree, "done")):
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    apt = apt_options(cache, release)
    subprocess.run(["apt-get", "-qq", *apt, "download", kernel_package(apt)], check=True, cwd=tree)
    for deb in glob.glob(tree + "/*.deb"):
        subprocess.run(["dpkg", "-x", deb, tree], check=True)
        os.unlink(deb)
    open(os.path.join(tree, "done"), "w").close()
    return tree


def only(pattern):
    found = glob.glob(pattern)
    if len(found) != 1:
        raise SystemExit(f"tests/vm: expected one {pattern}, found {len(found)}")
    return found[0]


def plain_kernel(vmlinuz):
    """The ELF inside a bzImage: an emulated processor takes seconds to decompress it, we do not.
    None when it is not packed with xz; the bzImage boots as well."""
    with open(vmlinuz, "rb") as file:
        image = file.read()
    start = image.find(b"\xfd7zXZ\x00")
    if start < 0:
        return None
    try:
        elf = lzma.LZMADecompressor().decompress(image[start:])
    except lzma.LZMAError:
        return None
    return elf if elf.startswith(b"\x7fELF") else None


def module_files(modules):
    """Paths below modules/ in the order insmod wants them."""
    needs = {}
    for line in open(modules + "/modules.dep"):
        path, _, dependencies = line.partition(":")
        name = os.path.basename(path).split(".ko")[0].replace("-", "_")
        needs[name] = [*reversed(dependencies.split()), path]
    ordered = []
    for name in MODULES:
        for path in needs.get(name, ()):  # absent: built into the kernel
            if path not in ordered:
                ordered.append(path)
    return ordered


def unpacked(path):
    """A module's bytes; newer Debian releases ship them compressed with xz."""
    with open(path, "rb") as file:
        data = file.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def write_initramfs(modules, work, target):
    shutil.rmtree(work, ignore_errors=True)
    for name in ("bin", "proc", "sys", "dev", "lower", "memory", "root", "host", "results", "mod"):
        os.makedirs(os.path.join(work, name))
    shutil.copy(next(path for path in BUSYBOX if os.path.exists(path)), work + "/bin/busybox")
    shutil.copy(os.path.join(HERE, "init"), work + "/init")
    os.chmod(work + "/init", 0o755)
    with open(work + "/mod/order", "w") as order:
        for path in module_files(modules):
            name = os.path.basename(path).split(".ko")[0] + ".ko"
            with open(f"{work}/mod/{name}", "wb") as file:
                file.write(unpacked(os.path.join(modules, path)))
            order.write(name + "\n")
    names = output("find", ".", cwd=work)
    with open(target, "wb") as file:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], input=names, text=True, check=True,
                       cwd=work, stdout=file, stderr=subprocess.DEVNULL)
    shutil.rmtree(work)


def prepare(cache, release=None):
    """Makes what is missing in cache. Returns the paths of kernel, initramfs and modules: of this
    machine's release of Debian or of the one named."""
    if release:
        cache = os.path.join(cache, release)
    os.makedirs(cache, exist_ok=True)
    tree = unpack_kernel(cache, release)
    modules = os.path.realpath(only(tree + "/lib/modules/*") if os.path.isdir(tree + "/lib/modules")
                               else only(tree + "/usr/lib/modules/*"))
    if not os.path.exists(modules + "/modules.dep"):
        above = modules[:modules.index("/lib/modules/")]
        subprocess.run(["depmod", "-b", above, os.path.basename(modules)], check=True)
    kernel, initramfs = cache + "/vmlinux", cache + "/initramfs"
    if not os.path.exists(kernel):
        vmlinuz = only(tree + "/boot/vmlinuz-*")
        with open(kernel + ".new", "wb") as file:
            file.write(plain_kernel(vmlinuz) or open(vmlinuz, "rb").read())
        os.rename(kernel + ".new", kernel)
    newest = max(os.path.getmtime(os.path.join(HERE, name)) for name in ("init", "image.py"))
    if not os.path.exists(initramfs) or os.path.getmtime(initramfs) < newest:
        write_initramfs(modules, f"{cache}/initramfs.{os.getpid()}.d", initramfs + ".new")
        os.rename(initramfs + ".new", initramfs)
    return kernel, initramfs, modules
