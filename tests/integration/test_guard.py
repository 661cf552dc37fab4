# SPDX-License-Identifier: Apache-2.0
"""A test run that is killed leaves nothing running. Who tests attacks at work would have the attackers at home."""
import pathlib
import signal
import subprocess
import sys
import textwrap

import leaks
import pytest
from house import IN_VM, alive, read_line, wait_until

RUN = """
import os, subprocess, sys
sys.path.insert(0, {here!r})
import guard, leaks
leaks.enter_private_world()
guard.stand(({place!r},), ({prefix!r},))
subprocess.run({command!r}, check=True, stdout=subprocess.DEVNULL)
spinning = subprocess.Popen(["sh", "-c", "while :; do :; done"])
print(spinning.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL] if IN_VM else [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
@pytest.mark.parametrize("cgroup", [True, False])
def test_killed_run(bundle, tare, tmp_path, how, cgroup):
    """Containers, with a cgroup of their own or without, and helpers of the run end with it."""
    bundle.shell("while :; do :; done").write()
    id = tare.new_id()
    script = RUN.format(here=str(pathlib.Path(__file__).parent), place=f"{tmp_path.name}/",
                        prefix=tare.prefix if cgroup else "no cgroup is called so",
                        command=tare.command("run", "--detach", "--bundle", bundle.path, id))
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE)
    helper = int(read_line(run.stdout.fileno()))
    pids = [tare.state(id)["pid"], helper]
    if how:
        run.send_signal(how)
    else:
        run.stdin.close()
    run.wait()
    for pid in pids:
        wait_until(lambda: not leaks.reap() and not alive(pid))  # the guard ends as well
    run.stdout.close()
    tare("delete", "--force", id)
