# SPDX-License-Identifier: Apache-2.0
"""bench.json as a Markdown table, between the marks of a document if one is named: report.py BENCH.JSON [DOCUMENT]"""
import json
import statistics
import sys

import goals
import machine

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def good(values):
    return sorted(value for value in values or [] if value is not None)


def p99(values):
    return values[min(len(values) - 1, int(len(values) * 0.99))]


def cell(values):
    kept = good(values)
    if values and len(kept) < len(values):
        return f"{len(values) - len(kept)} of {len(values)} failed"
    return f"{statistics.median(kept):.2f} ({kept[0]:.2f}, {p99(kept):.2f})" if kept else "-"


def ratio(own, peer, what):
    own, peer = good(own), good(peer)
    return what(own) / what(peer) if own and peer else None


def verdict(own, peer, name, limit):
    """How far the goal is, by the median, by the least and by the 99 % of each."""
    parts = [ratio(own, peer, what) for what in (statistics.median, min, p99)]
    if None in parts:
        return "-"
    return f"{parts[0]:.2f}, {parts[1]:.2f}, {parts[2]:.2f} x {name} (goal {limit:g})"


def times(samples):
    names = [name for name in ("floor", "tare", "tare, not cached", "crun", "runc") if any(name in by for by in samples.values())]
    yield "| work, ms: median (least, 99 %) | " + " | ".join(names) + " | tare against the goal: median, least, 99 % |"
    yield "|---|" + "---|" * (len(names) + 1)
    for work, by in samples.items():
        found = [verdict(by["tare"], by.get(peer), peer, limit) for peer, limit in goals.of(goals.TIMES, work)]
        if work.startswith("create, last"):
            first = samples[work.replace("last", "first")]["tare"]
            found = [verdict(by["tare"], first, "the first", goals.CROWD)]
        yield f"| {work} | " + " | ".join(cell(by.get(name)) for name in names) + f" | {'; '.join(found) or '-'} |"


def profile_costs(samples):
    """What the profile adds: of each round, whose two runs met the same mood of the machine."""
    for name, profiled in samples["run, Docker's profile"].items():
        plain = samples["run"].get(name, samples["run"]["tare"])
        pairs = [(a, b) for a, b in zip(plain, profiled) if a is not None and b is not None]
        if pairs:
            yield (f"- {name}: {statistics.median(b - a for a, b in pairs):.2f} "
                   f"({min(b for _, b in pairs) - min(a for a, _ in pairs):.2f})")


def figure_verdict(by, name):
    found = []
    for peer, limit in goals.of(goals.FIGURES, name):
        if peer is None:
            found.append(f"goal {limit}")
        elif by.get(peer) and by.get("tare") is not None:
            found.append(f"{by['tare'] / by[peer]:.2f} x {peer} (goal {limit:g})")
    return "; ".join(found) or "-"


def figures(found):
    names = [name for name in ("floor", "tare", "crun", "runc") if any(name in by for by in found.values())]
    yield "| figure | " + " | ".join(names) + " | tare against the goal |"
    yield "|---|" + "---|" * (len(names) + 1)
    for name, by in found.items():
        yield f"| {name} | " + " | ".join(str(by.get(who, "-")) for who in names) + f" | {figure_verdict(by, name)} |"


def lines(bench):
    yield machine.sentence(bench["machine"]) + f" {bench['rounds']} rounds, in interleaved order."
    yield ""
    yield from times(bench["milliseconds"])
    yield ""
    yield "What the profile adds to a run, ms: the median of the differences of each round (the difference of the two minima)"
    yield ""
    yield from profile_costs(bench["milliseconds"])
    yield ""
    yield from figures(bench["figures"])
    inside = bench.get("in the virtual machine")
    if inside:
        yield ""
        yield "In a virtual machine with all controllers on cgroup v2: " + machine.sentence(inside["machine"])
        yield ""
        yield from figures(inside["figures"])


def into(document, text):
    with open(document) as file:
        before, rest = file.read().split(BEGIN + "\n", 1)
    with open(document, "w") as file:
        file.write(before + BEGIN + "\n" + text + END + rest.split(END, 1)[1])


def main(path, document=None):
    with open(path) as file:
        text = "\n".join(lines(json.load(file))) + "\n"
    if document:
        into(document, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
