#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""variables.py LIBRARY...: no object of a room has writable data, but the log's sink.

What a user loses if this fails: a library that runs many containers in one process cannot keep one of
them in a variable.
"""
import re
import subprocess
import sys

ALLOWED = {"log.c.o"}
ROW = re.compile(r"^\S+ .{7} (\.data|\.bss|\.tdata|\.tbss|\*COM\*)(?:\.\S+)?\t(\S+) +(.+)$")


def main(*libraries):
    said = []
    for library in libraries:
        member = ""
        table = subprocess.run(["objdump", "-t", library], check=True, text=True, stdout=subprocess.PIPE).stdout
        for line in table.splitlines():
            if "file format" in line:
                member = line.split(":")[0]
            match = ROW.match(line)
            if not match or " .data.rel.ro" in line or int(match.group(2), 16) == 0:
                continue
            if not any(member.endswith(name) for name in ALLOWED):
                said.append(f"{member}: {match.group(3)} is writable")
    print("\n".join(said) or f"{len(libraries)} libraries without a variable")
    return bool(said)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
