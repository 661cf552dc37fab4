# SPDX-License-Identifier: Apache-2.0
"""Somebody at a terminal, played by a pty."""
import fcntl
import os
import pty
import struct
import termios

from house import read_line


def size_of(fd):
    return struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))[:2]


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class User:
    """Somebody at a terminal who runs the command in it."""

    def __init__(self, tare, *args, rows=30, columns=100):
        self.tare, self.id = tare, args[-1] if args[0] in ("run", "restore") else None
        self.master, self.slave = pty.openpty()
        resize(self.slave, rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.process = tare.start_process(*args, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                          start_new_session=True, preexec_fn=self.take_terminal)

    def take_terminal(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def type(self, text):
        os.write(self.master, text.encode())

    def line(self):
        """The next line of the program's; warnings about the config come first."""
        line = read_line(self.master)
        return self.line() if line.startswith("tare: warning: ") else line

    def lines_until(self, word):
        lines = []
        while word not in (lines or [""])[-1]:
            lines.append(self.line())
        return lines

    def wait(self):
        return self.process.wait()

    def close(self):
        if self.id and self.process.poll() is None:
            self.tare.try_("kill", self.id, "KILL")  # it may be ending by itself
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)
