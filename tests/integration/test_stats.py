# SPDX-License-Identifier: Apache-2.0
"""stats: what containers use, for people, programs and Prometheus."""
import contextlib
import json
import os
import re

import pytest
from house import CONTROLLERS, read_line, wait_readable
from terminal import User

MIB = 1 << 20
SLEEP = "exec sleep 1000000"


@pytest.fixture
def pair(bundle, new_bundle):
    """Two running containers, the second with limits."""
    first = bundle.shell(SLEEP).start()
    second = new_bundle().shell(SLEEP)
    if {"memory", "pids"} <= set(CONTROLLERS):
        second.resources.update({"memory": {"limit": 64 * MIB}, "pids": {"limit": 20}})
    second = second.start()
    yield first, second
    first.remove()
    second.remove()


def test_table(pair):
    """Columns that do not line up or belong to another container mislead whoever looks for the culprit."""
    first, second = pair
    lines = first.tare("stats", "--no-stream", "--format", "table").splitlines()
    assert lines[0].split() == ["ID", "CPU%", "THROTTLED", "MEMORY", "LIMIT", "PEAK", "SWAP", "PIDS", "LIMIT",
                                "READ", "WRITTEN", "PRESSURE"]
    assert [line.split()[0] for line in lines[1:]] == sorted([first.id, second.id])
    assert all(len(line) == len(lines[0]) for line in lines)
    assert re.match(r"\d+\.\d$", lines[1].split()[1])
    if {"memory", "pids"} <= set(CONTROLLERS):
        cells = next(line for line in lines if line.startswith(second.id)).split()
        assert cells[4] == "64.0M" and cells[8] == "20" and cells[7] == "1"


def test_json_stream_ends(pair):
    """A program that follows one container must learn of its end."""
    first, _ = pair
    process, out = first.tare.start_piped("stats", "--interval=20ms", first.id)
    for _ in range(3):
        event = json.loads(read_line(out))
        assert event["type"] == "stats" and event["id"] == first.id and "memory" in event["data"]
    first.kill("KILL")
    while line := read_line(out):
        assert json.loads(line)["id"] == first.id
    assert process.wait() == 0


def test_terminal(pair):
    """On a terminal the table stays where it is: each round starts at the top and clears what is left."""
    first, _ = pair
    master, slave = os.openpty()
    process = first.tare.start_process("stats", "--interval=20ms", first.id, stdout=slave)
    os.close(slave)
    seen = b""
    while seen.count(b"\033[H") < 3:
        wait_readable(master)
        seen += os.read(master, 4096)
    first.kill("KILL")
    with contextlib.suppress(OSError):  # EIO when it has ended; unread, it could not write on to its end
        while os.read(master, 4096):
            pass
    assert process.wait() == 0
    os.close(master)
    rounds = seen.split(b"\033[H")
    assert rounds[0] == b"\033[2J"
    assert b"CPU%" in rounds[1] and first.id.encode() in rounds[1] and rounds[1].endswith(b"\033[J")


def test_small_terminal(pair):
    """A table that is larger than the screen would scroll its titles and first containers away, and wrap its lines into each
    other."""
    user = User(pair[0].tare, "stats", "--interval=20ms", rows=3, columns=60)
    seen = b""
    while seen.count(b"\033[H") < 3:
        wait_readable(user.master)
        seen += os.read(user.master, 4096)
    titles, *rest = seen.split(b"\033[H")[1].removesuffix(b"\033[J").decode().split("\r\n")
    assert titles.startswith("\033[KID ") and len(titles) == len("\033[K") + 60
    assert rest == ["\033[K2 more", ""]
    user.process.kill()
    user.close()


SAMPLE = re.compile(r'^([a-z_]+)\{id="([\w.+-]+)"((?:,[a-z]+="(?:[^"\\]|\\.)*")*)\} (\d+(?:\.\d+)?)$')


def test_openmetrics(pair):
    """Prometheus refuses the whole scrape for one line that is out of order."""
    first, second = pair
    text = first.tare("stats", "--format=openmetrics")
    assert text.endswith("# EOF\n") and text.count("# EOF") == 1
    family, kind, seen, families = None, None, set(), set()
    for line in text.splitlines()[:-1]:
        if line.startswith("# "):
            word, name, rest = line[2:].split(" ", 2)
            if word == "TYPE":
                assert name not in families, "families must not be taken up again"
                families.add(name)
                family, kind = name, rest
            assert name == family
            assert word != "UNIT" or name.endswith("_" + rest)
            continue
        match = SAMPLE.match(line)
        assert match, line
        assert match[1] == family + ("_total" if kind == "counter" else "")
        assert (match[1], match[2], match[3]) not in seen
        seen.add((match[1], match[2], match[3]))
    assert {row[1] for row in seen} <= {first.id, second.id}
    for container in pair:
        assert ("container_cpu_usage_seconds_total", container.id, "") in seen, "cgroups count it without a controller"
    if {"memory", "pids"} <= set(CONTROLLERS):
        assert f'container_memory_limit_bytes{{id="{second.id}"}} {64 * MIB}\n' in text
        assert f'container_processes_limit{{id="{second.id}"}} 20\n' in text
        assert f'container_memory_limit_bytes{{id="{first.id}"}}' not in text


def test_openmetrics_for_prometheus(pair):
    """What Prometheus itself makes of it."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    text = pair[0].tare("stats", "--format=openmetrics")
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    usage = families["container_cpu_usage_seconds"]
    assert usage.type == "counter" and usage.unit == "seconds"
    assert {sample.labels["id"] for sample in usage.samples} == {container.id for container in pair}
    assert len(families) == text.count("# TYPE ")


def test_nothing_to_show(tare):
    """A dashboard starts before the first container does."""
    assert tare("stats", "--no-stream", "--format=json") == ""
    assert tare("stats", "--format=openmetrics").endswith("# EOF\n")


def test_absent_and_stopped(bundle):
    """A name that is wrong must not be shown as a container that uses nothing."""
    assert "does not exist" in bundle.tare.fails("stats", "--no-stream", "nobody")
    container = bundle.shell(SLEEP).start()
    container.end()
    assert "not running" in bundle.tare.fails("stats", "--no-stream", container.id)
    assert bundle.tare("stats", "--no-stream", "--format=json") == ""
    container.remove()
