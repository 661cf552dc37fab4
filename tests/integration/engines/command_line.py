#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The runtimes' own command lines: what the callers of all engines send, and what they read in the answers."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys

from compare import Engine, Script, busybox_root, wait_until

# What engines look for in a runtime's message; runc's words, in whatever case.
PHRASES = ("executable file not found in $path", "no such file or directory", "permission denied",
           "exec format error", "does not exist", "container not running", "no such process",
           "already exists", "is a directory", "not a directory", "invalid argument")


class Runtime(Engine):
    """No engine at all: a caller like one."""

    def command(self, *args):
        return [self.program, "--root", str(self.directory / "state"), *args]

    def open(self):
        self.count = 0
        self.log = self.directory / "log.json"
        shutil.copytree(busybox_root(), self.directory / "rootfs", symlinks=True)
        self("spec", cwd=self.directory)
        config = json.loads((self.directory / "config.json").read_text())
        config["process"]["terminal"] = False
        self.config = config

    def close(self):
        for id in self("list", "--quiet").split():
            self.try_("delete", "--force", id)

    def start(self, *args, three=None, **more):
        """three: what the command has as descriptor 3."""
        more.setdefault("cwd", self.directory)
        if three:
            more.update(pass_fds=(3,), preexec_fn=lambda: os.dup2(three.fileno(), 3))
        return super().start(*args, **more)

    def bundle(self, *args, **process):
        """A bundle of its own with that program; other members of process by name."""
        self.count += 1
        path = self.directory / f"bundle{self.count}"
        path.mkdir()
        config = json.loads(json.dumps(self.config))
        config["process"].update(process, args=args)
        config["root"] = {"path": str(self.directory / "rootfs"), "readonly": False}
        config["linux"]["cgroupsPath"] = f"/engines-{self.name}/{path.name}"
        return path, config

    def write(self, path, config):
        (path / "config.json").write_text(json.dumps(config))
        return path

    def try_run(self, *args, **process):
        return self.try_("run", "--bundle", self.write(*self.bundle(*args, **process)), f"r{self.count}")

    def sleeper(self, id):
        path = self.write(*self.bundle("sleep", "1000000"))
        self("create", "--bundle", path, "--pid-file", path / "pid", id)
        self("start", id)
        return path

    def state(self, id):
        return json.loads(self("state", id))

    def end(self, id):
        self("delete", "--force", id)


def said(outcome):
    """What an engine understands of an outcome: did it fail, which of the phrases are in the message."""
    text = outcome.err.lower()
    return [outcome.status, [phrase for phrase in PHRASES if phrase in text]]


def shape(value):
    """The names in JSON, without what they are."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in sorted(value.items())}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


script = Script(__file__, Runtime)


@script.case
def version(runtime):
    """--version and -v: a first line that ends in a version, and the line `spec:` that engines parse."""
    outcome = runtime.try_("--version")
    first, *lines = outcome.out.splitlines()
    assert re.fullmatch(rf"{runtime.name} version \d+\.\d+\S*( .*)?", first), outcome
    assert runtime("-v") == outcome.out.strip()
    assert any(re.fullmatch(r"spec: \d+\.\d+\.\d+\S*", line) for line in lines), lines
    return [outcome.status, [name for name in ("commit", "spec", "libseccomp")
                             if any(line.startswith(f"{name}: ") for line in lines)]]


@script.case
def program_errors(runtime):
    """run and exec: the words for programs that are not there, may not be executed or are none."""
    rootfs = runtime.directory / "rootfs"
    (rootfs / "bin/none").write_bytes(b"\x7fnothing a kernel knows")
    os.chmod(rootfs / "bin/none", 0o755)
    (rootfs / "bin/lost").write_text("#!/no/such/interpreter\n")
    os.chmod(rootfs / "bin/lost", 0o755)
    runtime.sleeper("errors")
    names = ("nosuch", "/no/such", "/etc/passwd", "/etc", "/bin/none", "/bin/lost")
    runs = {name: said(runtime.try_run(name)) for name in names}
    execs = {name: said(runtime.try_("exec", "errors", name)) for name in names}
    runtime.end("errors")
    return [runs, execs]


@script.case
def no_container(runtime):
    """every command on a container that is not there says that it `does not exist`."""
    commands = {"state": [], "start": [], "kill": ["KILL"], "delete": [], "exec": ["true"], "ps": [],
                "pause": [], "resume": [], "update": ["--memory", "1000000000"]}
    seen = {name: said(runtime.try_(name, *([] if name != "update" else more), "absent",
                                    *([] if name == "update" else more)))
            for name, more in commands.items()}
    return [seen, said(runtime.try_("delete", "--force", "absent"))]


@script.case
def wrong_state(runtime):
    """commands that do not fit a container's state: the words for it."""
    path = runtime.write(*runtime.bundle("sleep", "1000000"))
    runtime("create", "--bundle", path, "states")
    seen = {"create again": said(runtime.try_("create", "--bundle", path, "states"))}
    seen["delete created"] = runtime.try_("delete", "states").status
    if seen["delete created"] == 0:
        runtime("create", "--bundle", path, "states")
    runtime("start", "states")
    seen["start again"] = said(runtime.try_("start", "states"))
    seen["delete running"] = said(runtime.try_("delete", "states"))
    seen["resume running"] = said(runtime.try_("resume", "states"))
    runtime("kill", "states", "KILL")
    wait_until(lambda: runtime.state("states")["status"] == "stopped")
    for name, args in {"kill": ("states", "KILL"), "exec": ("states", "true"), "pause": ("states",),
                       "start": ("states",)}.items():
        seen[f"{name} stopped"] = said(runtime.try_(name, *args))
    seen["kill --all stopped"] = said(runtime.try_("kill", "--all", "states", "KILL"))
    seen["delete stopped"] = said(runtime.try_("delete", "states"))
    return seen


@script.case
def json_log(runtime):
    """--log FILE --log-format json: the last line is an error with level, msg and time as runc writes them."""
    path = runtime.write(*runtime.bundle("nosuch"))
    outcome = runtime.try_("--log", runtime.log, "--log-format", "json", "create", "--bundle", path, "logged")
    lines = [json.loads(line) for line in runtime.log.read_text().splitlines()]
    last = lines[-1]
    assert "executable file not found in $PATH" in last["msg"] or runtime.name == "crun", lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", last["time"]), lines
    return [outcome.status, sorted(last), last["level"]]


@script.case(more=True)
def text_log(runtime):
    """--log FILE with text lines, as conmon's callers have it."""
    log = runtime.directory / "log.text"
    outcome = runtime.try_("--log", log, "--log-format=text", "state", "absent")
    return [outcome.status, "does not exist" in log.read_text()]


@script.case
def state_json(runtime):
    """state through a life: the names and the statuses."""
    path, config = runtime.bundle("sleep", "1000000")
    config["annotations"] = {"of": "the test"}
    runtime.write(path, config)
    runtime("create", "--bundle", path, "--pid-file", path / "pid", "life")
    seen = [runtime.state("life")]
    assert int((path / "pid").read_text()) == seen[0]["pid"] and seen[0]["annotations"]["of"] == "the test"
    runtime("start", "life")
    seen.append(runtime.state("life"))
    runtime("pause", "life")
    seen.append(runtime.state("life"))
    runtime("resume", "life")
    runtime("kill", "life", "9")
    wait_until(lambda: runtime.state("life")["status"] == "stopped")
    seen.append(runtime.state("life"))
    runtime("delete", "life")
    names = {"ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "owner"}
    assert all(names <= set(state) and state["bundle"] == str(path) for state in seen), seen
    return [[state["status"] for state in seen], seen[-1]["pid"], shape(seen[1])]


@script.case(more=True)
def list_forms(runtime):
    """list: --quiet, --format json with runc's names, a table with its head."""
    nothing = [runtime.try_("list", *more).seen() for more in (["--quiet"], ["--format", "json"])]
    runtime.sleeper("listed")
    rows = json.loads(runtime("list", "--format=json"))
    table = runtime("list").splitlines()
    quiet = [runtime("list", "-q"), runtime("list", "--quiet")]
    runtime.end("listed")
    return [nothing, quiet, shape(rows), table[0].split(), table[1].split()[0]]


@script.case(more=True)
def ps_forms(runtime):
    """ps: --format json is a list of pids; with options of ps(1) behind the id, a table."""
    runtime.sleeper("ps")
    pids = json.loads(runtime("ps", "--format", "json", "ps"))
    assert pids == [runtime.state("ps")["pid"]]
    table = runtime.try_("ps", "--format", "table", "ps", "-o", "pid,comm")
    plain = runtime("ps", "ps").splitlines()
    assert "PID" in plain[0] and len(plain) == 2, plain
    runtime.end("ps")
    return [table.status, table.out.split()[:2], table.out.split()[-1:] == ["sleep"], plain[0].split()[:2]]


@script.case(more=True)
def events_json(runtime):
    """events --stats: one line of runc's JSON."""
    runtime.sleeper("events")
    outcome = runtime.try_("events", "--stats", "events")
    runtime.end("events")
    if outcome.status:
        return "no events"
    sample = json.loads(outcome.out)
    data = sample["data"]
    assert {"usage", "limit"} <= set(data["memory"]["usage"]), data
    return [sample["type"], sample["id"], sorted({"raw", "swap", "usage", "kernel"} & set(data["memory"])),
            sorted(data["cpu"]["usage"]), data["pids"]["current"]]


@script.case(more=True)
def features_json(runtime):
    """features: the document of the specification."""
    outcome = runtime.try_("features")
    if outcome.status:
        return "no features"
    document = json.loads(outcome.out)
    assert {"ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux"} <= set(document), document
    linux = document["linux"]
    # What is in the specification's first version of it; later ones only added.
    parts = {"apparmor", "capabilities", "cgroup", "namespaces", "seccomp", "selinux"}
    return [sorted(document["hooks"]), sorted(set(linux["namespaces"]) - {"time"}),
            sorted(parts & set(linux)), linux["cgroup"]["v2"],
            [linux[name]["enabled"] for name in ("apparmor", "selinux", "seccomp")],
            sorted(linux["seccomp"]["actions"])[:8], "mnt" in linux["namespaces"]]


@script.case
def exec_forms(runtime):
    """exec: options before and behind, --process FILE, --detach with a pid file, statuses."""
    runtime.sleeper("exec")
    first = runtime.try_("exec", "--cwd", "/tmp", "-e", "A=1", "-e", "B=2", "--user", "1000:1000", "exec",
                         "sh", "-c", "pwd; echo $A$B; id -u; id -g; exit 7")
    seen = [[*first.seen(), first.err]]
    process = {**runtime.config["process"], "args": ["sh", "-c", "echo $0 $FROM; id -u", "zero"],
               "env": ["FROM=file", "PATH=/bin"], "user": {"uid": 7, "gid": 8, "additionalGids": [9]}}
    (runtime.directory / "process.json").write_text(json.dumps(process))
    seen.append(runtime.try_("exec", "--process", runtime.directory / "process.json", "exec").seen())
    pid = runtime.directory / "exec.pid"
    seen.append(runtime.try_("exec", "-d", "--pid-file", pid, "exec", "sleep", "1000000").seen())
    assert int(pid.read_text()) in json.loads(runtime("ps", "--format", "json", "exec"))
    seen.append(runtime.try_("exec", "exec", "sh", "-c", "kill -TERM $$").status)
    seen.append(runtime.try_("exec", "--cap", "CAP_SYS_TIME", "--no-new-privs", "exec",
                             "grep", "NoNewPrivs", "/proc/self/status").seen())
    runtime.end("exec")
    return seen


@script.case(more=True)
def exec_gids(runtime):
    """exec --additional-gids and --ignore-paused."""
    runtime.sleeper("gids")
    seen = runtime.try_("exec", "--additional-gids", "42", "--additional-gids", "43", "gids", "id", "-G").seen()
    runtime("pause", "gids")
    refused = runtime.try_("exec", "gids", "true")
    process = runtime.start("exec", "--ignore-paused", "gids", "sh", "-c", "exit 8", stdin=subprocess.DEVNULL)
    wait_until(lambda: len(json.loads(runtime("ps", "--format", "json", "gids"))) == 2 or process.poll() is not None)
    runtime("resume", "gids")
    status = process.wait()
    runtime.end("gids")
    return [seen, refused.status != 0, status]


@script.case(more=True)
def kill_forms(runtime):
    """kill: signals by name, with SIG and by number, --all; what a container's init makes of them."""
    trap = "for s in TERM USR1 HUP; do trap \"echo $s\" $s; done; echo up; while :; do sleep 1000000 & wait; done"
    path = runtime.write(*runtime.bundle("sh", "-c", trap))
    out = path / "out"
    with open(out, "wb") as file:
        process = runtime.start("run", "--bundle", path, "kill", stdout=file, stdin=file, stderr=sys.stderr)
    lines = []
    for signal in ("", "SIGUSR1", "USR1", "1", "term"):
        lines.append(wait_until(lambda: len(out.read_text().splitlines()) > len(lines) and
                                out.read_text().splitlines()[len(lines)]))
        outcome = runtime.try_("kill", "kill", *([signal] if signal else []))
        if outcome.status:  # "term": in lower case
            lines.append(outcome.status)
    bad = said(runtime.try_("kill", "kill", "NOSUCH"))
    runtime("kill", "--all", "kill", "KILL")
    return [lines, bad[0], process.wait()]


@script.case(more=True)
def regular_expressions(runtime):
    """kill --regex and delete --regex: every container whose id matches."""
    for id in ("re-1", "re-2", "other"):
        runtime.sleeper(id)
    statuses = [runtime.try_("kill", "--regex", "^re-[12]$", "KILL").status]
    if statuses == [0]:
        wait_until(lambda: all(runtime.state(id)["status"] == "stopped" for id in ("re-1", "re-2")))
    statuses.append(runtime.try_("delete", "--regex", "^re-").status)
    left = runtime("list", "--quiet").split()
    for id in left:
        runtime.end(id)
    return [statuses, left]


@script.case(more=True)
def pidfd_socket(runtime):
    """create and exec --pidfd-socket: a descriptor of the new process goes to the socket."""
    def received(*args):
        path = runtime.directory / f"pidfd-{args[0]}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(str(path))
            server.listen()
            outcome = runtime.try_(args[0], "--pidfd-socket", path, *args[1:])
            if outcome.status:
                return "no --pidfd-socket"
            with server.accept()[0] as connection:
                _, (fd,), _, _ = socket.recv_fds(connection, 4096, 1)
        with open(f"/proc/self/fdinfo/{fd}") as file:
            pid = re.search(r"^Pid:\s*(\d+)$", file.read(), re.M).group(1)
        os.close(fd)
        return int(pid)
    path = runtime.write(*runtime.bundle("sleep", "1000000"))
    first = received("create", "--bundle", path, "pidfd")
    if isinstance(first, str):
        return first
    runtime("start", "pidfd")
    second = received("exec", "--detach", "pidfd", "sleep", "1000000")
    assert [first, second] == sorted(json.loads(runtime("ps", "--format", "json", "pidfd"))), (first, second)
    runtime.end("pidfd")
    return True


@script.case
def update_forms(runtime):
    """update from standard input and by options: what the cgroup's files say afterwards."""
    runtime.sleeper("update")
    with open(f"/proc/{runtime.state('update')['pid']}/cgroup") as file:
        cgroup = "/sys/fs/cgroup" + file.read().strip().split("::")[1]

    def values():
        names = ("memory.max", "memory.low", "memory.swap.max", "cpu.weight", "cpu.max", "pids.max",
                 "cpuset.cpus")
        # A controller that nobody asked for may be off; its limits are none.
        return {name: open(f"{cgroup}/{name}").read().strip() if os.path.exists(f"{cgroup}/{name}") else ""
                for name in names}
    seen = []
    resources = {"memory": {"limit": 100 << 20, "reservation": 50 << 20, "swap": 200 << 20},
                 "cpu": {"shares": 512, "quota": 50000, "period": 100000}, "pids": {"limit": 77}}
    runtime("update", "--resources=-", "update", input=json.dumps(resources))
    seen.append(values())
    runtime("update", "--memory", str(80 << 20), "--memory-swap", str(90 << 20), "--cpu-share", "2048",
            "--pids-limit", "-1", "--cpuset-cpus", "0", "update")
    seen.append(values())
    (runtime.directory / "resources.json").write_text(json.dumps({"cpu": {"quota": 20000, "period": 40000}}))
    runtime("update", "-r", runtime.directory / "resources.json", "update")
    seen.append(values())
    runtime.end("update")
    return seen


@script.case(more=True)
def hook_state(runtime):
    """a hook's standard input is the state, with the names that hooks read."""
    path, config = runtime.bundle("true")
    script = f"/bin/cat >{path}/prestart"
    config["hooks"] = {"prestart": [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin"]}],
                       "poststop": [{"path": "/bin/sh", "args": ["sh", "-c", f"/bin/cat >{path}/poststop"]}]}
    config["annotations"] = {"a": "b"}
    runtime("run", "--bundle", runtime.write(path, config), "hooked")
    seen = []
    for name in ("prestart", "poststop"):
        state = json.loads((path / name).read_text())
        assert state["id"] == "hooked" and state["bundle"] == str(path) and state["annotations"] == {"a": "b"}
        seen.append([state["status"], sorted(state), state.get("pid", 0) > 0])
    return seen


@script.case
def run_forms(runtime):
    """run: statuses, --detach with a pid file, --keep, --preserve-fds."""
    seen = [runtime.try_run("sh", "-c", "exit 9").status, runtime.try_run("true").status]
    path = runtime.write(*runtime.bundle("sleep", "1000000"))
    runtime("run", "-d", "--pid-file", path / "pid", "-b", path, "detached")
    assert int((path / "pid").read_text()) == runtime.state("detached")["pid"]
    seen.append(runtime.try_("delete", "-f", "detached").seen())
    path = runtime.write(*runtime.bundle("sh", "-c", "echo to3 >&3"))
    with open(path / "three", "wb") as file:
        runtime("run", "--keep", "--preserve-fds", "1", "--bundle", path, "kept", three=file)
    seen += [(path / "three").read_text(), runtime.state("kept")["status"]]
    runtime.end("kept")
    return seen


@script.case(more=True)
def command_lines(runtime):
    """mistakes in a command line are failures; help is none."""
    lines = (["nosuch"], ["state"], ["state", "--nosuch", "x"], ["create", "bad/id"], ["create"], ["kill"],
             ["--nosuch"])
    return [{" ".join(line): runtime.try_(*line).status != 0 for line in lines},
            runtime.try_("--help").status,
            {name: runtime.try_(name, "--help").status for name in ("create", "exec", "update")}]


@script.case(more=True)
def slips(runtime):
    """slips of a caller's: values that are empty, unknown or no numbers, letters with values behind `=`."""
    runtime.sleeper("slips")
    empty = [f"--{name}=" for name in ("pid-file", "console-socket", "process", "cwd", "apparmor")]
    lines = (["exec", *empty, "slips", "true"], ["exec", "--user=", "slips", "true"], ["kill", "slips", ""],
             ["exec", "--cap=CAP_NOSUCH", "slips", "true"], ["exec", "--preserve-fds=-1", "slips", "true"],
             ["exec", "--env", "=value", "slips", "true"], ["exec", "-u=5", "slips", "true"], ["list", "-f=json"],
             ["update", "slips"], ["update", "--memory=", "slips"])
    seen = {" ".join(line): runtime.try_(*line).status == 0 for line in lines}
    path, config = runtime.bundle("true")
    config["ociVersion"] = "9.0.0"
    seen["a version to come"] = runtime.try_("run", "--bundle", runtime.write(path, config), "later").status == 0
    runtime.try_("kill", "slips", "KILL")
    wait_until(lambda: runtime.state("slips")["status"] == "stopped")
    seen["ps of a stopped container"] = runtime.try_("ps", "--format", "json", "slips").seen()
    runtime.end("slips")
    return seen


@script.case
def checkpoint_help(runtime):
    """checkpoint --help succeeds: what Podman asks before it offers a checkpoint."""
    return runtime.try_("checkpoint", "--help").status


@script.case(more=True)
def spec_document(runtime):
    """spec and spec --rootless: namespaces, mounts and capabilities a user begins with."""
    documents = []
    for more in ([], ["--rootless"]):
        directory = runtime.directory / f"spec{len(more)}"
        directory.mkdir()
        runtime("spec", "--bundle", directory, *more)
        config = json.loads((directory / "config.json").read_text())
        documents.append([sorted(row["type"] for row in config["linux"]["namespaces"]),
                          [row["destination"] for row in config["mounts"]], config["process"]["args"],
                          config["process"]["cwd"], config["root"]])
    return documents


if __name__ == "__main__":
    script.main()
