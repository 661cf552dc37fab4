# SPDX-License-Identifier: Apache-2.0
"""Fixtures. TARE is the program under test, build/tare by default."""
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import guard  # noqa: E402
import leaks  # noqa: E402
from house import IN_VM, PATIENCE, TREE, Bundle, Tare, make_busybox_root  # noqa: E402
from terminal import User  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("TARE", str(TREE / "build/tare")))


def heed_signals():
    """What nohup or a shell's & made us ignore would be inherited, and many tests send signals."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_configure(config):
    heed_signals()
    config.addinivalue_line("markers", "v2: needs controllers on cgroup v2")
    config.addinivalue_line("markers", "seconds(n): ends the test after n seconds instead of 60")
    if os.geteuid() != 0:
        pytest.exit("the integration tests make containers: run them as root", 77)
    if not os.access(PROGRAM, os.X_OK):
        pytest.exit(f"{PROGRAM} is not there: make, or set TARE", 2)
    leaks.enter_private_world()


# What the machine's controllers decide is tested in the virtual machine with all parameters.
WHOLE_IN_VM = {"test_resources", "test_update", "test_delegation", "test_death", "test_ends", "test_events", "test_stats"}
# A system call that fails does so on every kernel; hundreds of emulated starts take minutes.
HOST_ONLY = {"test_adversity", "test_budget", "test_guard"}


def thinned(items):
    """In the virtual machine, where all takes ten times as long, each test with its first and its last parameters;
    TARE_VM_ALL=1 takes all."""
    groups = {}
    for item in items:
        groups.setdefault((item.path.stem, getattr(item, "originalname", item.name)), []).append(item)
    kept = []
    for (module, _), group in groups.items():
        if module in WHOLE_IN_VM or len(group) < 3:
            kept += group
        elif module not in HOST_ONLY:
            kept += [group[0], group[-1]]
    return [item for item in kept if item.path.stem not in HOST_ONLY]


def pytest_collection_modifyitems(config, items):
    """Several runs share the work: TARE_SHARE=1/3 is every third test, 2-3/3 are the others."""
    share, _, parts = os.environ.get("TARE_SHARE", "1/1").partition("/")
    first, _, last = share.partition("-")
    kept = thinned(items) if IN_VM and not os.environ.get("TARE_VM_ALL") else items
    kept = [item for n, item in enumerate(kept) if int(first) <= n % int(parts) + 1 <= int(last or first)]
    chosen = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = kept


def pytest_report_header(config):
    version = subprocess.run([PROGRAM, "--version"], text=True, stdout=subprocess.PIPE).stdout
    where = "in the virtual machine" if IN_VM else "on the host"
    return f"{PROGRAM}, {where}: {', '.join(version.splitlines()[:2])}"


@pytest.fixture(scope="session", autouse=True)
def guarded(tmp_path_factory):
    """Whatever ends this run, nothing of it goes on."""
    own = "/".join(tmp_path_factory.getbasetemp().parts[-2:]) + "/"
    leaks.own_helpers.add(guard.stand((own, f"tare-user.{os.getpid()}.", f"tare-attacks.{os.getpid()}."),
                                      (f"t{os.getpid()}-", f"u{os.getpid()}-")))


@pytest.fixture(autouse=True)
def time_limit(request):
    """A hang is a failure, not the end of the run."""
    def late(*_):
        raise TimeoutError(f"test took longer than {seconds} s")
    mark = request.node.get_closest_marker("seconds")
    seconds = (mark.args[0] if mark else 60) * PATIENCE
    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def default_config(tmp_path_factory):
    """What `tare spec` writes."""
    directory = tmp_path_factory.mktemp("spec")
    subprocess.run([PROGRAM, "spec"], check=True, cwd=directory)
    return (directory / "config.json").read_text()


@pytest.fixture
def program(request, tmp_path):
    """The program under test. Attacks get a copy: one that succeeds must not write over the real one."""
    if not request.module.__name__.startswith("test_attacks"):
        return PROGRAM
    return shutil.copy(PROGRAM, tmp_path / "tare")


@pytest.fixture
def tare(program, tmp_path, time_limit):
    """The runtime with a state root of its own; afterwards nothing may be left."""
    runtime = Tare(str(program), tmp_path, f"t{os.getpid()}-{tmp_path.name[-8:]}-")
    before = leaks.mounts()
    yield runtime
    left = leaks.find(runtime, before)
    leaks.remove(runtime, before)
    # The virtual machine keeps files in memory: nine hundred root file systems would fill it.
    shutil.rmtree(tmp_path, ignore_errors=True)
    assert not left, "left behind: " + ", ".join(left)


@pytest.fixture
def new_bundle(tare, tmp_path, default_config):
    """Makes bundles: the config of `tare spec` without a terminal, a busybox root of its own."""
    made = []

    def make():
        path = tmp_path / f"bundle{len(made)}"
        path.mkdir()
        make_busybox_root(path / "rootfs")
        config = json.loads(default_config)
        config["process"]["terminal"] = False
        made.append(Bundle(tare, path, path / "rootfs", config))
        return made[-1]
    return make


@pytest.fixture
def bundle(new_bundle):
    return new_bundle()


@pytest.fixture
def sleeper(bundle):
    """A container that does nothing until it is killed; removed afterwards."""
    bundle.shell("exec sleep 1000000")
    container = bundle.start()
    yield container
    container.remove()


@pytest.fixture
def pipe():
    """A pipe; tests close what they hand away."""
    ends = list(os.pipe())
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            pass


@pytest.fixture
def at_terminal(tare):
    """Runs commands of tare as a user at a terminal."""
    users = []

    def run(*args, **more):
        users.append(User(tare, *args, **more))
        return users[-1]
    yield run
    for user in users:
        user.close()
