#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a mount namespace whose root is this process's: tools/own-root.py COMMAND [ARGUMENT]...

In a chroot the kernel makes no user namespaces, and "/" is not what it is on a machine of its own.
Whoever tests there (a tree made by mmdebstrap is quickly made) gets the machine's view by this.
"""
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2
OPEN_TREE, MOVE_MOUNT = 428, 429  # on every architecture
CLONE, EMPTY_PATH, RECURSIVE, FROM_AND_TO_EMPTY = 1, 0x1000, 0x8000, 0x44


def call(function, *args):
    result = function(*args)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{function.__name__}: {os.strerror(code)}")
    return result


def main():
    directory = os.getcwd()
    call(libc.unshare, CLONE_NEWNS)
    root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    call(libc.setns, namespace, CLONE_NEWNS)  # to the namespace's own root; the chroot's "/" may be no mount
    call(libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
    tree = call(libc.syscall, OPEN_TREE, root, b"", CLONE | EMPTY_PATH | RECURSIVE)
    call(libc.syscall, MOVE_MOUNT, tree, b"", root, b"", FROM_AND_TO_EMPTY)
    os.fchdir(tree)
    call(libc.pivot_root, b".", b".")
    call(libc.umount2, b".", MNT_DETACH)
    os.chdir(directory)
    os.close(tree)
    os.close(root)
    os.close(namespace)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
