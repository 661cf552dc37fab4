#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""containerd's checkpoints with ctr: images of tasks that stay or go, and containers from them."""
import os

from compare import COUNT_UP, Script, wait_until
from containerd import Containerd
from podman import need

need("criu")
script = Script(__file__, Containerd)


def count(ctr, name):
    outcome = ctr.exec(name, "readlink", "/count")
    return int(outcome.out or 0)


def counting(ctr, name):
    ctr.detach(name, COUNT_UP)
    return wait_until(lambda: count(ctr, name), step=0.2)


def goes_on(ctr, name):
    before = count(ctr, name)
    wait_until(lambda: count(ctr, name) > before, step=0.2)


def checkpoint_of(name):
    return ("containers", "checkpoint", "--rw", "--image", "--task", name, f"localhost/checkpoint/{name}:latest")


@script.case
def left_running(ctr):
    """a checkpoint can be taken of a task that goes on; the image is in the directory that was named."""
    counting(ctr, "on")
    image = ctr.directory / "image"
    ctr("tasks", "checkpoint", "--image-path", image, "--work-path", ctr.directory / "work", "on")
    goes_on(ctr, "on")
    seen = [ctr.status("on"), "inventory.img" in os.listdir(image)]
    ctr.remove("on")
    return seen


@script.case
def restored(ctr):
    """a container is made from the checkpoint of another with its files and its processes, and lives as others do."""
    begun = counting(ctr, "first")
    ctr(*checkpoint_of("first"))
    ctr.remove("first")
    ctr("containers", "restore", "--rw", "--live", "second", "localhost/checkpoint/first:latest")
    goes_on(ctr, "second")
    assert count(ctr, "second") > begun
    seen = [ctr.status("second"), ctr.exec("second", "cat", "/proc/self/cgroup").out.replace(ctr.namespace, "N")]
    ctr("tasks", "pause", "second")
    seen.append(ctr.status("second"))
    ctr("tasks", "resume", "second")
    ctr("tasks", "kill", "-s", "KILL", "second")
    wait_until(lambda: ctr.status("second") == "STOPPED", step=0.2)
    ctr.remove("second")
    return seen


if __name__ == "__main__":
    script.main()
