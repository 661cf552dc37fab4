#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""man_options.py TARE MAN_DIR FORMAT_H: the man pages against the program.

What a user loses if this fails: a page that tells of an option that is not there, or says nothing of one
that is. Both directions are compared: options with their letter and argument, and the arguments of the synopsis.
tare-plan(7) must know each kind of step, and mandoc must find nothing to warn of.
"""
import pathlib
import re
import shutil
import subprocess
import sys

HELP_OPTION = re.compile(r"^  (?:-(\w), |    )--([\w-]+)(?:=(\S+))?")
PAGE_OPTION = re.compile(r"^\.It (?:Fl (\w) , )?Fl -([\w-]+)(?: Ns = Ns Ar (\S+))?$")


def help_of(tare, command):
    text = subprocess.run([tare, *command, "--help"], check=True, capture_output=True, text=True).stdout
    lines = text.splitlines()
    options = {m.groups() for m in map(HELP_OPTION.match, lines) if m}
    commands = re.findall(r"^  (\w+)  +\S", text.partition("Commands:")[2].partition("Options:")[0], re.M)
    return lines[0].removeprefix("Usage: "), options, commands


def synopsis_of(source):
    """The synopsis as a usage line: macros become the brackets and words that they stand for."""
    words = []
    text = source.partition(".Sh SYNOPSIS\n")[2].partition("\n.Sh")[0]
    for line in text.splitlines():
        name, *rest = line.lstrip(".").split()
        if name == "Op":
            rest = ["Oo", *rest, "Oc"]
        words += [] if name in ("Nm", "Op") else [name]
        words += rest
    out = ""
    for word in words:
        if word == "Oo":
            out += " ["
        elif word == "Oc":
            out += "]"
        elif word == "Ns":
            out += "\b"
        elif word != "Ar":
            out += " " + word
    return out.replace("\b ", "").replace("[ ", "[").strip()


def differences(kind, page, program):
    for item in sorted(page - program, key=str):
        yield f"{kind} {item} is in the page, not in the program"
    for item in sorted(program - page, key=str):
        yield f"{kind} {item} is in the program, not in the page"


def check_page(tare, man, command):
    path = man / "-".join(["tare", *command, ""])[:-1]
    path = path.with_name(path.name + ".1")
    if not path.exists():
        yield f"{path.name}: no such page"
        return
    source = path.read_text()
    usage, options, _ = help_of(tare, command)
    page_options = {m.groups() for m in map(PAGE_OPTION.match, source.splitlines()) if m}
    for text in differences("option", page_options, options):
        yield f"{path.name}: {text}"
    if synopsis_of(source) != usage:
        yield f"{path.name}: the synopsis is\n\t{synopsis_of(source)}\nbut --help says\n\t{usage}"


def check_commands(man, commands):
    source = (man / "tare.1").read_text()
    listed = set(re.findall(r"^\.It Cm (\w+)$", source, re.M))
    pages = {p.name[len("tare-"):-len(".1")] for p in man.glob("tare-*.1")}
    for text in differences("command", listed, set(commands)):
        yield f"tare.1: {text}"
    for text in differences("page of", pages, set(commands)):
        yield f"man: {text}"


def check_steps(man, format_h):
    steps = set(re.findall(r'^\tX\(\w+, "([\w-]+)", LANE_', format_h.read_text(), re.M))
    listed = set(re.findall(r"^\.It Cm ([\w-]+) Pq", (man / "tare-plan.7").read_text(), re.M))
    for text in differences("step", listed, steps):
        yield f"tare-plan.7: {text}"


def check_mandoc(man):
    if not shutil.which("mandoc"):
        return
    pages = sorted(str(p) for p in man.glob("*.[157]"))
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages], capture_output=True, text=True)
    yield from done.stdout.splitlines()


def main(tare, man, format_h):
    man = pathlib.Path(man)
    _, _, commands = help_of(tare, [])
    if not commands:
        sys.exit("tare --help lists no commands")
    problems = []
    for command in [[], *([name] for name in commands)]:
        problems += check_page(tare, man, command)
    problems += check_commands(man, commands)
    problems += check_steps(man, pathlib.Path(format_h))
    problems += check_mandoc(man)
    print("\n".join(problems) if problems else f"{len(commands) + 1} pages agree with the program")
    sys.exit(bool(problems))


main(*sys.argv[1:])
