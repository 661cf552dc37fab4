#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sizes.py TREE: lengths of functions and files beside the house's values.

A report: the values are a guard against drift. Only the hard ones fail. What a user loses in the
long run is code that one person can read.
"""
import sys

import source


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def measures(tree):
    """(measure, value, house value, is it hard)."""
    sources = source.files(tree)
    functions = source.functions([file for file in sources if file.name.endswith(".c")])
    lengths = [function.length for function in functions]
    long = [length for length in lengths if length > 60]
    bodies = [len(file.lines) for file in sources if file.name.endswith(".c")]
    headers = [len(file.lines) for file in sources if file.name.endswith(".h")]
    widths = [len(line.expandtabs(8)) for file in sources for line in file.lines]
    code = sum(bodies) or 1
    comments = sum(1 for file in sources for raw, code in zip(file.lines, file.code_lines)
                   if raw.strip() and not code.strip() and "SPDX" not in raw)
    yield "functions", len(functions), None, False
    yield "function length, median", percentile(lengths, 0.5), 13, False
    yield "function length, 90 %", percentile(lengths, 0.9), 35, False
    yield "function length, 95 %", percentile(lengths, 0.95), 45, False
    yield "function length, longest", max(lengths, default=0), 80, True
    yield "functions over 60 lines, %", round(100 * len(long) / max(len(lengths), 1), 1), 1, False
    yield "lines in functions over 60, %", round(100 * sum(long) / max(sum(lengths), 1), 1), 5, False
    yield ".c file, median", percentile(bodies, 0.5), 200, False
    yield ".c file, 90 %", percentile(bodies, 0.9), 400, False
    yield ".c file, longest", max(bodies, default=0), 600, True
    yield "header, median", percentile(headers, 0.5), 60, False
    yield "nesting, 95 %", percentile([function.nesting for function in functions], 0.95), 2, False
    yield "nesting, deepest", max((function.nesting for function in functions), default=0), 3, True
    yield "branches + 1, 95 %", percentile([function.branches for function in functions], 0.95), 9, False
    yield "branches + 1, most", max((function.branches for function in functions), default=0), 15, False
    many = [function for function in functions if function.arguments > 5]
    yield "functions with over 5 arguments, %", round(100 * len(many) / max(len(functions), 1), 1), 0.5, False
    yield "line length, 95 %", percentile(widths, 0.95), 80, False
    yield "lines over 100 columns", sum(width > 100 for width in widths), 0, False
    yield "explaining comments, % of lines", round(100 * comments / (code + sum(headers))), None, False
    yield "lines of .c and .h", code + sum(headers), None, False


def main(tree):
    failed = False
    for measure, value, house, hard in measures(tree):
        above = house is not None and value > house
        failed |= above and hard
        mark = "  ABOVE" if above and hard else "  above" if above else ""
        print(f"{measure:38}{value:>9}{'' if house is None else f'   <= {house}'}{mark}")
    functions = source.functions([file for file in source.files(tree) if file.name.endswith(".c")])
    for function in sorted(functions, key=lambda function: -function.length)[:8]:
        print(f"  {function.length:4} lines, nesting {function.nesting}: {function.file.name}: {function.name}")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
