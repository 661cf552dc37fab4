#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tare-init is the only code of ours inside a container, and every page it dirties counts there: one
segment that is never writable, no loader, no relocation, no symbol left open, and small.

    init_binary.py LINKED STRIPPED
"""
import struct
import sys

LIMIT = 64 * 1024
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS, PT_STACK = 1, 2, 3, 7, 0x6474E551
EXECUTE, WRITE = 1, 2
SHT_SYMTAB, SHT_RELOCATIONS = 2, (4, 9, 19)


def headers(image, offset, size, count, layout):
    return [struct.unpack_from(layout, image, offset + i * size) for i in range(count)]


def read(path):
    """Program headers (type, flags, ..., file size, memory size, align), sections, and the bytes."""
    with open(path, "rb") as file:
        image = file.read()
    assert image[:5] == b"\x7fELF\x02", path + " is no 64-bit ELF file"
    programs, sections = struct.unpack_from("<QQ", image, 32)
    sizes = struct.unpack_from("<HHHH", image, 54)
    return (headers(image, programs, sizes[0], sizes[1], "<IIQQQQQQ"),
            headers(image, sections, sizes[2], sizes[3], "<IIQQQQIIQQ"), image)


def segment_faults(programs):
    for kind, flags, _, address, _, in_file, in_memory, _ in programs:
        if kind in (PT_DYNAMIC, PT_INTERP, PT_TLS):
            yield f"has a segment of type {kind}: a loader or a libc would be needed"
        if kind == PT_LOAD and flags & WRITE:
            yield f"segment at {address:#x} is writable: static data costs a page in each container"
        if kind == PT_LOAD and in_memory != in_file:
            yield f"segment at {address:#x} has {in_memory - in_file} bytes of .bss"
        if kind == PT_STACK and flags & EXECUTE:
            yield "its stack is executable"
    if PT_STACK not in [program[0] for program in programs]:
        yield "says nothing about its stack, which would be executable"


def symbol_faults(sections, image):
    for section in sections:
        if section[1] in SHT_RELOCATIONS and section[5]:
            yield f"has {section[5]} bytes of relocations"
        if section[1] != SHT_SYMTAB:
            continue
        names = sections[section[6]][4]
        for at in range(section[4] + 24, section[4] + section[5], 24):
            name, _, _, where = struct.unpack_from("<IBBH", image, at)
            if where == 0:
                start = names + name
                yield "undefined: " + image[start:image.index(b"\0", start)].decode()


def main():
    linked, stripped = sys.argv[1:]
    _, sections, image = read(linked)
    programs, _, small = read(stripped)
    faults = list(symbol_faults(sections, image)) + list(segment_faults(programs))
    if not any(section[1] == SHT_SYMTAB for section in sections):
        faults.append("has no symbol table to check")
    if len(small) >= LIMIT:
        faults.append(f"is {len(small)} bytes long, the limit is {LIMIT}")
    for fault in faults:
        print("tare-init", fault)
    print(f"tare-init: {len(small)} bytes")
    return bool(faults)


sys.exit(main())
