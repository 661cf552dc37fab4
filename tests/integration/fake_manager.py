# SPDX-License-Identifier: Apache-2.0
"""A stand-in for systemd on a bus of its own, for the answers that the real one seldom gives. It moves processes into
scopes below the cgroup of the caller's choice and ends them, or fails at any point in any way."""
import socket
import struct
import threading

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
MANAGER = "org.freedesktop.systemd1.Manager"


def pad(data, to):
    return data + b"\0" * (-len(data) % to)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def signature(value):
    return bytes([len(value)]) + value.encode() + b"\0"


def fields(rows):
    """The array of header fields: (code, type, value)."""
    data = b""
    for code, type, value in rows:
        data = pad(data, 8) + bytes([code]) + signature(type)
        if type == "g":
            data += signature(value)
        else:
            data = pad(data, 4) + (struct.pack("<I", value) if type == "u" else text(value))
    return struct.pack("<I", len(data)) + data


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form, size):
        self.at += -self.at % size
        self.at += size
        return struct.unpack_from(form, self.data, self.at - size)[0]

    def text(self):
        length = self.number("<I", 4)
        self.at += length + 1
        return self.data[self.at - length - 1:self.at - 1].decode()

    def signature(self):
        length = self.number("<B", 1)
        self.at += length + 1
        return self.data[self.at - length - 1:self.at - 1].decode()


def header(data):
    """{code: value} of a whole message, and its body."""
    reader, found = Reader(data), {}
    reader.at = 12
    end = 16 + reader.number("<I", 4)
    while reader.at < end:
        reader.at += -reader.at % 8
        code, type = reader.number("<B", 1), None
        type = reader.signature()
        found[code] = {"u": lambda: reader.number("<I", 4), "g": reader.signature}.get(type, reader.text)()
    return found, data[(end + 7) // 8 * 8:]


def holder_of(body):
    """The process id in the property PIDs of a StartTransientUnit."""
    at = body.index(b"\4\0\0\0PIDs\0\2au\0")
    reader = Reader(body)
    reader.at = at + 13
    reader.number("<I", 4)
    return reader.number("<I", 4)


class FakeManager:
    """Listens at a path. faults: for each member called, a function that gets the connection and does what it wants in
    place of what systemd does; what it returns (True) says whether that is to be done all the same."""

    def __init__(self, path, slice):
        self.slice, self.faults, self.calls = slice, {}, []
        self.address = f"unix:path={path}"
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(path))
        self.server.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=Connection(self, client).serve, daemon=True).start()


class Connection:
    def __init__(self, manager, client):
        self.manager, self.client, self.serial = manager, client, 0
        self.call = None

    def send(self, type, rows, body=b""):
        self.serial += 1
        head = struct.pack("<cBBBII", b"l", type, 0, 1, len(body), self.serial) + fields(rows)
        self.client.sendall(pad(head, 8) + body)

    def reply(self, type="", body=b""):
        self.send(RETURN, [(5, "u", self.call)] + ([(8, "g", type)] if type else []), body)

    def error(self, name, words=None):
        self.send(ERROR, [(5, "u", self.call), (4, "s", name)] + ([(8, "g", "s")] if words else []),
                  text(words) if words else b"")

    def job(self):
        self.reply("o", text("/org/freedesktop/systemd1/job/1"))

    def job_removed(self, unit, result="done"):
        body = struct.pack("<I", 1) + text("/org/freedesktop/systemd1/job/1")
        body = pad(body, 4) + text(unit)
        body = pad(body, 4) + text(result)
        self.send(SIGNAL, [(1, "o", "/org/freedesktop/systemd1"), (2, "s", MANAGER), (3, "s", "JobRemoved"),
                           (8, "g", "uoss")], body)

    def receive(self, size):
        data = b""
        while len(data) < size:
            more = self.client.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def message(self):
        head = self.receive(16)
        body, rows = struct.unpack_from("<I", head, 4)[0], struct.unpack_from("<I", head, 12)[0]
        self.call = struct.unpack_from("<I", head, 8)[0]
        found, data = header(head + self.receive((rows + 7) // 8 * 8 + body))
        return found[3], data

    def serve(self):
        try:
            self.receive(len(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"))
            self.client.sendall(b"DATA\r\nOK 0123456789\r\n")
            while True:
                self.answer(*self.message())
        except OSError:
            self.client.close()

    def answer(self, member, body):
        self.manager.calls.append(member)
        fault = self.manager.faults.get(member)
        if fault and not fault(self, body):
            return
        getattr(self, member)(body)

    def Hello(self, body):
        self.reply("s", text(":1.1"))

    def AddMatch(self, body):
        self.reply()

    def ResetFailedUnit(self, body):
        self.reply()

    def SetUnitProperties(self, body):
        self.reply()

    def GetUnit(self, body):
        self.reply("o", text("/org/freedesktop/systemd1/unit/x"))

    def StartTransientUnit(self, body):
        unit = Reader(body).text()
        self.move(unit, holder_of(body))
        self.job()
        self.job_removed(unit)

    def move(self, unit, pid):
        place = self.manager.slice / unit
        place.mkdir(parents=True)
        (place / "cgroup.procs").write_text(str(pid))

    def StopUnit(self, body):
        unit = Reader(body).text()
        if not (self.manager.slice / unit).exists():
            self.error("org.freedesktop.systemd1.NoSuchUnit", f"Unit {unit} not loaded.")
            return
        self.job()
        (self.manager.slice / unit / "cgroup.kill").write_text("1")
        self.job_removed(unit)


def hang_up(connection, body):
    connection.client.shutdown(socket.SHUT_RDWR)

