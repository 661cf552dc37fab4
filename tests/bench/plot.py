# SPDX-License-Identifier: Apache-2.0
"""bench.json as a picture, a row of boxes for each work: plot.py BENCH.JSON PICTURE.SVG"""
import json
import sys

import matplotlib
import report

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

COLOURS = {"floor": "#888888", "tare": "#1b6ca8", "tare, not cached": "#7fb2d9", "crun": "#d98c21", "runc": "#b03a48"}


def draw(axes, work, by):
    rows = [(name, report.good(values)) for name, values in by.items() if report.good(values)]
    boxes = axes.boxplot([values for _, values in rows], vert=False, whis=(1, 99), showfliers=False, patch_artist=True,
                         widths=0.6)
    for box, (name, _) in zip(boxes["boxes"], rows):
        box.set_facecolor(COLOURS[name])
    axes.set_yticklabels([name for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_title(work, fontsize=9, loc="left")


def main(path, picture):
    with open(path) as file:
        samples = json.load(file)["milliseconds"]
    figure, rows = pyplot.subplots(len(samples), 1, figsize=(8, 1.5 * len(samples)), squeeze=False)
    for axes, (work, by) in zip(rows[:, 0], samples.items()):
        draw(axes, work, by)
    rows[-1, 0].set_xlabel("ms; box: the middle half, whiskers: 1 % and 99 %")
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
