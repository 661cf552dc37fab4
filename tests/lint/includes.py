#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""includes.py TREE: the rooms' allowed edges (HACKING.md), the libraries' places, no cycle between files.

What a user loses if this fails: the walls. tare-init may contain nothing but itself, the plan
must be makeable without touching a system; an include is how such rules are first broken.
"""
import sys

import source

ALLOWED = {
    "base": {"base"},
    "spec": {"base", "spec"},
    "plan": {"base", "plan"},
    "namespaces": {"base", "spec", "plan", "namespaces"},
    "cgroups": {"base", "spec", "plan", "cgroups"},
    "seccomp": {"base", "spec", "plan", "seccomp"},
    "init": {"init"},
    "runtime": set(source.ROOMS),
}
ALSO = {("init", "plan/format.h")}
LIBRARIES = {"jansson.h": {"spec", "runtime"}, "seccomp.h": {"seccomp"}}
# A freestanding program has the compiler's headers and the kernel's.
INIT_SYSTEM = ("linux/", "asm/", "stddef.h", "stdint.h", "stdarg.h", "stdbool.h")
GENERATED = {"version_tag.h", "arch.h"}


def problems(file):
    for name, ours in file.includes():
        room = name.split("/")[0]
        if not ours:
            if file.room not in LIBRARIES.get(name, {file.room}):
                yield f"<{name}> belongs to {', '.join(sorted(LIBRARIES[name]))}"
            if file.room == "init" and not name.startswith(INIT_SYSTEM):
                yield f"<{name}>: tare-init has no libc"
        elif room in source.ROOMS:
            if room not in ALLOWED[file.room] and (file.room, name) not in ALSO:
                yield f"{file.room}/ may not include {name}"
        elif name not in GENERATED and not (file.path.parent / name).exists():
            yield f"{name} is not written from the project's root"


def cycle(sources):
    """One cycle of includes as a list of names, or None."""
    graph = {file.name: [name for name, ours in file.includes() if ours] for file in sources}
    done = set()

    def visit(name, path):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return None
        for below in graph.get(name, ()):
            found = visit(below, path + [name])
            if found:
                return found
        done.add(name)
        return None
    return next(filter(None, (visit(name, []) for name in graph)), None)


def main(tree):
    sources = source.files(tree, suffixes=(".c", ".h", ".S"))
    said = [f"{file.name}: {problem}" for file in sources for problem in problems(file)]
    found = cycle(sources)
    if found:
        said.append("a cycle: " + " -> ".join(found))
    print("\n".join(said) or f"{len(sources)} files, no edge that is not allowed, no cycle")
    return bool(said)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
