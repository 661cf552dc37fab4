# SPDX-License-Identifier: Apache-2.0
"""The project's C sources as the lints read them."""
import json
import pathlib
import re
import subprocess

ROOMS = ("base", "spec", "plan", "namespaces", "cgroups", "seccomp", "init", "runtime")
BLANKED = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def blank(match):
    """Keeps lines and columns where they are."""
    text = match.group(0)
    if text[0] in "\"'":
        return text[0] + " " * (len(text) - 2) + text[-1]
    return re.sub(r"[^\n]", " ", text)


class File:
    def __init__(self, tree, path):
        self.path = path
        self.name = str(path.relative_to(tree))
        self.room = path.relative_to(tree).parts[0]
        self.text = path.read_text()
        self.lines = self.text.splitlines()
        self.code = BLANKED.sub(blank, self.text)  # without comments and what strings say
        self.code_lines = self.code.splitlines()

    def includes(self):
        """(what, is it ours) of each #include."""
        for line in self.lines:
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)', line)
            if match:
                yield match.group(2), match.group(1) == '"'


def files(tree, rooms=ROOMS, suffixes=(".c", ".h")):
    tree = pathlib.Path(tree)
    return [File(tree, path) for room in rooms for path in sorted((tree / room).rglob("*"))
            if path.suffix in suffixes]


class Function:
    def __init__(self, file, name, start, end):
        self.file, self.name, self.start = file, name, start
        self.length = end - start + 1
        body = "\n".join(file.code_lines[start - 1:end])
        head, _, inner = body.partition("{")
        self.arguments = 0 if "(void)" in head else head[head.find("("):].count(",") + 1
        depth = deepest = 0
        for character in inner:
            depth += (character == "{") - (character == "}")
            deepest = max(deepest, depth)
        self.nesting = deepest
        self.branches = 1 + len(re.findall(r"\b(?:if|for|while|case)\b|&&|\|\||\?", inner))


def functions(sources):
    by_path = {str(file.path): file for file in sources}
    rows = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "-L", "-", "-f", "-"],
                          input="\n".join(by_path), check=True, text=True, stdout=subprocess.PIPE).stdout
    found = []
    for row in map(json.loads, rows.splitlines()):
        if row.get("_type") == "tag" and "end" in row:
            found.append(Function(by_path[row["path"]], row["name"], row["line"], row["end"]))
    return found
