# SPDX-License-Identifier: Apache-2.0
"""A seccomp agent for tests: makes mkdir succeed, without a directory, where the path says "emulated"."""
import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import threading

from house import wait_until

RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_*, seccomp_unotify(2)
CONTINUE = 1
REQUEST, ANSWER = "=QIIiIQ6Q", "=QqiI"
MKDIR_PATH = {"x86_64": {83: 0, 258: 1}, "aarch64": {34: 1}}[os.uname().machine]


class Agent:
    def __init__(self, path):
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(path))
        self.server.listen()
        self.states, self.paths, self.failure = [], [], None
        self.wake, self.end = os.pipe()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def wait_for_states(self, count):
        """The states sent so far, once there are so many."""
        wait_until(lambda: len(self.states) >= count)
        return self.states

    def stop(self):
        os.close(self.end)
        self.thread.join()
        self.server.close()
        os.close(self.wake)
        assert not self.failure, self.failure

    def _serve(self):
        listeners = []
        try:
            while True:
                ready = select.select([self.wake, self.server, *listeners], [], [])[0]
                if self.wake in ready:
                    break
                if self.server in ready:
                    listeners.append(self._accept())
                for listener in set(ready) & set(listeners):
                    if not self._answer(listener):
                        listeners.remove(listener)
                        os.close(listener)
        except Exception as error:  # the test that waits for an answer has to be told
            self.failure = error
        for listener in listeners:
            os.close(listener)

    def _accept(self):
        """One state and one descriptor a connection, which is closed behind them."""
        connection, _ = self.server.accept()
        with connection:
            text, fds, _, _ = socket.recv_fds(connection, 1 << 20, 4)
            while more := connection.recv(1 << 20):
                text += more
        state = json.loads(text)
        assert len(fds) == len(state["fds"]) == 1, (fds, state)
        self.states.append(state)
        return fds[0]

    def _answer(self, listener):
        """False when the last process with the filter is gone."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        events = poll.poll(0)
        if not events:  # the caller was killed meanwhile
            return True
        if not events[0][1] & select.POLLIN:
            return False
        request = ctypes.create_string_buffer(struct.calcsize(REQUEST))
        try:
            fcntl.ioctl(listener, RECEIVE, request)
            id, pid, _, number, _, _, *args = struct.unpack(REQUEST, request.raw)
            path = self._text(pid, args[MKDIR_PATH[number]])
            self.paths.append(path)
            emulated = "emulated" in path
            fcntl.ioctl(listener, SEND, struct.pack(ANSWER, id, 0, 0, 0 if emulated else CONTINUE))
        except (FileNotFoundError, ProcessLookupError):  # the caller was killed meanwhile
            pass
        return True

    @staticmethod
    def _text(pid, address):
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(256).split(b"\0")[0].decode()
