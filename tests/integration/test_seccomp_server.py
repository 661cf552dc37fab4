# SPDX-License-Identifier: Apache-2.0
"""A profile for a real server made by watching it, as in the example of tare-seccomp(1): Debian's redis."""
import json
import os
import re
import shlex
import socket
import subprocess

import pytest
from house import TREE, wait_until

DEBIAN = TREE / "build-inputs/debian/rootfs"
SERVER = ["redis-server", "--port", "0", "--unixsocket", "/data/redis.sock", "--dir", "/data"]


class Client:
    """What redis-cli does, with the server's own words."""

    def __init__(self, path):
        self.socket = None
        wait_until(lambda: self.connect(str(path)))
        self.stream = self.socket.makefile("rw", newline="")

    def connect(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            return False
        return True

    def __call__(self, *words):
        self.stream.write("".join(f"{word}\r\n" for word in (
            f"*{len(words)}", *(line for word in words for line in (f"${len(word)}", word)))))
        self.stream.flush()
        answer = self.stream.readline().strip()
        return self.stream.read(int(answer[1:]) + 2).strip() if answer[0] == "$" else answer

    def close(self):
        self.stream.close()
        self.socket.close()


@pytest.fixture
def redis(bundle):
    if not (DEBIAN / "usr/bin/redis-server").exists():
        pytest.skip("tools/test-inputs.sh has not run")
    data = bundle.path / "data"
    data.mkdir()
    os.chmod(data, 0o777)
    bundle.config["root"] = {"path": str(DEBIAN), "readonly": True}
    bundle.config["mounts"].append({"destination": "/data", "source": str(data), "options": ["bind"]})
    bundle.mount("/tmp", options=["mode=1777"])
    bundle.process.update(args=SERVER, user={"uid": 1000, "gid": 1000}, noNewPrivileges=True,
                          env=["PATH=/usr/bin:/bin", "LC_ALL=C"])
    return bundle


def use(bundle, process, id):
    """What a day with the server brings: a client, a save to disk by the server's child, an orderly end."""
    path = bundle.path / "data/redis.sock"
    client = Client(path)
    said = [client("SET", "greeting", "hello"), client("GET", "greeting"), client("BGSAVE")]
    wait_until(lambda: "rdb_bgsave_in_progress:0" in client("INFO", "persistence"))
    client.close()
    bundle.tare("kill", id, "TERM")
    assert process.wait() == 0
    path.unlink(missing_ok=True)
    return said


def served(bundle, *command):
    """Starts the server by a command that ends with the container's id, uses it and ends it."""
    id = bundle.tare.new_id()
    process = bundle.tare.start_process(*command, id, stdout=open(bundle.path / "log", "w"))
    try:
        return use(bundle, process, id)
    finally:
        if process.poll() is None:
            bundle.tare.try_("delete", "--force", id)
            process.wait()


EXPECTED = ["+OK", "hello", "+Background saving started"]


@pytest.mark.seconds(120)
def test_from_record_to_enforced_run(redis):
    """The promise of the manual: watch the server once, and it runs the same under the profile, and nothing else
    does in it."""
    profile = redis.path / "redis.json"
    redis.write()
    assert served(redis, "seccomp", "record", "--bundle", redis.path, "--output", profile) == EXPECTED
    said = redis.tare("seccomp", "explain", profile, "accept4", "ptrace")
    accepted, traced = said.split("ptrace\n")
    assert "SCMP_ACT_ALLOW" in accepted and "SCMP_ACT_ALLOW" not in traced
    redis.linux["seccomp"] = recorded = json.loads(profile.read_text())
    redis.write()
    assert served(redis, "run", "--bundle", redis.path) == EXPECTED
    names = {name for rule in recorded["syscalls"] for name in rule["names"]}
    assert not names & {"ptrace", "mount", "unshare", "symlinkat"}
    redis.process["args"] = ["/bin/ln", "-s", "a", "/tmp/b"]
    assert "Operation not permitted" in redis.try_run().err


def example():
    """The commands of the manual's example as one script."""
    blocks = re.findall(r"^\.Bd -literal -offset indent\n(.*?)^\.Ed$", (TREE / "man/tare-seccomp.1").read_text(), re.M | re.S)
    return "".join(blocks).replace("\\e", "\\")


def stand_in(directory, name, command):
    path = directory / name
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tare, tmp_path):
    """Where the example's commands are: the tree is not made again, and its redis-cli need not be installed."""
    if not (DEBIAN / "usr/bin/redis-cli").exists():
        pytest.skip("tools/test-inputs.sh has not run")
    stand_in(tmp_path, "tare", f'exec {shlex.join(tare.command())} "$@"')
    stand_in(tmp_path, "mmdebstrap", f'for last; do :; done; exec ln -s {DEBIAN} "$last"')
    library = next(DEBIAN.glob("usr/lib/*/libc.so.6")).parent
    loader = next(library.glob("ld-linux*"))
    stand_in(tmp_path, "redis-cli", f'exec {loader} --library-path {library} {DEBIAN}/usr/bin/redis-cli "$@"')
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.seconds(120)
def test_the_manuals_example(tare, machine, tmp_path):
    """Who follows the manual to the letter gets what it promises, down to the enforced run."""
    process = subprocess.Popen(["sh", "-eu"], cwd=tmp_path, env=machine, text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.stdin.write(example())
    process.stdin.close()
    client = None
    try:
        wait_until(lambda: process.poll() is not None or "redis" in tare.ids(), seconds=60)
        client = Client(tmp_path / "redis/data/redis.sock")
        assert client("GET", "greeting") == "hello"
        tare("kill", "redis", "TERM")
        said = process.stdout.read()
    finally:
        if client:
            client.close()
        for id in tare.ids():
            tare.try_("delete", "--force", id)
        process.kill()
        process.wait()
        process.stdout.close()
    assert "PONG\nOK\nhello\n" in re.sub(r"(?m)^\d+:.*\n", "", said), said
    assert re.search(r"(?m)^ptrace\n\t\S+ \(\d+\): SCMP_ACT_ERRNO 1 ", said), said
