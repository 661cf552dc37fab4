# SPDX-License-Identifier: Apache-2.0
"""process.capabilities, read from inside in all five sets: what the kernel's rules for execve leave of
the config's sets (capabilities(7)), for every kind of user."""
import json
import subprocess

import pytest
from house import status_fields
from test_namespaces import user_namespace

CHOWN, KILL, NET_BIND = 1 << 0, 1 << 5, 1 << 10
NAMES = {CHOWN: "CAP_CHOWN", KILL: "CAP_KILL", NET_BIND: "CAP_NET_BIND_SERVICE", 1 << 21: "CAP_SYS_ADMIN"}
SETS = ("inheritable", "permitted", "effective", "bounding", "ambient")
FIELDS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
GIVEN = {"bounding": CHOWN | KILL | NET_BIND, "permitted": CHOWN | KILL, "effective": CHOWN,
         "inheritable": KILL, "ambient": KILL}
# Root's program may have all that is bounding, unless privileges may not grow; another user's
# has the ambient ones.
ROOT = (KILL, CHOWN | KILL | NET_BIND, CHOWN | KILL | NET_BIND, CHOWN | KILL | NET_BIND, KILL)
ROOT_TIED = (KILL, CHOWN | KILL, CHOWN | KILL, CHOWN | KILL | NET_BIND, KILL)
USER = (KILL, KILL, KILL, CHOWN | KILL | NET_BIND, KILL)


def names(bits):
    return [name for bit, name in NAMES.items() if bits & bit]


def give(bundle, uid=0, tied=False, **sets):
    bundle.process["capabilities"] = {name: names(bits) for name, bits in {**GIVEN, **sets}.items()}
    bundle.process["user"] = {"uid": uid, "gid": uid}
    bundle.process["noNewPrivileges"] = tied
    return bundle


def sets_of(text):
    fields = status_fields(text)
    return tuple(int(fields[name], 16) for name in FIELDS)


def inside(bundle):
    return sets_of(bundle.run("exec cat /proc/self/status"))


@pytest.mark.parametrize("namespace", [False, True], ids=["host", "userns"])
@pytest.mark.parametrize("uid, tied, expected", [
    (0, False, ROOT), (0, True, ROOT_TIED), (1000, False, USER), (1000, True, USER)],
    ids=["root", "root-nnp", "user", "user-nnp"])
def test_all_five_sets(bundle, namespace, uid, tied, expected):
    """One capability too many is a way out, one too few a broken service."""
    if namespace:
        user_namespace(bundle)
    assert inside(give(bundle, uid, tied)) == expected


@pytest.mark.parametrize("uid, tied, expected", [
    (0, False, ROOT), (0, True, ROOT_TIED), (1000, False, USER), (1000, True, USER)],
    ids=["root", "root-nnp", "user", "user-nnp"])
def test_exec_has_the_containers(bundle, uid, tied, expected):
    """What an engine execs must be as confined as what it started."""
    container = give(bundle, uid, tied).shell("exec sleep 1000000").start()
    assert sets_of(container.exec("cat", "/proc/self/status")) == expected
    container.remove()


@pytest.mark.parametrize("uid, tied", [(0, False), (0, True), (1000, False), (1000, True)])
def test_exec_cap(bundle, uid, tied):
    """--cap reaches the bounding, permitted and effective sets; inheritable would let any file capability
    raise it (CVE-2022-29162), so nothing of it is left to a user who is not root."""
    admin = 1 << 21
    container = give(bundle, uid, tied, ambient=0).shell("exec sleep 1000000").start()
    inheritable, permitted, effective, bounding, ambient = sets_of(
        container.exec("--cap", "CAP_SYS_ADMIN", "cat", "/proc/self/status"))
    assert inheritable == KILL and ambient == 0
    assert bounding == GIVEN["bounding"] | admin
    assert permitted == effective
    assert bool(permitted & admin) == (uid == 0)
    container.remove()


def test_exec_unknown_capability(sleeper):
    """A misspelt name on the command line is the user's own: refused."""
    assert "CAP_WHAT" in sleeper.tare.fails("exec", "--cap", "CAP_WHAT", sleeper.id, "true")


def test_unknown_capability_is_a_warning(bundle):
    """Configs are written for newer kernels: the container starts without it, and the log says so."""
    give(bundle)
    bundle.process["capabilities"]["bounding"].append("CAP_OF_TOMORROW")
    outcome = bundle.try_run("exec cat /proc/self/status")
    assert sets_of(outcome.out) == ROOT
    assert "CAP_OF_TOMORROW" in outcome.err and "/process/capabilities/bounding" in outcome.err


def test_ambient_needs_inheritable(bundle):
    """The kernel refuses one that is not; the others must still be granted."""
    outcome = give(bundle, 1000, ambient=CHOWN | KILL).try_run("exec cat /proc/self/status")
    assert sets_of(outcome.out) == USER
    assert "/process/capabilities/ambient" in outcome.err


def test_inheritable_needs_bounding(bundle):
    """The kernel refuses the whole set for one that is not bounding; the others must still be granted."""
    outcome = give(bundle, 1000, inheritable=KILL | 1 << 21).try_run("exec cat /proc/self/status")
    assert sets_of(outcome.out) == USER
    assert '/process/capabilities/inheritable: CAP_SYS_ADMIN: not granted, "bounding"' in outcome.err


def test_silent_where_nothing_is_lost(bundle):
    """`runc spec` writes ambient capabilities that are not inheritable for root, who has them all the same: a
    warning at each start would teach people to overlook warnings."""
    outcome = give(bundle, inheritable=0).try_run("exec cat /proc/self/status")
    assert outcome.err == "" and sets_of(outcome.out)[1] == ROOT[1]
    (bundle.path / "config.json").unlink()
    bundle.tare("spec", "--bundle", bundle.path)
    config = json.loads((bundle.path / "config.json").read_text())
    config["process"].update(terminal=False, args=["/bin/true"])
    (bundle.path / "config.json").write_text(json.dumps(config))
    assert bundle.tare.try_("run", "--bundle", bundle.path, bundle.tare.new_id()).err == ""


def test_what_tare_itself_lacks(bundle):
    """Inside another container tare has less than a config asks for: the container gets what there is, and the
    log has the names of the rest."""
    give(bundle).shell("exec cat /proc/self/status").write()
    for name in ("bounding", "permitted", "effective"):
        bundle.process["capabilities"][name].append("CAP_SYS_TIME")
    bundle.write()
    outcome = subprocess.run(
        ["setpriv", "--bounding-set=-sys_time", *bundle.tare.command(
            "run", "--bundle", bundle.path, bundle.tare.new_id())],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "/process/capabilities: cannot be given: CAP_SYS_TIME (tare itself" in outcome.stderr, outcome
    assert sets_of(outcome.stdout) == ROOT


def test_no_capabilities_object(bundle):
    """None given is none granted, whoever the user is."""
    del bundle.process["capabilities"]
    assert inside(bundle) == (0, 0, 0, 0, 0)


def test_lost_in_a_user_namespace(bundle):
    """Capabilities of a user namespace end at its border: the host's name is not its to change."""
    user_namespace(bundle)
    bundle.without_namespace("uts")
    bundle.config.pop("hostname", None)
    give(bundle, bounding=1 << 21, permitted=1 << 21, effective=1 << 21, inheritable=0, ambient=0)
    assert "not permitted" in bundle.try_run("hostname stolen").err
