# SPDX-License-Identifier: Apache-2.0
"""Containers of an unprivileged user: with sub-ids or none, with a delegated cgroup or none, and in containers."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import leaks
import pytest
from house import (CGROUPS, CONTROLLERS, Bundle, Tare, alive, cgroup_of, make_busybox_root, read_line, wait_for_file,
                   wait_for_program, wait_until)
from terminal import User

# The id is of this run alone: what a user may see of his own, keys among it, is not of a run beside this one.
UID, SUB_FIRST, SUB_COUNT = 1000000 + os.getpid(), 300000, 65536
ALL_CAPABILITIES = [f"CAP_{name}" for name in (
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_ADMIN SYS_CHROOT SYS_ADMIN MKNOD "
    "SYS_PTRACE SETFCAP NET_BIND_SERVICE AUDIT_WRITE").split()]


class UserTare(Tare):
    """The same command line, typed by a user without privileges."""
    groups = ("--clear-groups",)
    leaf = None

    @property
    def become(self):
        become = ["setpriv", "--reuid", str(UID), "--regid", str(UID), *self.groups]
        if self.leaf:
            become = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.leaf / "cgroup.procs"), *become]
        return become

    def command(self, *args):
        return self.become + super().command(*args)


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    """A user with sub-ids, in this mount namespace only."""
    directory = tmp_path_factory.mktemp("etc")
    passwd = pathlib.Path("/etc/passwd").read_text()
    texts = {"passwd": passwd + f"tareuser:x:{UID}:{UID}::/:/bin/sh\n",
             "subuid": f"tareuser:{SUB_FIRST}:{SUB_COUNT}\n", "subgid": f"tareuser:{SUB_FIRST}:{SUB_COUNT}\n"}
    bound = []
    for name, text in texts.items():
        (directory / name).write_text(text)
        if os.path.exists(f"/etc/{name}"):
            subprocess.run(["mount", "--bind", directory / name, f"/etc/{name}"], check=True)
            bound.append(f"/etc/{name}")
    yield bound
    for path in bound:
        subprocess.run(["umount", path], check=True)


@pytest.fixture
def user(accounts, time_limit):
    home = pathlib.Path(tempfile.mkdtemp(prefix=f"tare-user.{os.getpid()}."))
    home.chmod(0o755)
    program = home / "tare"
    shutil.copy(os.environ.get("TARE", str(pathlib.Path(__file__).parents[2] / "build/tare")), program)
    runtime = UserTare(str(program), home, f"u{os.getpid()}-{home.name[-8:]}-")
    os.chown(home, UID, UID)
    before = leaks.mounts()
    yield runtime
    left = leaks.find(runtime, before)
    leaks.remove(runtime, before)
    shutil.rmtree(home)
    assert not left, "left behind: " + ", ".join(left)


def own(path):
    subprocess.run(["chown", "-R", f"{UID}:{UID}", path], check=True)


@pytest.fixture
def new_bundle(user):
    """What `spec --rootless` writes, without a terminal."""
    made = []

    def make():
        path = user.directory / f"bundle{len(made)}"
        path.mkdir()
        make_busybox_root(path / "rootfs")
        own(path)
        user("spec", "--rootless", cwd=path)
        config = json.loads((path / "config.json").read_text())
        config["process"]["terminal"] = config["root"]["readonly"] = False
        made.append(Bundle(user, path, path / "rootfs", config))
        return made[-1]
    return make


@pytest.fixture
def bundle(new_bundle):
    return new_bundle()


def map_ids(bundle, *rows):
    maps = [dict(zip(("containerID", "hostID", "size"), row)) for row in rows]
    bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = maps


@pytest.fixture
def sub_bundle(bundle, accounts):
    if not shutil.which("newuidmap") or "/etc/subuid" not in accounts:
        pytest.skip("needs newuidmap and /etc/subuid")
    map_ids(bundle, (0, UID, 1), (1, SUB_FIRST, SUB_COUNT))
    return bundle


@pytest.fixture
def delegated(user):
    """A cgroup v2 subtree that belongs to the user, who is in a leaf of it."""
    top = CGROUPS / f"{user.prefix}top"
    leaf = top / "leaf"
    leaf.mkdir(parents=True)
    for directory in (top, leaf):
        for path in (directory, directory / "cgroup.procs", directory / "cgroup.subtree_control"):
            os.chown(path, UID, UID)
    user.leaf = leaf
    yield top
    for path in sorted((p for p in top.rglob("*") if p.is_dir()), key=lambda p: -len(str(p))):
        path.rmdir()
    top.rmdir()


def test_the_first_container_of_a_user(bundle):
    """`spec --rootless` and `run`: root inside, and nothing to be read about cgroups that nobody asked for."""
    outcome = bundle.try_run("id -u; id -g; hostname; cat /proc/self/uid_map")
    assert outcome.out.split() == ["0", "0", "tare", "0", str(UID), "1"]
    assert outcome.status == 0 and not outcome.err, outcome


def test_life_without_a_cgroup(bundle, user):
    """Where no cgroup was delegated, all but pause and limits works; exec failed for want of a cgroup, or of
    the right to enter the pid namespace."""
    container = bundle.shell("exec sleep 1000000").start()
    assert container.status == "running"
    wait_for_program(container.pid, "sleep")
    assert "sleep 1000000" in container.exec("ps")
    assert container.exec("cat", "/proc/self/uid_map") == container.exec("cat", "/proc/1/uid_map")
    for command in (["pause"], ["update", "--memory=100M"], ["stats", "--no-stream"], ["events", "--stats"]):
        message = user.fails(*command, container.id)
        assert "no cgroup" in message and "delegated" in message
    for ids, call in (("1000", "setresuid 1000"), ("0:5", "setresgid 5"), ("7:0", "setresuid 7")):
        message = user.fails("exec", "--user", ids, container.id, "id")
        assert "/process/user (uid" in message and call in message and "not mapped" in message
    container.end()
    container.delete()
    assert not user.ids()


def made(cgroup):
    """Not if the last container of another test run takes the directory above away meanwhile."""
    try:
        cgroup.mkdir(parents=True)
    except FileNotFoundError:
        return False
    return True


@pytest.mark.parametrize("busy", [False, True])
def test_a_cgroup_of_the_same_name(bundle, user, busy):
    """Somebody else's container has the ID too: its cgroup is nothing to the user, who can have none."""
    id = user.new_id()
    cgroup = CGROUPS / "tare" / id
    wait_until(lambda: made(cgroup))
    other = subprocess.Popen(["sleep", "1000000"])
    if busy:
        (cgroup / "cgroup.procs").write_text(str(other.pid))
    try:
        bundle.shell("echo runs").write()
        outcome = user.try_("run", "--bundle", bundle.path, id)
        assert (outcome.out, outcome.err, outcome.status) == ("runs\n", "", 0), outcome
        bundle.linux["cgroupsPath"] = f"/tare/{id}"
        message = bundle.create_fails()
        assert "/linux/cgroupsPath" in message and ("someone else" in message or busy), message
        assert cgroup.is_dir() and other.poll() is None
    finally:
        other.kill()
        other.wait()
        wait_until(lambda: not (cgroup / "cgroup.procs").read_text())
        cgroup.rmdir()


def test_processes_without_a_cgroup(bundle, user):
    """Who has no cgroup still wants to see what runs in a container, in namespaces of its own too, and to end all of it."""
    container = bundle.shell("sleep 1000000 & sleep 1000000 & unshare -U -p -f sleep 1000000 & exec sleep 1000000").start()
    wait_until(lambda: len(json.loads(user("ps", "--format=json", container.id))) == 5)
    listed = json.loads(user("ps", "--format=json", container.id))
    assert container.pid in listed
    wait_until(lambda: all(b"sleep" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() for pid in listed))
    lines = user("ps", container.id).splitlines()
    assert len(lines) == 6 and "PID" in lines[0]
    user("kill", "--all", container.id, "TERM")  # the first of each namespace has no handler, so it stays
    wait_until(lambda: len(json.loads(user("ps", "--format=json", container.id))) == 2)
    container.remove()
    assert not any(alive(pid) for pid in listed)


def test_processes_of_the_hosts_namespace(bundle, user):
    """With neither a cgroup nor a pid namespace nobody knows what belongs to the container: a guess would be wrong."""
    bundle.without_namespace("pid")
    container = bundle.shell("exec sleep 1000000").start()
    assert "neither a cgroup nor a pid namespace" in user.fails("ps", container.id)
    outcome = user.try_("kill", "--all", container.id, "KILL")
    assert outcome.status == 0 and "only its first process" in outcome.err
    container.remove()


def test_sub_ids_make_a_whole_system(sub_bundle):
    """Package managers change owners and drop groups: with newuidmap both must work inside."""
    capabilities = sub_bundle.process["capabilities"]
    for name in ("bounding", "effective", "permitted"):
        capabilities[name] = ALL_CAPABILITIES
    out = sub_bundle.run("touch /tmp/f && chown 33:34 /tmp/f && stat -c %u:%g /tmp/f && cat /proc/self/setgroups"
                         " && su user -c 'id -G'")
    assert out.split() == ["33:34", "allow", "1000"]
    made = (sub_bundle.rootfs / "tmp/f").stat()
    assert (made.st_uid, made.st_gid) == (SUB_FIRST + 32, SUB_FIRST + 33)


def test_sub_ids_of_user_and_groups(sub_bundle):
    """A web server in its own group; and exec must drop and set the same groups."""
    sub_bundle.process["user"] = {"uid": 33, "gid": 33, "additionalGids": [5, 44]}
    container = sub_bundle.shell("exec sleep 1000000").start()
    assert container.exec("id", "-G").split() == ["33", "5", "44"]
    assert container.exec("id", "-u").strip() == "33"
    container.remove()


def test_groups_of_the_caller_do_not_leak(sub_bundle, user):
    """A user's membership in docker, disk or adm must not follow into a container that could drop it."""
    user.groups = ("--groups", f"{UID},6,44")
    status = sub_bundle.run("grep Groups: /proc/self/status")
    assert status.split() == ["Groups:"]


def test_groups_are_kept_on_request(bundle, user):
    """run.oci.keep_original_groups: shared storage that only a group may read stays readable."""
    user.groups = ("--groups", f"{UID},44")
    bundle.config["annotations"] = {"run.oci.keep_original_groups": "1"}
    bundle.process["user"]["additionalGids"] = [0]
    assert "65534" in bundle.run("grep Groups: /proc/self/status")


def test_groups_that_cannot_be_set(bundle):
    """Silently without its groups a program fails much later; the message says what to map."""
    bundle.process["user"]["additionalGids"] = [5]
    message = bundle.create_fails()
    assert "/process/user/additionalGids" in message and "subgid(5)" in message


def test_ids_of_somebody_else(sub_bundle):
    """What newuidmap said is the only explanation there is: it used to be lost to callers that read the log."""
    map_ids(sub_bundle, (0, UID, 1), (1, 700000, 65536))
    message = sub_bundle.create_fails()
    assert "/linux/uidMappings" in message and "newuidmap" in message and "subuid(5)" in message


def test_only_the_own_id_and_not_as_root(bundle):
    """A user who wants to be the same user inside, as build tools do."""
    map_ids(bundle, (1000, UID, 1))
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    assert bundle.run("id -u; touch /tmp/mine && stat -c %u /tmp/mine").split() == ["1000", "1000"]


def test_limits_without_a_delegated_cgroup(bundle):
    """A limit that is not kept is worse than none: it is refused, with the remedy."""
    bundle.resources["unified"] = {"cgroup.max.depth": "3"}
    message = bundle.create_fails()
    assert "delegated" in message and "cgroup" in message


def test_a_path_that_was_not_delegated(bundle):
    """An engine that names a cgroup relies on it: accounting and kill would go astray."""
    bundle.linux["cgroupsPath"] = f"/{bundle.tare.prefix}nowhere"
    message = bundle.create_fails()
    assert "/linux/cgroupsPath" in message and "delegated" in message


def test_a_delegated_subtree(bundle, user, delegated):
    """systemd's Delegate=yes: containers of users can be limited, paused and removed."""
    bundle.linux["cgroupsPath"] = f"/{delegated.name}/mine"
    bundle.resources["unified"] = {"cgroup.max.depth": "3"}
    if "pids" in CONTROLLERS:
        bundle.resources["pids"] = {"limit": 20}
    container = bundle.shell("exec sleep 1000000").start()
    cgroup = cgroup_of(container.pid)
    assert cgroup == delegated / "mine"
    assert (cgroup / "cgroup.max.depth").read_text() == "3\n"
    if "pids" in CONTROLLERS:
        assert (cgroup / "pids.max").read_text() == "20\n"
    container.pause()
    assert container.status == "paused"
    container.resume()
    wait_for_program(container.pid, "sleep")
    assert "sleep 1000000" in container.exec("ps")
    container.remove()
    assert not cgroup.exists()


def test_a_delegated_subtree_unasked(bundle, user, delegated):
    """Without a path the container goes where its user may put it, so that it can be paused and killed whole."""
    container = bundle.shell("exec sleep 1000000").start()
    assert delegated in cgroup_of(container.pid).parents
    container.pause()
    container.resume()
    container.remove()


def test_no_namespaces_that_give_the_right(bundle):
    """A user may not mount on the host, and is told what makes it possible."""
    bundle.linux["namespaces"] = []
    for key in ("uidMappings", "gidMappings"):
        bundle.linux.pop(key)
    bundle.config.pop("hostname", None)
    message = bundle.create_fails()
    assert "/root/path" in message and '"mount" and "user"' in message


def test_device_nodes_are_the_hosts(bundle):
    """mknod is denied to users: nodes are bound, and a program writes to /dev/null, not to a file."""
    out = bundle.run("for d in null zero full random urandom tty; do stat -c %F:%t,%T /dev/$d; done")
    assert out.split("\n")[:3] == ["character special file:1,3", "character special file:1,5",
                                   "character special file:1,7"]


def test_a_terminal_and_its_group(bundle, user):
    """Engines ask for gid=5 on devpts, which a user cannot map: the terminal must work all the same."""
    for mount in bundle.config["mounts"]:
        if mount["type"] == "devpts":
            mount["options"].append("gid=5")
    bundle.process["terminal"] = True
    bundle.shell("test -t 0 && tty").write()
    at = User(user, "run", "--bundle", str(bundle.path), user.new_id())
    assert "/dev/" in read_line(at.master)
    at.process.wait()
    at.close()


@pytest.mark.parametrize("destination, kind", [("/sys", "sysfs"), ("/proc", "proc")])
def test_file_systems_of_namespaces_that_are_shared(bundle, destination, kind):
    """Host networking or the host's processes: the kernel gives no new sysfs or proc, the host's is shown."""
    bundle.without_namespace("network" if kind == "sysfs" else "pid")
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["destination"] != destination]
    bundle.mount(destination, kind, kind, ["nosuid", "nodev", "noexec"])
    bundle.config["mounts"].sort(key=lambda row: row["destination"].count("/"))
    assert f" {destination} {kind} " in bundle.run("cat /proc/mounts")


def test_files_are_bound(bundle):
    """resolv.conf and its like come from the host, read-only."""
    file = bundle.path / "resolv.conf"
    file.write_text("nameserver 192.0.2.1\n")
    own(file)
    bundle.mount("/etc/resolv.conf", "bind", file, ["bind", "ro"])
    outcome = bundle.try_run("cat /etc/resolv.conf; echo >>/etc/resolv.conf")
    assert "192.0.2.1" in outcome.out and "Read-only" in outcome.err


def test_without_pivot_root(bundle):
    """On an initramfs there is nothing to pivot: --no-pivot must leave the host's files out of reach."""
    assert set(bundle.run("ls /", "--no-pivot").split()) == set(os.listdir(bundle.rootfs))


def test_hooks_are_the_users(bundle):
    """CNI plugins and the like run as the user, with the state on their standard input."""
    log = bundle.path / "hooks"
    script = f"id -u >>{log}; grep -c '\"pid\"' >>{log}"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", script], "env": [f"PATH={os.environ['PATH']}"]}
    bundle.config["hooks"] = {"createRuntime": [hook], "poststop": [hook]}
    bundle.run("true")
    assert log.read_text().split()[0] == str(UID) and log.read_text().split()[2] == str(UID)


def test_joining_a_user_namespace_by_path(bundle, new_bundle):
    """Pods of users: the second container shares the first one's user and network namespaces."""
    bundle.namespace("network")
    first = bundle.shell("exec sleep 1000000").start()
    second = new_bundle()
    del second.linux["uidMappings"], second.linux["gidMappings"]
    for kind, name in (("user", "user"), ("network", "net")):
        second.namespace(kind, f"/proc/{first.pid}/ns/{name}")
    out = second.run("readlink /proc/self/ns/user; readlink /proc/self/ns/net; id -u")
    assert out.split() == [os.readlink(f"/proc/{first.pid}/ns/{name}") for name in ("user", "net")] + ["0"]
    first.remove()


def session_keys(text):
    return {line.split()[0] for line in text.splitlines() if " keyring " in line and "_ses" in line}


def users_keys(user):
    command = user.command()
    return session_keys(subprocess.run([*command[:command.index(user.program)], "cat", "/proc/keys"], text=True,
                                       check=True, stdout=subprocess.PIPE).stdout)


def test_keyrings_are_their_own(bundle, user):
    """A key of the caller's session, Kerberos or ecryptfs, must not be there for the container to read, nor one
    of the container for who enters it."""
    bundle.linux["maskedPaths"] = []
    before = users_keys(user)
    container = bundle.shell("cat /proc/keys >/tmp/keys; mv /tmp/keys /tmp/all; exec sleep 1000000").start()
    wait_for_file(bundle.rootfs / "tmp/all")
    first = session_keys((bundle.rootfs / "tmp/all").read_text())
    entered = session_keys(container.exec("cat", "/proc/keys"))
    assert first - before and entered - first
    container.remove()


def test_the_callers_keyring_on_request(bundle, user):
    """--no-new-keyring: programs that live by the session's keys, Kerberos mounts among them."""
    bundle.linux["maskedPaths"] = []
    before = users_keys(user)
    assert session_keys(bundle.run("cat /proc/keys", "--no-new-keyring")) <= before
    container = bundle.shell("exec sleep 1000000").start("--no-new-keyring")
    assert session_keys(container.exec("cat", "/proc/keys")) <= before
    container.remove()


def test_the_state_is_in_the_runtime_directory(bundle, user):
    """Users have no /run/tare; what is old in XDG_RUNTIME_DIR is swept away unless it is sticky."""
    runtime = user.directory / "run"
    runtime.mkdir(0o700)
    own(runtime)
    bundle.shell("exec sleep 1000000").write()
    command = [word for word in user.command() if word not in ("--root", str(user.root))]

    def plain(*args, **env):
        return subprocess.run([*command, *args], env={"PATH": os.environ["PATH"], **env}, text=True,
                              stdin=subprocess.DEVNULL, capture_output=args[0] != "create")
    id = user.new_id()
    xdg = {"XDG_RUNTIME_DIR": str(runtime)}
    assert plain("create", "--bundle", str(bundle.path), id, **xdg).returncode == 0
    mode = (runtime / "tare").stat().st_mode
    assert mode & 0o7777 == 0o1700 and (runtime / "tare" / id).is_dir()
    assert plain("delete", "--force", id, **xdg).returncode == 0
    nowhere = plain("state", id)
    assert nowhere.returncode == 1 and "XDG_RUNTIME_DIR" in nowhere.stderr and "--root" in nowhere.stderr


def nest(outer, inner, *options, capabilities=ALL_CAPABILITIES):
    """Runs the bundle `inner` with tare inside the container of `outer`; what it printed, its status last."""
    for name in ("bounding", "effective", "permitted"):
        outer.process["capabilities"][name] = capabilities
    inner.write()
    outer.mount("/inner", "bind", inner.path, ["rbind"])
    outer.mount("/program", "bind", inner.tare.program, ["rbind"])
    for path in ("/lib", "/lib64", "/usr/lib"):
        if os.path.isdir(path):
            outer.mount(path, "bind", path, ["rbind", "ro"])
    command = f"/program {' '.join(options)} --root /dev/shm/state run --bundle /inner in"
    return outer.run(f"{command} 2>&1; echo status $?")


def test_nested_in_a_container_of_sub_ids(sub_bundle, new_bundle):
    """Builds in a user's container: the kernel gives no new proc where parts of it are covered, so the outer
    one is shown, and said to be."""
    inner = new_bundle()
    map_ids(inner, (0, 0, 1))
    inner.shell("id -u; grep -c ' /proc proc ' /proc/mounts")
    out = nest(sub_bundle, inner)
    assert {"0", "1", "status 0"} <= set(out.splitlines())
    assert "/mounts/0 (destination /proc)" in out and "shown instead" in out


def test_nested_as_a_user(sub_bundle, new_bundle):
    """Unprivileged in unprivileged: a build that runs as nobody special in a user's container makes one of its own."""
    inner = new_bundle()
    map_ids(inner, (0, 1000, 1))
    inner.shell("id -u; cat /proc/self/uid_map; ls /proc/1/ns >/dev/null && echo own")
    sub_bundle.process["user"] = {"uid": 1000, "gid": 1000}
    lines = nest(sub_bundle, inner, capabilities=[]).splitlines()
    assert {"0", "own", "status 0"} <= set(lines) and ["0", "1000", "1"] in [line.split() for line in lines], lines


def test_nested_sysctls(sub_bundle, new_bundle):
    """Without a procfs of its own the runtime must still set what the container's network needs."""
    inner = new_bundle()
    map_ids(inner, (0, 0, 1))
    inner.namespace("network")
    inner.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    sub_bundle.linux["readonlyPaths"] = []
    inner.shell("cat /proc/sys/net/ipv4/ip_forward")
    assert {"1", "status 0"} <= set(nest(sub_bundle, inner).splitlines())


def ordinary(bundle):
    """Without a user namespace of its own."""
    bundle.without_namespace("user")
    del bundle.linux["uidMappings"], bundle.linux["gidMappings"]
    return bundle


def test_nested_without_a_user_namespace(sub_bundle, new_bundle):
    """Root of a user's container is root enough for an ordinary config."""
    inner = ordinary(new_bundle())
    inner.shell("id -u; ls /proc/1/ns >/dev/null && echo own")
    assert {"0", "own", "status 0"} <= set(nest(sub_bundle, inner).splitlines())


def test_nested_where_one_id_is_mapped(bundle, new_bundle):
    """The container of a user without sub-ids: groups cannot be dropped there, and the terminals' group of every
    engine's config does not exist."""
    inner = ordinary(new_bundle())
    for mount in inner.config["mounts"]:
        if mount["type"] == "devpts":
            mount["options"].append("gid=5")
    inner.shell("id -u; grep -c devpts /proc/mounts")
    assert {"0", "1", "status 0"} <= set(nest(bundle, inner).splitlines())


def test_nested_groups_that_cannot_be_set(bundle, new_bundle):
    """The message must name the user namespace outside, which is what has to change."""
    inner = ordinary(new_bundle())
    inner.process["user"]["additionalGids"] = [5]
    out = nest(bundle, inner)
    assert "/process/user/additionalGids" in out and "that tare runs in" in out and "status 1" in out
