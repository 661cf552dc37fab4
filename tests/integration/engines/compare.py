# SPDX-License-Identifier: Apache-2.0
"""Drives an engine with tare, runc and crun side by side and compares what a user of the engine sees.

A script is made of cases. A case drives one engine (with one runtime below it) and returns what was seen:
anything that compares with ==, made of text, numbers, lists and dictionaries. What it asserts must hold with
tare; with a peer a failed assertion is a sight like any other. The cases of the three runtimes run at the same
time, each runtime in an engine of its own.

Every difference between tare and a peer must be a row of the table in docs/engines.md, with its reason, and
every row must be a difference that was seen.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
from house import PATIENCE, make_busybox_root  # noqa: E402

# 1: also the cases that cost too much to be run every time on an emulated processor.
ALL = os.environ.get("TARE_ENGINES_ALL", "1" if os.environ.get("TARE_VM") == "kvm" else "") == "1"
PEERS = os.environ.get("TARE_ENGINES_PEERS", "runc crun").split()
SECONDS = 90 * PATIENCE
# Counts in the text of a link: what runs on behind a checkpoint must not have open then what it renames later.
COUNT_UP = "i=0; while :; do i=$((i+1)); ln -sf $i /new; mv /new /count 2>/dev/null; sleep 0.1; done"
TABLE = TREE / "docs/engines.md"
ROW = re.compile(r"^\| `(\w+)/(\w+)` \| ([\w, ]+) \| (.+) \|$", re.M)


def programs():
    """The runtimes by name: what is under test first."""
    found = {"tare": os.path.abspath(os.environ.get("TARE", TREE / "build/tare")),
             **{name: shutil.which(name) for name in PEERS}}
    missing = [name for name, path in found.items() if not path or not os.access(path, os.X_OK)]
    if missing:
        sys.exit(f"no program for {', '.join(missing)}: tools/need.sh build engines")
    return found


class Outcome:
    """What a command left: its status, standard output and standard error."""

    def __init__(self, args, status, out, err):
        self.args, self.status, self.out, self.err = args, status, out, err

    def seen(self):
        """For a case to return."""
        return [self.status, self.out]

    def __repr__(self):
        return f"{' '.join(self.args)}: status {self.status}\nout: {self.out}\nerr: {self.err}"


class Engine:
    """An engine that uses one runtime, with a directory of its own. Kinds of engines are derived from it:
    open() starts it, command() says how it is called, close() leaves nothing behind."""

    def __init__(self, name, program, directory):
        self.name, self.program, self.directory = name, program, pathlib.Path(directory)
        self.directory.mkdir(parents=True)

    def open(self):
        pass

    def close(self):
        pass

    def environment(self):
        return dict(os.environ)

    def command(self, *args):
        raise NotImplementedError

    def start(self, *args, **more):
        """The engine's command as a running process; env_more: further variables."""
        environment = {**self.environment(), **more.pop("env_more", {})}
        return subprocess.Popen(self.command(*map(str, args)), env=environment, **more)

    def try_(self, *args, input=None, seconds=SECONDS, **more):
        """Output goes to files: a daemon that lives on would hold a pipe open."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start(*args, stdout=out, stderr=err, start_new_session=True,
                                 stdin=subprocess.DEVNULL if input is None else subprocess.PIPE, **more)
            try:
                process.communicate(None if input is None else input.encode(), timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"no end of: {' '.join(map(str, args))}") from None
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        return Outcome([str(arg) for arg in args], process.returncode, *texts)

    def __call__(self, *args, **more):
        """Standard output of a command that must succeed, without the space around it."""
        outcome = self.try_(*args, **more)
        assert outcome.status == 0, outcome
        return outcome.out.strip()


MAKING = threading.RLock()  # the engines of a script are opened at the same time


def cached(name, make):
    """A directory that make(path) fills once a machine's life; scripts copy it."""
    done = pathlib.Path(tempfile.gettempdir()) / f"tare-engines.{os.getuid()}" / name
    with MAKING:
        if not done.exists():
            work = pathlib.Path(tempfile.mkdtemp(prefix="tare-engines-making."))
            make(work / name)
            done.parent.mkdir(exist_ok=True)
            (work / name).rename(done)
            shutil.rmtree(work)
    return done


def busybox_root():
    """A root file system for images."""
    return cached("busybox", make_busybox_root)


class Script:
    """The cases of one feature group. The name is the file's."""

    def __init__(self, path, make_engine):
        self.name, self.make_engine, self.cases = pathlib.Path(path).stem, make_engine, []
        self.all = ALL
        self.bad, self.lock = 0, threading.Lock()

    def case(self, function=None, *, more=False):
        """Decorates a case; its docstring is what it proves. more: only run when all of them are."""
        def add(function):
            self.cases.append((function.__name__, (function.__doc__ or "").split("\n")[0], function, more))
            return function
        return add(function) if function else add

    def adopt(self, other, *names):
        """Cases of another script, where what they drive is set up differently."""
        self.cases += [case for case in other.cases if case[0] in names]
        missing = set(names) - {case[0] for case in other.cases}
        assert not missing, missing

    def known(self):
        """{(case, peer): reason} from the table."""
        rows = ROW.findall(TABLE.read_text())
        return {(case, peer.strip()): reason for script, case, peers, reason in rows
                if script == self.name for peer in peers.split(",")}

    def chosen(self, names):
        unknown = set(names) - {case[0] for case in self.cases}
        if unknown:
            sys.exit(f"{self.name}: no case {', '.join(sorted(unknown))}")
        return [case for case in self.cases if (case[0] in names if names else ALL or not case[3])]

    def drive(self, engine, cases, seen):
        """The cases with one runtime. Whoever is the last to have seen one judges it."""
        for case, what, function, _ in cases:
            begin = time.monotonic()
            sight = look(function, engine)
            trace(f"{self.name}/{case} {engine.name} {time.monotonic() - begin:.1f} s")
            with self.lock:
                seen[engine.name][case] = sight
                if all(case in sights for sights in seen.values()):
                    self.bad += self.judge(case, what, seen)

    def compare(self, engines, cases):
        """Engines are opened one behind the other: what they share on a machine, like Podman's locks, is set up by
        whoever is first."""
        seen = {engine.name: {} for engine in engines}
        try:
            for engine in engines:
                engine.open()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                for future in [pool.submit(self.drive, engine, cases, seen) for engine in engines]:
                    future.result()
        finally:
            for engine in engines:
                engine.close()

    def main(self):
        cases = self.chosen(sys.argv[1:])
        if not cases:
            print(f"{self.name}: nothing without TARE_ENGINES_ALL=1")
            sys.exit(0)
        directory = tempfile.mkdtemp(prefix=f"{self.name}.", dir="/var/tmp")
        begin = time.monotonic()
        self.compare([self.make_engine(name, program, f"{directory}/{name}")
                      for name, program in programs().items()], cases)
        shutil.rmtree(directory, ignore_errors=True)
        print(f"{self.name}: {len(cases) - self.bad} of {len(cases)} proved in {time.monotonic() - begin:.0f} s")
        sys.exit(1 if self.bad else 0)

    def judge(self, case, what, seen):
        """Prints what a case proved, or why it did not; returns whether it did not."""
        known, ours = self.known(), seen["tare"][case]
        faults = []
        if isinstance(ours, Failure):
            faults.append(f"tare failed:\n{ours}")
        for peer in PEERS:
            theirs, reason = seen[peer][case], known.get((case, peer))
            if ours != theirs and not reason:
                faults.append(f"tare: {ours}\n{peer}: {theirs}")
            if ours == theirs and reason:
                faults.append(f"docs/engines.md lists a difference from {peer} that was not seen: {reason}")
        print(f"{'not ok' if faults else 'ok'} {self.name}/{case}: {what}", flush=True)
        for fault in faults:
            print("    " + fault.replace("\n", "\n    "), flush=True)
        return bool(faults)


class Failure(str):
    """What a case saw that did not get to its end: equal to any other failure of the same case."""

    def __eq__(self, other):
        return isinstance(other, Failure)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def look(function, engine):
    try:
        return function(engine)
    except Exception as error:  # whatever it is, it is this case's
        place = traceback.extract_tb(error.__traceback__)
        lines = [f"line {frame.lineno}: {frame.line}" for frame in place if frame.name == function.__name__]
        return Failure("\n".join(lines + [f"{type(error).__name__}: {error}"]))


def trace(text):
    if os.environ.get("TARE_ENGINES_TRACE"):
        print(text, file=sys.stderr, flush=True)


def wait_until(condition, seconds=30, step=0.05):
    """For what no event tells: asks again until it is so, and returns what it was."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(step)
