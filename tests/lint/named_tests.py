#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""named_tests.py TREE: tests that documents name exist, and every field of config.json has its row.

What a user loses if this fails: SECURITY.md and tests/fields.md would promise what nobody tests.
"""
import pathlib
import re
import sys

NAMED = re.compile(r"`(test_\w+\.py)(?:::(\w+))?`")
PATHS = re.compile(r"`(tests/[\w./-]+)`")
FIELD = re.compile(r'^\t\{ "(\w+)"', re.MULTILINE)


def missing_tests(tree, document):
    text = (tree / document).read_text()
    for file, name in NAMED.findall(text):
        path = tree / "tests/integration" / file
        source = path.read_text() if path.exists() else ""
        if not source or (name and not re.search(rf"\b{name}\b", source)):
            yield f"{document}: {file}{'::' + name if name else ''} does not exist"
    for path in PATHS.findall(text):
        if not (tree / path).exists():
            yield f"{document}: {path} does not exist"


def missing_fields(tree):
    words = set(re.findall(r"\w+", (tree / "tests/fields.md").read_text()))
    for table in sorted((tree / "spec").glob("table_*.c")):
        for field in FIELD.findall(table.read_text()):
            if field not in words:
                yield f"tests/fields.md: {field} of {table.name} has no row"


def main():
    tree = pathlib.Path(sys.argv[1])
    problems = [*missing_tests(tree, "SECURITY.md"), *missing_tests(tree, "tests/fields.md"), *missing_fields(tree)]
    print("\n".join(problems))
    sys.exit(bool(problems))


main()
