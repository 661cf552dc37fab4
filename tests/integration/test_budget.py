# SPDX-License-Identifier: Apache-2.0
"""What a command may cost, in counts that do not depend on the machine's speed: tests/budget.json. Whoever needs more
raises a number there, and says why in the commit."""
import json
import os
import re
import subprocess

import pytest
from house import IN_VM, TREE

BUDGET = json.loads((TREE / "tests/budget.json").read_text())
pytestmark = pytest.mark.skipif(IN_VM, reason="counted once, on the host")


def is_static(program):
    with open(program, "rb") as file:
        return b"/ld-linux" not in file.read(4096)


def calls(tare, tmp_path, command, *args):
    """System calls of tare, and of tare-init too where it ends with tare; the workload's own few are among them."""
    table, follow = tmp_path / "calls", ["-f"] if command in ("run", "exec") else []
    subprocess.run(["strace", *follow, "-qq", "-c", "-U", "calls,name", "-o", table, *tare.command(command, *args)], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return int(re.search(r"^\s*(\d+)\s+total$", table.read_text(), re.M).group(1))


def test_system_calls(bundle, tare, tmp_path):
    """Lost otherwise: a start that was twice as fast as others' becomes as slow as theirs, one call at a time."""
    more = 0 if is_static(tare.program) else BUDGET["of a dynamic program's loader"]
    used = {}
    bundle.process["args"] = ["/bin/true"]
    bundle.write()
    used["run"] = calls(tare, tmp_path, "run", "--bundle", bundle.path, tare.new_id())
    id = tare.new_id()
    bundle.shell("exec sleep 1000000").write()
    used["create"] = calls(tare, tmp_path, "create", "--bundle", bundle.path, id)
    used["start"] = calls(tare, tmp_path, "start", id)
    used["exec"] = calls(tare, tmp_path, "exec", id, "/bin/true")
    used["state"] = calls(tare, tmp_path, "state", id)
    used["kill"] = calls(tare, tmp_path, "kill", id, "KILL")
    used["delete"] = calls(tare, tmp_path, "delete", "--force", id)
    over = {name: (count, BUDGET["system calls"][name] + more) for name, count in used.items()
            if count > BUDGET["system calls"][name] + more}
    assert not over, f"(used, allowed): {over}"


@pytest.mark.parametrize("what,path", [("static program", "build-release/tare"),
                                       ("tare-init", "build-release/init/tare-init.stripped")])
def test_sizes(what, path):
    """Lost otherwise: what is loaded at each start, and what counts against a container's memory, grows unseen."""
    if not (TREE / path).exists():
        pytest.skip(f"no {path}: make release")
    assert os.path.getsize(TREE / path) <= BUDGET[f"bytes of {'the ' if 'static' in what else ''}{what}"]
