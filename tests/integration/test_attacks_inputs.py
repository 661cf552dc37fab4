# SPDX-License-Identifier: Apache-2.0
"""Loose parsing and things inherited: users, sysctls, capabilities, descriptors, hooks' surroundings."""
import ctypes
import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess

import pytest
from attacking import SOURCES, give, program
from house import BUSYBOX, status_fields
from test_attacks_images import SECRET, outside  # noqa: F401

LIBC = ctypes.CDLL(None)
NET_ADMIN = 12


@pytest.mark.parametrize("text", ["", ":", ":1", "1:", "+0", "-1", "+1:1", "1:-1", "0x0", " 1", "1 ", "1:2:3", "1:+0",
                                  "4294967295", "4294967296", "1:4294967296", "18446744073709551616", "root", "user",
                                  "root:root", "1:root", "1e3", "\u0661", "1\n", "1,2", "1.2"])
def test_user_of_exec(sleeper, text):
    """A user that is misread is root (CVE-2016-3697, CVE-2026-30892, CVE-2026-46680)."""
    careless = [ctypes.c_uint32(LIBC.atoi(part.encode())).value for part in (text.split(":") + ["0"])[:2]]
    assert ":".join(map(str, careless)) != text  # takes what it can and leaves the rest
    message = sleeper.tare.fails("exec", "--user", text, sleeper.id, "id")
    assert "--user" in message


def test_user_of_exec_is_taken_to_the_letter(sleeper):
    """The good ones, for comparison: the group of a lone user is the config's."""
    for text, wanted in [("0", "0:0"), ("1000", "1000:0"), ("7:8", "7:8"), ("4294967294:1", "4294967294:1")]:
        out = sleeper.tare("exec", "--user", text, sleeper.id, "sh", "-c", "echo $(id -u):$(id -g)")
        assert out == wanted + "\n"


def test_names_of_the_image_mean_nothing(bundle):
    """A user of the image's passwd that is called like a number became root (CVE-2016-3697)."""
    (bundle.rootfs / "etc/passwd").write_text("1000:x:0:0:root:/root:/bin/sh\nroot:x:0:0::/:/bin/sh\n")
    careless = ["chroot", bundle.rootfs, "/bin/su", "1000", "-c", "id -u"]
    assert subprocess.run(careless, check=True, text=True, stdout=subprocess.PIPE).stdout == "0\n"
    bundle.shell("exec sleep 1000000")
    container = bundle.start()
    out = bundle.tare("exec", "--user", "1000", container.id, "cat", "/proc/self/status")
    container.remove()
    assert status_fields(out)["Uid"].split() == ["1000"] * 4


def careless_id(value):
    """What a runtime becomes that takes any value for a number of 32 bits: the id in a child."""
    number = value if isinstance(value, (int, float)) else LIBC.atoi(str(value).encode())
    pid = os.fork()
    if pid == 0:
        LIBC.setresuid(*[ctypes.c_uint32(int(number))] * 3)
        os._exit(os.getuid())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("field", ["uid", "gid"])
@pytest.mark.parametrize("value", [-1, 2 ** 32 - 1, 2 ** 32, 2 ** 63, 1.5, "0", "root", [0], True])
def test_user_of_the_config(bundle, field, value):
    """A number that wraps around, or is none, is root too."""
    assert careless_id(value) == (1 if value in (1.5, True) else 0)
    bundle.process["user"][field] = value
    assert f"/process/user/{field}" in bundle.create_fails()


# Each leads a careless runtime to a parameter of the host.
LED_ASTRAY = ["kernel/core_pattern", "kernel.core_pattern", "net.ipv4/../../kernel.core_pattern",
              "net/../kernel/core_pattern", "net/ipv4/../../kernel/core_pattern", "net//../kernel/core_pattern",
              "kernel.shm_rmid_forced/../core_pattern", "kernel/shm_rmid_forced/../core_pattern",
              "fs.mqueue/../../kernel.core_pattern", "fs/mqueue/../../kernel/core_pattern",
              "user/../kernel.core_pattern", "net.ipv4.ip_forward=1\nkernel.core_pattern",
              "net.ipv4.ip_forward+kernel.core_pattern"]
# No names at all.
MALFORMED = ["net//ipv4/ip_forward", "net..ipv4.ip_forward", ".net.ipv4.ip_forward", "/net/ipv4/ip_forward",
             "net.ipv4.ip_forward/", "net/.", "net.ipv4.ip_forward\n", "net.ipv4.ip_forward ", "", ".", "/", "net",
             "net.", "fs.mqueue.../../kernel.core_pattern", "user.../kernel.core_pattern"]


def careless_targets(name):
    """Where runtimes have written: dots made slashes or not, in a list of one or several."""
    ways = (lambda part: part, lambda part: part.replace(".", "/"),
            lambda part: re.sub(r"(?<!\.)\.(?!\.)", "/", part))
    parts = [part.partition("=")[0] for part in name.replace("+", "\n").split("\n")]
    return {os.path.normpath(f"/proc/sys/{way(part)}") for way in ways for part in parts}


def refused(bundle, name):
    before = pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
    bundle.linux["sysctl"] = {name: "1"}
    assert "/linux/sysctl" in bundle.create_fails()
    assert pathlib.Path("/proc/sys/kernel/core_pattern").read_text() == before


@pytest.mark.parametrize("name", LED_ASTRAY)
def test_sysctl_names(bundle, name):
    """A separator in the wrong place leads to another file than was checked."""
    assert "/proc/sys/kernel/core_pattern" in careless_targets(name)
    refused(bundle, name)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_sysctl_names(bundle, name):
    """What is no name is an error, not the file that it happens to lead to."""
    refused(bundle, name)


@pytest.mark.parametrize("value", ["0+kernel.core_pattern=|/x", "0\nkernel.core_pattern=|/x", "+", "0\n"])
def test_sysctl_values(bundle, value):
    """Tools that take lists split a value in two (CVE-2022-0811)."""
    assert len([part for row in value.split("\n") for part in row.split("+")]) > 1
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": value}
    assert "/linux/sysctl" in bundle.create_fails()


def careless_message(text):
    """A value behind its length in 16 bits, as a message to init once was: what init takes from it."""
    rest, values = struct.pack("<H", len(text) & 0xffff) + text, []
    while len(rest) > 2:
        length, = struct.unpack_from("<H", rest)
        values.append(rest[2:2 + length])
        rest = rest[2 + length:]
    return values


@pytest.mark.parametrize("length", [2 ** 16 - 1, 2 ** 16, 2 ** 16 + 6, 2 ** 17 - 16])
def test_long_values(bundle, length):
    """A length that overflowed left the end of a value to be read as settings (CVE-2021-43784)."""
    injected = struct.pack("<H", 4) + b"root"
    text = (injected * (length // len(injected) + 1))[:length]
    assert (careless_message(text) != [text]) == (length >= 2 ** 16)
    value = text.replace(b"\0", b"0").decode()
    bundle.process["env"] = ["PATH=/bin", f"LONG={value}"]
    bundle.process["args"] = ["sh", "-c", 'test "$1" = "$LONG" && echo ${#1} $(env | grep -c .); id -u', "sh", value]
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    lines = bundle.run().split()
    assert lines[0] == str(length) and lines[-1] == "1000", lines


def with_file_capabilities(path, inheritable):
    """Whoever executes it and has these inheritable gets them."""
    value = struct.pack("<IIIII", 0x02000001, 0, inheritable & 0xffffffff, 0, inheritable >> 32)
    os.setxattr(path, "security.capability", value)


@pytest.mark.parametrize("names", [["CAP_NET_ADMIN"], ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]])
def test_inheritable_capabilities_of_exec(bundle, names):
    """exec --cap made them inheritable, and a file of the image raised them for any user (CVE-2022-29162,
    CVE-2022-24769, CVE-2022-27650, CVE-2025-27612)."""
    bait = pathlib.Path(shutil.copy(program("show_caps"), program("show_caps").with_name("bait")))
    give(bundle, "show_caps")
    for path in (bait, bundle.rootfs / "bin/show_caps"):
        with_file_capabilities(path, 1 << NET_ADMIN)
    careless = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=+net_admin", bait]
    assert int(subprocess.run(careless, check=True, stdout=subprocess.PIPE).stdout, 16) == 1 << NET_ADMIN
    container = bundle.shell("exec sleep 1000000").start()
    options = [part for name in names for part in ("--cap", name)]
    assert int(bundle.tare("exec", *options, "--user", "1000", container.id, "show_caps"), 16) == 0
    for user in ("0", "1000"):
        fields = status_fields(bundle.tare("exec", *options, "--user", user, container.id, "cat", "/proc/self/status"))
        assert int(fields["CapInh"], 16) == 0 and int(fields["CapAmb"], 16) == 0
    container.remove()


def careless_chroot(bundle, number, script):
    """Enters the image with a descriptor open."""
    script = f"mount -t proc none {bundle.rootfs}/proc; exec chroot {bundle.rootfs} /bin/sh -c '{script}'"
    return subprocess.run(["unshare", "-m", "sh", "-c", script], pass_fds=[number], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


@pytest.fixture
def many_open(outside):  # noqa: F811
    """The caller's descriptors: a part of the host, many times, all inheritable."""
    numbers = [os.open(outside, os.O_RDONLY) for _ in range(30)]
    yield numbers
    for number in numbers:
        os.close(number)


GRAB = "cat secret ../secret; for n in /proc/self/fd/* /proc/1/fd/*; do cat $n/secret $n/../outside/secret; done"


def test_inherited_descriptors_and_cwd(bundle, outside, many_open):  # noqa: F811
    """A directory of the host that is open, or the working directory, is the host (CVE-2024-21626)."""
    assert SECRET in careless_chroot(bundle, many_open[0], GRAB)
    around = {"pass_fds": many_open, "cwd": outside}
    for options in ([], ["--no-pivot"]):
        assert SECRET not in bundle.try_run(GRAB, *options, **around).out
    container = bundle.shell("exec sleep 1000000").start(**around)
    for options in ([], ["--cwd", "/tmp"], ["--user", "1000"]):
        outcome = bundle.tare.try_("exec", *options, container.id, "sh", "-c", GRAB, **around)
        assert SECRET not in outcome.out
    container.remove()


def mounts_of(proc):
    return {row.split()[0] for row in (proc / "mountinfo").read_text().splitlines()}


def mount_of(proc, number):
    fields = status_fields((proc / "fdinfo" / number).read_text())
    return fields["mnt_id"]


def descriptors_on_the_host(proc):
    """Those that lead to a mount of the host's."""
    here = mounts_of(pathlib.Path("/proc/self"))
    return {link.name: os.readlink(link) for link in (proc / "fd").iterdir()
            if link.exists() and mount_of(proc, link.name) in here and int(link.name) > 2}


def test_descriptors_of_a_created_container(bundle, outside, many_open):  # noqa: F811
    """From `create` to `start` is a long time: who gets at the waiting process must not find the host."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=many_open) as careless:
        assert str(outside) in descriptors_on_the_host(pathlib.Path(f"/proc/{careless.pid}")).values()
        careless.communicate()
    container = bundle.shell("true").create(pass_fds=many_open, cwd=outside)
    proc = pathlib.Path(f"/proc/{container.pid}")
    assert descriptors_on_the_host(proc) == {}
    root = os.stat(bundle.rootfs)
    for name in ("root", "cwd"):
        status = os.stat(proc / name)
        assert (status.st_dev, status.st_ino) == (root.st_dev, root.st_ino)
    container.remove()


def with_descriptor(number, directory, command):
    """Runs a command that has the directory open under this number."""
    command = f"cd {directory}; exec {number}<.; exec {shlex.join(map(str, command))}"
    return subprocess.run(["bash", "-c", command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("number", range(3, 20))
def test_program_through_a_descriptor(bundle, outside, number):  # noqa: F811
    """/proc/self/fd/N/... as the program ran the host's, which the container then could write to."""
    shutil.copy(BUSYBOX, outside / "echo")
    paths = [f"/proc/self/fd/{number}/echo", f"/proc/self/fd/{number}/..{outside}/echo", f"/proc/self/cwd/..{outside}/echo"]
    assert with_descriptor(number, outside, [paths[0], SECRET]).stdout == SECRET + "\n"
    for path in paths:
        bundle.process["args"] = [path, SECRET]
        bundle.write()
        outcome = with_descriptor(number, outside,
                                  bundle.tare.command("run", "--bundle", bundle.path, bundle.tare.new_id()))
        assert outcome.returncode != 0 and SECRET not in outcome.stdout


HOOKS = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]


@pytest.mark.parametrize("kind", HOOKS)
def test_hooks_do_not_load_the_images_libraries(bundle, tmp_path, kind):
    """A hook ran as root of the host with the image's LD_PRELOAD, in the image's directory (CVE-2025-23266)."""
    mark, log = tmp_path / "mark", tmp_path / "log"
    library = bundle.rootfs / "preloaded.so"
    subprocess.run(["gcc", "-shared", "-fPIC", f'-DPRELOADED_MARK="{mark}"', "-o", library, SOURCES / "preloaded.c"],
                   check=True)
    careless = {"LD_PRELOAD": "./preloaded.so"}
    subprocess.run(["/usr/bin/python3", "-c", ""], env=careless, cwd=bundle.rootfs, check=True)
    assert mark.exists()
    mark.unlink()
    bundle.process["env"] += ["LD_PRELOAD=./preloaded.so", "LD_LIBRARY_PATH=.", "PATH=."]
    script = f"import os; open({str(log)!r}, 'w').write(os.getcwd())"
    bundle.config["hooks"] = {kind: [{"path": "/usr/bin/python3", "args": ["python3", "-I", "-c", script]}]}
    bundle.process["args"] = ["/bin/true"]
    bundle.run()
    assert not mark.exists()
    assert not log.read_text().startswith(str(bundle.rootfs))


@pytest.mark.parametrize("kind", [*HOOKS, "startContainer"])
def test_descriptors_of_hooks(bundle, outside, tmp_path, many_open, kind):  # noqa: F811
    """A hook that inherits the runtime's descriptors can hand them to who it is for."""
    log = tmp_path / "shared"
    log.mkdir()
    bundle.mount(str(log), "bind", log, ["bind"])
    bundle.config["root"]["readonly"] = False
    script = f"ls -l /proc/self/fd >{log}/fds; exit 0"
    subprocess.run(["sh", "-c", script], check=True, pass_fds=many_open)
    assert str(outside) in (log / "fds").read_text()
    (log / "fds").unlink()
    bundle.config["hooks"] = {kind: [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}]}
    bundle.run("true", pass_fds=many_open, cwd=outside)
    assert str(outside) not in (log / "fds").read_text()
    links = [row.split(" -> ") for row in (log / "fds").read_text().splitlines() if " -> " in row]
    assert {int(left.split()[-1]) for left, _ in links} <= {0, 1, 2, 3}  # 3 is what ls reads
