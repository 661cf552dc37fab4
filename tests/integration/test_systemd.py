# SPDX-License-Identifier: Apache-2.0
"""Containers below systemd, as the system's and as a user's: where process 1 is systemd (tools/test.sh
vm-systemd)."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from device_programs import Programs
from house import CGROUPS, Bundle, Tare, cgroup_of, make_busybox_root, wait_until

pytestmark = [pytest.mark.skipif(not os.path.exists("/run/systemd/private"),
                                 reason="systemd is not process 1 here"),
              pytest.mark.seconds(120)]
UID = 4711
RUNTIME = pathlib.Path(f"/run/user/{UID}")


class Manager:
    """systemctl of the system's manager; User's is a user's."""
    options, user = [], False
    slice = CGROUPS / "system.slice"

    def systemctl(self, *args, check=True):
        command = ["systemctl", *self.options, "--no-pager", *args]
        return subprocess.run(command, check=check, text=True, stdout=subprocess.PIPE,
                              preexec_fn=self.become, env=self.environment()).stdout

    def environment(self):
        return dict(os.environ)

    def become(self):
        pass

    def show(self, unit, *names):
        """Properties as texts; one name gives the one value."""
        text = self.systemctl("show", unit, *(f"--property={name}" for name in names))
        values = dict(line.split("=", 1) for line in text.splitlines())
        return values[names[0]] if len(names) == 1 else values

    def reload(self):
        self.systemctl("daemon-reload")


class User(Manager):
    options, user = ["--user"], True
    slice = CGROUPS / f"user.slice/user-{UID}.slice/user@{UID}.service/user.slice"

    def environment(self):
        return {**os.environ, "XDG_RUNTIME_DIR": str(RUNTIME), "HOME": "/tmp", "USER": "vmuser"}

    def become(self):
        os.setgroups([])
        os.setresgid(UID, UID, UID)
        os.setresuid(UID, UID, UID)


class Command(Tare):
    """The runtime with the systemd manager, as the manager's user."""
    manager = Manager()

    def command(self, *args):
        command = super().command("--systemd-cgroup", *args)
        if not self.manager.user:
            return command
        return ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", *command]


@pytest.fixture(params=["system", "user"])
def manager(request):
    if request.param == "user" and not (RUNTIME / "bus").exists():
        pytest.skip("no manager of user vmuser (tests/vm/user starts it)")
    return User() if request.param == "user" else Manager()


@pytest.fixture
def tare(tare, manager, tmp_path, monkeypatch):
    """Of conftest, below the manager; afterwards no unit may be left."""
    command = Command(tare.program, tare.directory, tare.prefix)
    command.manager = manager
    if manager.user:
        for name, value in manager.environment().items():
            monkeypatch.setenv(name, value)
        place = pathlib.Path("/var/tmp") / tare.prefix
        place.mkdir(mode=0o755)
        os.chown(place, UID, UID)
        command.root = place / "state"
    yield command
    for id in command.ids():
        command("delete", "--force", id)
    left = manager.systemctl("list-units", "--all", "--plain", "--no-legend", f"*{tare.prefix}*")
    if manager.user:
        shutil.rmtree(place)
    assert left == "", "units are left"


@pytest.fixture
def bundle(tare, manager, new_bundle, default_config, tmp_path):
    if not manager.user:
        made = new_bundle()
        made.tare = tare
        return made
    path = tare.root.parent / "bundle"
    make_busybox_root(path / "rootfs")
    config = json.loads(subprocess.run([tare.program, "spec", "--rootless", "--bundle", str(path)],
                                       check=True) and (path / "config.json").read_text())
    config["process"]["terminal"] = False
    config["linux"]["uidMappings"] = [{"containerID": 0, "hostID": UID, "size": 1}]
    config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": UID, "size": 1}]
    subprocess.run(["chown", "-R", f"{UID}:{UID}", str(path)], check=True)
    return Bundle(tare, path, path / "rootfs", config)


def unit_of(container):
    return f"tare-{container.id}.scope"


def cgroup(container):
    """Found by its process, not by what tare says."""
    return cgroup_of(container.pid)


def read(container, file):
    return (cgroup(container) / file).read_text().strip()


SLEEP = "exec sleep 1000000"


def test_scope_is_where_callers_look_for_it(bundle, manager):
    """An engine, systemd-cgls and the journal find a container by its unit; exec and state must go to the same
    place, and nothing may remain of it."""
    container = bundle.shell(SLEEP).start()
    unit = unit_of(container)
    place = cgroup(container)
    assert place == manager.slice / unit
    shown = manager.show(unit, "ActiveState", "Delegate", "CollectMode", "ControlGroup", "Description")
    assert shown == {"ActiveState": "active", "Delegate": "yes", "CollectMode": "inactive-or-failed",
                     "ControlGroup": "/" + str(place.relative_to(CGROUPS)),
                     "Description": f"tare container {container.id}"}
    assert read(container, "cgroup.procs").split() == [str(container.pid)], "the process lent is gone"
    assert container.exec("sh", "-c", "cat /proc/self/cgroup").strip().endswith("/")
    container.pause()
    assert container.status == "paused"
    container.resume()
    container.remove()
    assert not place.exists()
    assert manager.show(unit, "LoadState") == "not-found"


def test_exec_into_a_part(bundle, manager):
    """With a service manager inside, the kernel lets no process into the container's own cgroup."""
    container = bundle.shell(SLEEP).start()
    part = cgroup(container) / "part"
    part.mkdir()
    if manager.user:
        os.chown(part, UID, UID)
        os.chown(part / "cgroup.procs", UID, UID)
    said = container.exec("--cgroup", "/part", "sh", "-c", "cat /proc/self/cgroup")
    assert said.strip().endswith("/part")
    container.remove()
    assert not part.exists()


def test_cgroups_path(bundle, manager):
    """Kubernetes and Podman choose slice and name; the pod's limits are on the slice."""
    id = bundle.tare.new_id()
    bundle.linux["cgroupsPath"] = f"tarepod-sub.slice:cri:{id}"
    container = bundle.shell(SLEEP).start(id=id)
    place = cgroup(container)
    assert place == manager.slice.parent / "tarepod.slice/tarepod-sub.slice" / f"cri-{id}.scope"
    container.remove()
    assert not place.exists()
    manager.systemctl("stop", "tarepod.slice")


@pytest.mark.parametrize("path, text", [
    ("/a/b", "slice:prefix:name"), ("a:b", "slice:prefix:name"), ("x:y:z", ".slice"), ("a--b.slice:y:z", "empty part"),
    ("a.slice:y:z.slice", "names a slice"), ("a.slice:y:" + "z" * 300, "longer than")])
def test_bad_paths(bundle, path, text):
    """Each mistake in what an engine hands on is named, and nothing is made of it."""
    bundle.linux["cgroupsPath"] = path
    message = bundle.create_fails()
    assert "/linux/cgroupsPath" in message and text in message


def test_limits_are_properties_too(bundle, manager):
    """`systemctl daemon-reload` has taken limits and devices from containers of others."""
    bundle.resources.update({
        "memory": {"limit": 64 << 20, "reservation": 1 << 20}, "pids": {"limit": 5},
        "cpu": {"shares": 2048, "quota": 20000, "period": 100000},
        "unified": {"memory.high": "50000000"}})
    container = bundle.shell(SLEEP).start()
    files = {"memory.max": str(64 << 20), "memory.low": str(1 << 20), "pids.max": "5", "cpu.weight": "174",
             "cpu.max": "20000 100000", "memory.high": str(50000000 // 4096 * 4096)}
    for _ in range(2):
        assert {name: read(container, name) for name in files} == files
        manager.reload()
    assert manager.show(unit_of(container), "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec") == {
        "MemoryMax": str(64 << 20), "TasksMax": "5", "CPUQuotaPerSecUSec": "200ms"}
    # Whatever systemd changes by itself must not undo the rest.
    manager.systemctl("set-property", "--runtime", unit_of(container), "MemoryMin=4096")
    assert read(container, "memory.high") == files["memory.high"]
    container.remove()


def test_oom_group(bundle, manager):
    """After a reload an OOM would kill one process of a workload that is to live or die as a whole."""
    bundle.resources["unified"] = {"memory.oom.group": "1"}
    container = bundle.shell(SLEEP).start()
    assert read(container, "memory.oom.group") == "1"
    if int(manager.systemctl("--version").split()[1]) >= 253:
        manager.reload()
        assert read(container, "memory.oom.group") == "1"
    container.remove()


def test_device_programs(bundle, manager):
    """systemd's own program for devices is attached anew by a reload: neither may take the other's away, and update may not
    leave two of ours."""
    if manager.user:
        pytest.skip("a user has no device programs")
    bundle.config["annotations"] = {"org.systemd.property.DevicePolicy": "'closed'"}
    container = bundle.shell(SLEEP).start()
    programs = Programs(cgroup(container))
    for _ in range(2):
        assert programs.names() == ["sd_devices", "tare_devices"]
        manager.reload()
        outcome = container.tare.try_("update", "--resources=-", container.id,
                                      input=json.dumps({"devices": [{"allow": False, "access": "rwm"}]}))
        assert outcome.status == 0 and "sd_devices (id" in outcome.err
    assert programs.names() == ["sd_devices", "tare_devices"]
    container.remove()


def test_update(bundle, manager):
    """A limit that only the files had would be gone with the next reload; one that fails must leave both as
    they were."""
    container = bundle.shell(SLEEP).start()
    container.update("--memory", str(80 << 20), "--pids-limit", "7", "--cpu-quota", "12500")
    assert read(container, "cpu.max") == "12500 100000", "exact, whatever systemd rounds"
    assert manager.show(unit_of(container), "MemoryMax", "TasksMax") == {"MemoryMax": str(80 << 20), "TasksMax": "7"}
    manager.reload()
    assert (read(container, "memory.max"), read(container, "pids.max")) == (str(80 << 20), "7")
    bundle.tare.fails("update", "--pids-limit", "9", "--cpuset-cpus", "9999", container.id)
    assert read(container, "pids.max") == "7"
    assert manager.show(unit_of(container), "TasksMax") == "7"
    container.remove()


BEFORE = {"memory": {"limit": 64 << 20, "reservation": 1 << 20}, "pids": {"limit": 50},
          "cpu": {"shares": 2048, "quota": 20000, "period": 100000, "burst": 5000}, "unified": {"memory.high": "50003968"}}
ATOMIC = ["memory.max", "memory.low", "memory.high", "memory.swap.max", "pids.max", "cpu.weight", "cpu.max", "cpu.max.burst",
          "cpu.idle", "cpuset.cpus", "cpuset.mems", "io.max", "io.weight"]
# The virtual machine takes the first and the last: the one that an older kernel cannot take back, and two in one.
CHANGES = {"cpuset": {"cpu": {"cpus": "0", "mems": "0"}}, "io": {"blockIO": {"weight": 500}},
           "memory": {"memory": {"limit": 80 << 20, "swap": 90 << 20, "reservation": 2 << 20}}, "pids": {"pids": {"limit": 9}},
           "cpu": {"cpu": {"shares": 512, "quota": 40000, "burst": 1000}}, "idle": {"cpu": {"idle": 1}}}


def all_files(container):
    return {name: read(container, name) for name in ATOMIC if (cgroup(container) / name).exists()}


@pytest.mark.parametrize("controller", CHANGES)
def test_update_that_fails(bundle, manager, controller):
    """One limit that the kernel refuses, and none of any controller is changed, neither now nor by the next reload."""
    if manager.user and controller in ("cpuset", "io"):
        pytest.skip("not delegated to users")
    bundle.resources.update(BEFORE)
    container = bundle.shell(SLEEP).start()
    before = all_files(container)
    resources = {**CHANGES[controller], "unified": {"memory.high": "much"}}
    message = bundle.tare.fails("update", "--resources=-", container.id, input=json.dumps(resources))
    assert "unified/memory.high" in message
    assert {name: value for name, value in all_files(container).items() if name in before} == before
    manager.reload()
    assert {name: value for name, value in all_files(container).items() if name in before} == before
    container.remove()


def test_idle(bundle, manager):
    """An idle container that is to work again must not be idle after the next reload."""
    bundle.resources["cpu"] = {"shares": 2048}
    container = bundle.shell(SLEEP).start()

    def values():
        manager.reload()
        return read(container, "cpu.idle"), read(container, "cpu.weight")

    bundle.tare.fails("update", "--resources=-", container.id,
                      input=json.dumps({"cpu": {"idle": 1}, "unified": {"memory.high": "much"}}))
    assert values() == ("0", "174")
    container.update("--cpu-idle", "1")
    assert (read(container, "cpu.idle"), read(container, "cpu.weight")) == ("1", "0")
    container.update("--cpu-idle", "0")
    assert values() == ("0", "100")
    container.update("--cpu-idle", "1")
    container.update("--cpu-idle", "0", "--cpu-share", "512")
    assert values() == ("0", "59")
    container.remove()


def test_half_a_megabyte(bundle):
    """The process lent to the scope is counted by its own memory, which is tare's, not by the container's limit."""
    program = bundle.rootfs / "bin/small"
    subprocess.run(["gcc", "-static", "-x", "c", "-o", program, "-"], check=True, text=True,
                   input='#include <unistd.h>\nint main(void) { return write(1, "it runs\\n", 8) != 8; }\n')
    bundle.resources["memory"] = {"limit": 512 << 10, "swap": 512 << 10}
    bundle.process["args"] = ["/bin/small"]
    assert bundle.run() == "it runs\n"


DIVIDE = ("cd /sys/fs/cgroup; mkdir init; for pid in $(cat cgroup.procs); do echo $pid >init/cgroup.procs; done; "
          "until echo +pids >cgroup.subtree_control; do :; done; mkdir /run/ready; " + SLEEP)


def test_exec_into_a_divided_container(bundle, manager):
    """With a service manager inside that has handed controllers on, the kernel lets no process into the container's own
    cgroup: exec goes where the container's init is."""
    bundle.namespace("cgroup")
    bundle.config["mounts"] = [row for row in bundle.config["mounts"] if row["destination"] != "/sys/fs/cgroup"]
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw", "nosuid", "noexec", "nodev"])
    bundle.mount("/run")
    container = bundle.shell(DIVIDE).start()
    top = manager.slice / unit_of(container)
    wait_until(lambda: "pids" in (top / "cgroup.subtree_control").read_text())
    assert cgroup(container) == top / "init"
    assert container.exec("cat", "/proc/self/cgroup").strip() == "0::/init"
    container.update("--pids-limit", "40")
    assert (top / "pids.max").read_text() == "40\n"
    container.remove()
    assert not top.exists()


@pytest.mark.parametrize("limit", [1, 0])
def test_one_process_is_allowed(bundle, limit):
    """The process lent to the scope counts, so a limit this low would keep the container's own from being born."""
    bundle.resources["pids"] = {"limit": limit}
    container = bundle.shell(SLEEP).start()
    assert read(container, "pids.max") == str(limit)
    container.remove()


def test_annotations(bundle, manager):
    """Podman sets the unit's stop timeout and more by annotations."""
    bundle.config["annotations"] = {
        "org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.CollectMode": "'inactive'",
        "org.systemd.property.Documentation": "['https://a', 'https://b']",
        "org.systemd.property.KillSignal": "15", "org.systemd.property.RuntimeMaxUSec": "uint64 100000000"}
    container = bundle.shell(SLEEP).start()
    assert manager.show(unit_of(container), "TimeoutStopUSec", "CollectMode", "Documentation", "KillSignal") == {
        "TimeoutStopUSec": "7s", "CollectMode": "inactive", "Documentation": "https://a https://b",
        "KillSignal": "15"}
    container.remove()


@pytest.mark.parametrize("key, value, text", [
    ("TimeoutStopSec", "'x'", "not a number of seconds"), ("KillSignal", "uint64", "no value"),
    ("No_Name", "1", "not the name"), ("Bogus", "1", "StartTransientUnit"), ("KillSignal", "'text'", "StartTransientUnit")])
def test_bad_annotations(bundle, key, value, text):
    """A property that is ignored is a promise broken; systemd's own words are passed on."""
    bundle.config["annotations"] = {f"org.systemd.property.{key}": value}
    message = bundle.create_fails()
    assert text in message and bundle.tare.ids() == []


def test_failed_unit_is_no_obstacle(bundle, manager):
    """A container that ended badly has left a failed unit of its name, and could not be started again."""
    # The unit fails, for its process takes no notice of the signal and has to be killed.
    bundle.config["annotations"] = {"org.systemd.property.CollectMode": "'inactive'",
                                    "org.systemd.property.KillSignal": str(int(signal.SIGWINCH)),
                                    "org.systemd.property.TimeoutStopUSec": "uint64 300000"}
    id = bundle.tare.new_id()
    container = bundle.shell(SLEEP).start(id=id)
    manager.systemctl("stop", unit_of(container))
    wait_until(lambda: manager.show(unit_of(container), "ActiveState") == "failed")
    container.remove()
    bundle.config["annotations"] = {}
    again = bundle.start(id=id)
    assert again.status == "running"
    again.remove()


def test_unit_of_somebody_else(bundle, manager):
    """Another's unit of this name must be left alone, and the message must name it."""
    id = bundle.tare.new_id()
    bundle.linux["cgroupsPath"] = f":taken:{id}"
    other = subprocess.Popen(["systemd-run", *manager.options, "--scope", "--quiet", f"--unit=taken-{id}.scope",
                              "sleep", "1000000"], preexec_fn=manager.become, env=manager.environment())
    wait_until(lambda: manager.show(f"taken-{id}.scope", "ActiveState") == "active")
    message = bundle.create_fails(id=id)
    assert f"taken-{id}.scope" in message
    assert other.poll() is None and manager.show(f"taken-{id}.scope", "ActiveState") == "active"
    other.kill()
    other.wait()
    wait_until(lambda: manager.show(f"taken-{id}.scope", "ActiveState") != "active")


def test_a_start_that_fails_leaves_no_unit(bundle, manager):
    """Else thousands of failed pods would be thousands of units."""
    bundle.process["args"] = ["/no/such/program"]
    assert bundle.try_run().status == 1
    assert manager.systemctl("list-units", "--all", "--plain", "--no-legend", "tare-*.scope") == ""


@pytest.mark.parametrize("resources, script, words", [
    ({"memory": {"limit": 16 << 20, "swap": 16 << 20}}, "tail -c 200000000 /dev/zero; sleep 1; exit 3", "OOM kills: 1"),
    ({"pids": {"limit": 3}}, "(sleep 2 & sleep 2 & sleep 2 & sleep 2 &); sleep 1; exit 3", "pids.max reached")])
def test_run_tells_of_a_limit(bundle, manager, resources, script, words):
    """systemd removes the cgroup, and its figures, with the last process: they must have been read by then."""
    if manager.user and "memory" not in resources:
        pytest.skip("one manager is enough")
    bundle.resources.update(resources)
    for _ in range(4):
        outcome = bundle.try_run(script)
        assert outcome.status != 0 and words in outcome.err, outcome


def state_behind_the_end(container):
    """The journal hears of it from systemd, which is another process: not at once."""
    place = cgroup(container)
    container.tare("start", container.id)
    wait_until(lambda: not place.exists())
    return container.tare.state(container.id)


@pytest.mark.parametrize("resources, script, reached", [
    ({"pids": {"limit": 3}}, "(sleep 2 & sleep 2 & sleep 2 & sleep 2 &); exit 3", {"pids": {"refusedForks": 1}}),
    ({"memory": {"limit": 16 << 20, "swap": 16 << 20}}, "tail -c 200000000 /dev/zero; exit 3", {"memory": {"oomKills": 1}})])
def test_state_tells_of_a_limit(bundle, tare, manager, resources, script, reached):
    """Nobody waited for the container, and its cgroup is gone with the figures: the operator who comes later must still
    learn why it died, and not of what ended an earlier container of that name."""
    if manager.user and ("pids" in resources or not os.path.exists("/var/log/journal")):
        pytest.skip("a user reads neither the kernel's words nor a journal in memory")
    bundle.resources.update(resources)
    id = tare.new_id()
    container = bundle.shell(script).create(id=id)
    state_behind_the_end(container)
    wait_until(lambda: tare.state(id).get("limitsReached") == reached)
    container.delete()
    container = bundle.shell("exit 3").create(id=id)
    assert "limitsReached" not in state_behind_the_end(container)
    container.delete()


def test_run_ends_with_its_unit(bundle, manager):
    """The plain case: a command in a container, its output, its status, no unit."""
    outcome = bundle.try_run("echo hello; exit 7")
    assert (outcome.status, outcome.out) == (7, "hello\n")
    assert manager.systemctl("list-units", "--all", "--plain", "--no-legend", "tare-*.scope") == ""


def test_stopped_by_systemd(bundle, manager):
    """An administrator stops the unit: the container is stopped then, also when its program does not heed SIGTERM, and
    can be deleted."""
    bundle.config.setdefault("annotations", {})["org.systemd.property.TimeoutStopUSec"] = "uint64 2000000"
    container = bundle.shell(SLEEP).start()
    manager.systemctl("stop", unit_of(container))
    wait_until(lambda: container.status == "stopped")
    container.delete()


def test_kill_all_behind_the_end(bundle, manager):
    """containerd kills all of a container whose program has ended, and shows nobody the end while that fails; the
    scope went with the last process."""
    container = bundle.shell(SLEEP).start()
    place, pid = cgroup(container), container.pid
    container.end()
    os.waitpid(pid, 0)
    wait_until(lambda: not place.exists())
    container.tare("kill", "--all", container.id, "KILL")
    container.tare("kill", "--all", container.id, "TERM")
    container.remove()
