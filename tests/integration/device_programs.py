# SPDX-License-Identifier: Apache-2.0
"""Device programs on a cgroup that are not tare's: what a GPU's hook or an operator's tool attaches."""
import ctypes
import os
import platform
import struct

NUMBER = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
LOAD, ATTACH, DETACH, OPEN_BY_ID, INFO, QUERY = 5, 8, 9, 13, 15, 16
CGROUP_DEVICE_TYPE, CGROUP_DEVICE, ALLOW_MULTI, REPLACE = 15, 6, 2, 4
libc = ctypes.CDLL(None, use_errno=True)


def call(command, attributes):
    """bpf(2); (result, the attributes as they are then)."""
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    result = libc.syscall(NUMBER, command, buffer, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return result, buffer.raw


def load(name, allow=True):
    """A program that says the same of every device."""
    code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xb7, 0, 0, int(allow), 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    attributes = struct.pack("<IIQQIIQII16sII", CGROUP_DEVICE_TYPE, 2, ctypes.addressof(code),
                             ctypes.addressof(licence), 0, 0, 0, 0, 0, name.encode(), 0, CGROUP_DEVICE)
    return call(LOAD, attributes)[0]


class Programs:
    """Those of one cgroup."""

    def __init__(self, group):
        self.fd = os.open(group, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def attach(self, name, instead_of=None):
        program, old = load(name), self.open(instead_of) if instead_of else 0
        flags = ALLOW_MULTI | (REPLACE if instead_of else 0)
        call(ATTACH, struct.pack("<IIIII", self.fd, program, CGROUP_DEVICE, flags, old))
        os.close(program)
        if old:
            os.close(old)

    def detach(self, name):
        program = self.open(name)
        try:
            call(DETACH, struct.pack("<III", self.fd, program, CGROUP_DEVICE))
        finally:
            os.close(program)

    def ids(self):
        room = (ctypes.c_uint32 * 64)()
        _, said = call(QUERY, struct.pack("<IIIIQI", self.fd, CGROUP_DEVICE, 0, 0, ctypes.addressof(room), 64))
        return list(room[:struct.unpack_from("<I", said, 24)[0]])

    def named(self):
        """(name, descriptor) of each in turn, which is closed behind it. One that somebody takes away meanwhile is gone."""
        for id in self.ids():
            try:
                program = call(OPEN_BY_ID, struct.pack("<I", id))[0]
            except FileNotFoundError:
                continue
            info = ctypes.create_string_buffer(256)
            call(INFO, struct.pack("<IIQ", program, 256, ctypes.addressof(info)))
            try:
                yield info.raw[64:80].rstrip(b"\0").decode(), program
            finally:
                os.close(program)

    def names(self):
        return sorted(name for name, _ in self.named())

    def open(self, name):
        return next(os.dup(program) for found, program in self.named() if found == name)
