#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rules.py TREE: calls and constructs that are forbidden, by room.

What a user loses if this fails: most holes in container runtimes were one path under a container's
root given to one system call too many. Here that is a table.
"""
import pathlib
import re
import subprocess
import sys

import source

EVERYWHERE = set(source.ROOMS)
BY_PATH = (r"open|creat|mkdir|mknod|symlink|link|unlink|rmdir|rename|chmod|chown|lchown|truncate|stat|lstat|"
           r"access|readlink")
# (rooms, files excepted, pattern, reason)
RULES = [
    (EVERYWHERE, (), r"\bgoto\b", "ownership is by scope"),
    (EVERYWHERE, (), r"\b(?:strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|mktemp|tmpnam)\s*\(",
     "writes without knowing where the end is"),
    (EVERYWHERE, (), r"\b(?:system|popen)\s*\(", "no shell"),
    (EVERYWHERE, (), r"\b(?:sleep|usleep|nanosleep|clock_nanosleep)\s*\(", "wait for the event"),
    (EVERYWHERE, (), r"\b(?:atoi|atol|atoll|sscanf)\s*\(", "parse strictly: base/text.h"),
    (EVERYWHERE - {"base", "init"}, ("plan/plan.c",), r"(?<![\w.>])(?:close|free|fclose)\s*\(", "owned by a scope: base/fd.h"),
    (EVERYWHERE - {"base"}, ("init/arch/",), r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b", "differences between systems are base's"),
    ({"init"}, (), rf"(?<![\w.>])(?:{BY_PATH})\s*\(", "openat2 and the *at calls below a descriptor only"),
    ({"init"}, (), rf"__NR_(?:{BY_PATH}|openat)\b", "openat2 and the *at calls below a descriptor only"),
    ({"plan", "namespaces", "spec"}, (),
     rf"(?<![\w.>])(?:{BY_PATH}|openat|read|write|mount|umount2?|ioctl|prctl|fork|vfork|execve|socket|syscall)\s*\(",
     "pure code makes no system call"),
    # host_root.c: by a descriptor of what it has made sure of.
    (EVERYWHERE - {"base", "init"}, ("runtime/host_root.c",), r"(?<![\w.>])(?:chroot|pivot_root|mount|umount2?|mknod|mknodat|symlink)\s*\(",
     "acts under a root file system: tare-init's"),
    (EVERYWHERE, (), r"\b(?:TODO|FIXME|XXX)\b", "an issue, not a comment"),
]
SPDX = "SPDX-License-Identifier: Apache-2.0"
TEXTS = (".c", ".h", ".S", ".py", ".sh", ".build")


def broken(file):
    for rooms, excepted, pattern, reason in RULES:
        if file.room not in rooms or file.name.startswith(excepted or ("\0",)):
            continue
        text = file.text if "TODO" in pattern else file.code
        for match in re.finditer(pattern, text, re.M):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{file.name}:{line}: {match.group(0).strip()}: {reason}"


def without_licence(tree):
    names = subprocess.run(["git", "-C", tree, "ls-files", "-co", "--exclude-standard"], text=True,
                           stdout=subprocess.PIPE).stdout.split("\n")
    for name in names:
        path = pathlib.Path(tree, name)
        if path.suffix in TEXTS and path.is_file() and path.stat().st_size:
            with path.open() as file:
                head = [file.readline() for _ in range(2)]
            if not any(SPDX in line for line in head):
                yield f"{name}: no line with {SPDX}"


def main(tree):
    sources = source.files(tree)
    said = [problem for file in sources for problem in broken(file)] + list(without_licence(tree))
    print("\n".join(said) or f"{len(sources)} files, {len(RULES)} rules")
    return bool(said)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
