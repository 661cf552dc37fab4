# SPDX-License-Identifier: Apache-2.0
"""A file system whose server answers for its root directory and for nothing in it: who asks for a file waits
uninterruptibly, as for a server that is gone."""
import contextlib
import ctypes
import os
import pathlib
import select
import struct
import subprocess
import threading

LOOKUP, GETATTR, INIT, INTERRUPT = 1, 3, 26, 36
ENOSYS, MNT_DETACH = 38, 2
PARALLEL_DIROPS = 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


class Unanswered:
    def __init__(self, place):
        self.place = pathlib.Path(place)
        self.asked = threading.Event()
        if not os.path.exists("/dev/fuse"):
            subprocess.run(["modprobe", "fuse"], check=False)
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other"
        if libc.mount(b"unanswered", bytes(self.place), b"fuse", 0, options.encode()) < 0:
            raise OSError(ctypes.get_errno(), "mount")
        self.end, self.alive = os.pipe2(os.O_CLOEXEC)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        """Until the other end of the pipe is closed."""
        while not select.select([self.fd, self.end], [], [])[0].count(self.end):
            # Who asks may be killed before the question is read, and before it is answered.
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                request = os.read(self.fd, 1 << 17)
                _, opcode, unique, _ = struct.unpack_from("<IIQQ", request)
                body, error = self.answer(opcode)
                if body is not None:
                    os.write(self.fd, struct.pack("<IiQ", 16 + len(body), error, unique) + body)

    def answer(self, opcode):
        """None: it is never answered."""
        if opcode == INIT:
            return struct.pack("<IIIIHHII", 7, 31, 1 << 16, PARALLEL_DIROPS, 4, 3, 1 << 16, 1) + bytes(36), 0
        if opcode == GETATTR:
            return struct.pack("<QII6Q10I", 1000, 0, 0, 1, *[0] * 5, *[0] * 3, 0o40755, 2, 0, 0, 0, 4096, 0), 0
        if opcode in (LOOKUP, INTERRUPT):
            self.asked.set()
            return None, 0
        return b"", -ENOSYS

    def close(self):
        """Whoever waits gets an error."""
        os.close(self.alive)
        self.thread.join()
        os.close(self.fd)
        os.close(self.end)
        libc.umount2(bytes(self.place), MNT_DETACH)
