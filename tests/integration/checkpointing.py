# SPDX-License-Identifier: Apache-2.0
"""What the tests of checkpoint and restore share: whether CRIU works here, programs that count, networks."""
import os
import shutil
import subprocess
import tempfile

import pytest

from house import PATIENCE, TREE, read_line, wait_until


def why_not():
    """Why CRIU cannot be used here, or None. `criu check` takes a second: one question for all tests."""
    if not shutil.which("criu"):
        return "the package criu is not installed"
    check = subprocess.run(["criu", "check"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check.returncode:
        return "criu check: " + (check.stdout.strip().splitlines() or ["fails"])[-1]
    return None if dump_ends() else "criu dump of a process that sleeps does not end"


def dump_ends():
    """CRIU before 4.2 waits for a hardware breakpoint, for ever on virtual machines that have none and do not say so."""
    with tempfile.TemporaryDirectory() as image:
        sleeper = subprocess.Popen(["sleep", "1000000"], start_new_session=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # What it says of anything else is for the tests.
            subprocess.run(["criu", "dump", "--tree", str(sleeper.pid), "--images-dir", image],
                           timeout=60 * PATIENCE,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return True
        except subprocess.TimeoutExpired:
            return False
        finally:
            sleeper.kill()
            sleeper.wait()


REASON = why_not()
needs_criu = pytest.mark.skipif(REASON is not None, reason=str(REASON))
# Costly ones: tools/test.sh criu, with the CRIU of this release and of the next.
costly = [pytest.mark.skipif(os.environ.get("TARE_CRIU") != "1", reason="only with TARE_CRIU=1"), needs_criu,
          pytest.mark.seconds(200)]
DEBIAN = TREE / "build-inputs/debian/rootfs"
# A link's text is the number: no file is ever open, which at the restore of a container that ran on would have to be
# there as it was at the dump. Between the two commands it may be dumped too; then there is nothing to move.
COUNT = ("i=0; while :; do i=$((i+1)); ln -sf $i /data/new; mv /data/new /data/count 2> /dev/null; echo $i; sleep 0.1; "
         "done")


class Counter:
    """A container that counts to its standard output, a pipe, and to a file in a volume."""

    def __init__(self, bundle, tmp_path):
        self.bundle, self.tare = bundle, bundle.tare
        self.volume = tmp_path / "volume"
        self.volume.mkdir()
        bundle.mount("/data", "bind", self.volume, ["bind"])
        bundle.config["root"]["readonly"] = False
        bundle.shell(COUNT)
        self.out, self.into = os.pipe()
        self.image = tmp_path / "image"

    def debian(self, *args):
        """A program of a Debian tree."""
        if not DEBIAN.is_dir():
            pytest.skip("tools/test-inputs.sh has not run")
        (DEBIAN / "data").mkdir(exist_ok=True)
        self.bundle.config["root"] = {"path": str(DEBIAN), "readonly": True}
        self.bundle.process.update(args=list(args), env=["PATH=/usr/bin:/bin", "LC_ALL=C"])

    def run(self):
        self.bundle.write()
        id = self.tare.new_id()
        self.call("run", "-d", "--bundle", self.bundle.path, id)
        read_line(self.out)
        return id

    def call(self, *args):
        """With its output in the pipe, where the container's is to go."""
        process = subprocess.run(self.tare.command(*args), stdin=subprocess.DEVNULL, stdout=self.into,
                                 stderr=subprocess.STDOUT, timeout=300 * PATIENCE)
        assert process.returncode == 0, os.read(self.out, 65536).decode()

    def checkpoint(self, id, *options):
        return self.tare("checkpoint", "--image-path", self.image, *options, id, timeout=150)

    def refused(self, id, *options):
        """The message of a checkpoint that must fail; the container runs on."""
        message = self.tare.fails("checkpoint", "--image-path", self.image, *options, id, timeout=150)
        assert self.tare.status(id) == "running"
        self.goes_on()
        return message

    def restore(self, *options, bundle=None, id=None):
        id = id or self.tare.new_id()
        self.call("restore", "-d", "--image-path", self.image, "--bundle", (bundle or self.bundle).path, *options,
                  id)
        return id

    def count(self):
        return int(os.readlink(self.volume / "count"))

    def goes_on(self):
        before = self.count()
        wait_until(lambda: self.count() > before)

    def close(self):
        os.close(self.out)
        os.close(self.into)


@pytest.fixture
def counter(bundle, tmp_path):
    counter = Counter(bundle, tmp_path)
    yield counter
    counter.close()
    for id in bundle.tare.ids():
        bundle.tare("delete", "--force", id)


def two_networks():
    """Two processes in network namespaces of their own, with a cable between them."""
    holders = []
    for _ in range(2):
        holders.append(subprocess.Popen(["unshare", "-n", "sh", "-c", "echo there; exec sleep 1000000"],
                                        stdout=subprocess.PIPE))
        read_line(holders[-1].stdout.fileno())
    a, b = (holder.pid for holder in holders)
    subprocess.run(["nsenter", "-t", str(a), "-n", "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1",
                    "netns", str(b)], check=True)
    for pid, device, address in ((a, "v0", "10.99.0.1/24"), (b, "v1", "10.99.0.2/24")):
        for words in (("addr", "add", address, "dev", device), ("link", "set", device, "up")):
            subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", *words], check=True)
    return holders
