# SPDX-License-Identifier: Apache-2.0
"""What the integration tests are written with: the runtime's command line, bundles, the kernel's view."""
import functools
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

IN_VM = bool(os.environ.get("TARE_VM"))
# Emulated code is many times slower; limits that only end a hang are stretched.
PATIENCE = 4 if os.environ.get("TARE_VM") == "tcg" else 1
TREE = pathlib.Path(__file__).resolve().parents[2]
BUSYBOX = next(path for path in ("/usr/bin/busybox", "/bin/busybox") if os.path.exists(path))
UNIFIED = pathlib.Path("/sys/fs/cgroup/unified")
CGROUPS = UNIFIED if UNIFIED.is_dir() else pathlib.Path("/sys/fs/cgroup")
HYBRID = CGROUPS == UNIFIED
CONTROLLERS = (CGROUPS / "cgroup.controllers").read_text().split()
PF_EXITING = 4  # in /proc/PID/stat


class Outcome:
    """What a command left: its status, standard output and standard error."""

    def __init__(self, args, status, out, err):
        self.args, self.status, self.out, self.err = args, status, out, err

    def __repr__(self):
        return f"{' '.join(map(str, self.args))}: status {self.status}\nout: {self.out}\nerr: {self.err}"


class Tare:
    """The command line, with a state root of its own. Every call waits for the command's end."""

    def __init__(self, program, directory, prefix):
        self.program, self.prefix, self.directory = program, prefix, pathlib.Path(directory)
        self.root = self.directory / "state"
        self.count = 0

    @property
    def become(self):
        """What a command begins with that is to have the runtime's user."""
        return []

    def new_id(self):
        self.count += 1
        return f"{self.prefix}{self.count}"

    def command(self, *args):
        return [self.program, "--root", str(self.root), *map(str, args)]

    def try_(self, *args, input=None, env=None, pass_fds=(), cwd=None, stdin=None, timeout=60):
        """Output goes to files, not pipes: a container that lives on would hold a pipe open."""
        out, err = tempfile.TemporaryFile(dir=self.directory), tempfile.TemporaryFile(dir=self.directory)
        source = subprocess.PIPE if input is not None else stdin or subprocess.DEVNULL
        process = subprocess.Popen(self.command(*args), stdin=source, stdout=out, stderr=err, cwd=cwd,
                                   env={**os.environ, **(env or {})}, pass_fds=pass_fds)
        try:
            process.communicate(input.encode() if input is not None else None, timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        return Outcome(args, process.returncode, *texts)

    def __call__(self, *args, **more):
        outcome = self.try_(*args, **more)
        assert outcome.status == 0, outcome
        return outcome.out

    def fails(self, *args, **more):
        """The message of a command that must fail, by itself, in one line, with the status of its own failures."""
        outcome = self.try_(*args, **more)
        assert outcome.status == (255 if "exec" in args else 1), outcome
        lines = [line for line in outcome.err.splitlines() if "level=warning" not in line
                 and ": warning: " not in line]
        assert len(lines) == 1 and lines[0].startswith("tare: "), outcome
        return lines[0]

    def start_process(self, *args, **more):
        """The command as a running process."""
        return subprocess.Popen(self.command(*args), **more)

    def start_piped(self, *args, **more):
        """The same with its standard output in a pipe: (process, reading end)."""
        process = self.start_process(*args, stdout=subprocess.PIPE, **more)
        return process, process.stdout.fileno()

    def state(self, id):
        return json.loads(self("state", id))

    def status(self, id):
        return self.state(id)["status"]

    def ids(self):
        return self("list", "--quiet").split()


class Bundle:
    """A directory with config.json and a root file system."""

    def __init__(self, tare, path, rootfs, config):
        self.tare, self.path, self.config = tare, pathlib.Path(path), config
        self.rootfs = pathlib.Path(rootfs)
        self.written = None

    @property
    def process(self):
        return self.config["process"]

    @property
    def linux(self):
        return self.config["linux"]

    @property
    def resources(self):
        return self.linux.setdefault("resources", {})

    def namespace(self, kind, path=None):
        """Adds a namespace or sets the path of one."""
        self.without_namespace(kind)
        self.linux["namespaces"].append({"type": kind, **({"path": str(path)} if path else {})})

    def without_namespace(self, kind):
        self.linux["namespaces"] = [row for row in self.linux["namespaces"] if row["type"] != kind]

    def mount(self, destination, type="tmpfs", source=None, options=()):
        self.config["mounts"].append({"destination": destination, "type": type,
                                      "source": str(source or type), "options": list(options)})

    def shell(self, script):
        self.process["args"] = ["/bin/sh", "-c", script]
        return self

    def write(self, text=None):
        (self.path / "config.json").write_text(json.dumps(self.config, indent=1) if text is None else text)
        return self

    # The commands that read the bundle. Each writes config.json first.

    def create(self, *options, id=None, **more):
        id = id or self.tare.new_id()
        self.write()
        self.tare("create", "--bundle", self.path, *options, id, **more)
        return Container(self.tare, id)

    def start(self, *options, **more):
        container = self.create(*options, **more)
        self.tare("start", container.id)
        return container

    def run(self, script=None, *options, **more):
        """Standard output of a whole container."""
        if script is not None:
            self.shell(script)
        self.write()
        return self.tare("run", *options, "--bundle", self.path, self.tare.new_id(), **more)

    def try_run(self, script=None, *options, **more):
        if script is not None:
            self.shell(script)
        self.write()
        return self.tare.try_("run", *options, "--bundle", self.path, self.tare.new_id(), **more)

    def create_fails(self, *options, id=None, **more):
        self.write()
        return self.tare.fails("create", "--bundle", self.path, *options,
                               id or self.tare.new_id(), **more)


class Container:
    def __init__(self, tare, id):
        self.tare, self.id = tare, id

    @property
    def pid(self):
        return self.tare.state(self.id)["pid"]

    @property
    def status(self):
        return self.tare.status(self.id)

    def __getattr__(self, command):
        """container.kill("KILL"), container.pause(): the command with this id."""
        return lambda *args, **more: self.tare(command, self.id, *args, **more)

    def exec(self, *args, **more):
        """Options of exec first, then the program: exec("--cwd", "/tmp", "pwd")."""
        at = 0
        while at < len(args) and str(args[at]).startswith("-"):
            at += 2
        return self.tare("exec", *args[:at], self.id, *args[at:], **more)

    def pidfd(self):
        return os.pidfd_open(self.pid)

    def end(self):
        """Kills it and waits for its end."""
        pidfd = self.pidfd()
        self.kill("KILL")
        wait_readable(pidfd)
        os.close(pidfd)

    def remove(self):
        self.tare("delete", "--force", self.id)


def wait_readable(fd, seconds=30):
    ready, _, _ = select.select([fd], [], [], seconds * PATIENCE)
    assert ready, "nothing happened"


def read_line(fd, seconds=30):
    """One line from a pipe or a terminal, without waiting for more."""
    line = b""
    while not line.endswith(b"\n"):
        wait_readable(fd, seconds)
        byte = os.read(fd, 1)
        if not byte:
            break
        line += byte
    return line.decode().strip()


def wait_for_end(pid):
    """Until the process is gone or a zombie."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    wait_readable(fd)
    os.close(fd)


def alive(pid):
    """Who has left its cgroup on its way out is not, though it may be no zombie yet."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = stat.rpartition(")")[2].split()
    return fields[0] not in "ZX" and not int(fields[6]) & PF_EXITING


def doomed(pid):
    """Whether it is on its way out, or SIGKILL is on its way to it."""
    try:
        fields = status_fields(pathlib.Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return True
    pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    # Who is exiting, and so not alive, has taken what cgroup.kill sent before anybody is told.
    return bool(pending >> signal.SIGKILL - 1 & 1) or not alive(pid)


def cgroup_of(pid):
    """The v2 cgroup directory of a process."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return CGROUPS / line[3:].lstrip("/")
    raise AssertionError("no v2 cgroup")


def status_fields(text):
    """/proc/PID/status as a dictionary."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name: value.strip() for name, value in pairs}


@functools.cache
def applets():
    names = subprocess.run([BUSYBOX, "--list"], check=True, text=True, stdout=subprocess.PIPE).stdout.split()
    return [name for name in names if name != "busybox"]


def make_busybox_root(path):
    path = pathlib.Path(path)
    for name in ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "run", "home/user"):
        (path / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, path / "bin/busybox")
    for name in applets():
        os.symlink("busybox", f"{path}/bin/{name}")  # four hundred times a test: cheaper than by Path, or than a copy
    (path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n"
                                     "user:x:1000:1000::/home/user:/bin/sh\n")
    (path / "etc/group").write_text("root:x:0:\nuser:x:1000:\n")
    os.chmod(path / "tmp", 0o1777)
    os.chown(path / "home/user", 1000, 1000)


def receive_fds(server):
    """(payload, descriptors) of the one message that somebody sends to a listening socket."""
    wait_readable(server.fileno())
    connection, _ = server.accept()
    with connection:
        payload, fds, _, _ = socket.recv_fds(connection, 4096, 4)
    return payload, fds


def listening_socket(path):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    return server


def wait_until(condition, seconds=30):
    """For what the kernel offers no descriptor: asks again until it is so."""
    deadline = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.002)  # a processor that is emulated, or shared with what is waited for, has better to do


def wait_for_file(path):
    """Written whole under another name and renamed: there means complete."""
    wait_until(path.exists)


def wait_for_program(pid, name):
    """Until the process executes the program of that name. Halfway through execve(2) a process has a name, but no
    arguments that ps could show."""
    arguments = pathlib.Path(f"/proc/{pid}/cmdline")
    wait_until(lambda: os.path.basename(arguments.read_bytes().split(b"\0")[0]) == name.encode())
