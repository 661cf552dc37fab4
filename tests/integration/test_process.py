# SPDX-License-Identifier: Apache-2.0
"""process: what the program is given, seen by the program."""
import os

import pytest
from house import status_fields

NONE = {name: [] for name in ("bounding", "effective", "permitted", "inheritable", "ambient")}


def status(bundle):
    return status_fields(bundle.run("exec cat /proc/self/status"))


def test_user_and_groups(bundle):
    """A service that is told to run as a user must not run as root or keep root's groups."""
    bundle.process["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 6000]}
    fields = status(bundle)
    assert fields["Uid"].split() == ["1000"] * 4 and fields["Gid"].split() == ["1001"] * 4
    assert set(fields["Groups"].split()) - {"1001"} == {"5", "6000"}


def test_no_additional_groups(bundle):
    """The caller's supplementary groups would open the host's files."""
    os.setgroups([12, 13])
    try:
        assert status(bundle)["Groups"] in ("", "0")
    finally:
        os.setgroups([0])


def test_umask(bundle):
    """Files made with a wrong umask are readable by the wrong people."""
    bundle.process["user"]["umask"] = 0o077
    assert status(bundle)["Umask"] == "0077"
    del bundle.process["user"]["umask"]
    old = os.umask(0o007)
    try:
        assert status(bundle)["Umask"] == "0022"
    finally:
        os.umask(old)


def test_environment_is_exactly_the_configs(bundle):
    """A leaked variable of the host may hold a secret; a lost one breaks the program."""
    bundle.process["env"] = ["PATH=/bin", "A=one", "EMPTY=", "WITH=a=b"]
    bundle.process["args"] = ["/bin/cat", "/proc/self/environ"]
    out = bundle.run(env={"SECRET": "of the host"})
    given = out.rstrip("\0").split("\0")
    assert given[:4] == bundle.process["env"]
    assert given[4:] == ["HOME=/root"]


def test_last_value_of_a_variable_counts(bundle):
    """getenv(3) finds the first of a name: `exec --env TERM=dumb` would change nothing for who calls it."""
    bundle.process["env"] = ["PATH=/nowhere", "A=one", "B=", "A=two", "PATH=/bin"]
    bundle.process["args"] = ["cat", "/proc/self/environ"]
    assert bundle.run().split("\0")[:4] == ["PATH=/bin", "A=two", "B=", "HOME=/root"]


def test_exec_replaces_a_variable(sleeper):
    out = sleeper.tare("exec", "-e", "X=1", "-e", "PATH=/bin:/x", "-e", "X=2", sleeper.id, "cat", "/proc/self/environ")
    given = out.rstrip("\0\n").split("\0")
    assert [line for line in given if line.startswith(("PATH=", "X="))] == ["PATH=/bin:/x", "X=2"], given


@pytest.mark.parametrize("uid, home", [(0, "/root"), (1000, "/home/user"), (4242, "/")])
def test_home_comes_from_the_containers_passwd(bundle, uid, home):
    """Programs write their settings to HOME; a missing or foreign one makes them fail."""
    bundle.process["user"] = {"uid": uid, "gid": 0}
    assert bundle.run("echo $HOME") == home + "\n"
    bundle.process["env"].append("HOME=/elsewhere")
    assert bundle.run("echo $HOME") == "/elsewhere\n"


def test_program_is_found_in_the_containers_path(bundle):
    """Images name programs without a directory and set PATH themselves."""
    special = bundle.rootfs / "special"
    special.mkdir()
    (special / "hello").write_text("#!/bin/sh\necho special\n")
    (special / "hello").chmod(0o755)
    bundle.process["env"] = ["PATH=/nowhere:/special:/bin"]
    bundle.process["args"] = ["hello"]
    assert bundle.run() == "special\n"


def test_cwd(bundle):
    """Images rely on WORKDIR, which may not exist yet."""
    bundle.config["root"]["readonly"] = False
    bundle.process["cwd"] = "/made/on/the/way"
    assert bundle.run("pwd; stat -c %a .") == "/made/on/the/way\n755\n"


def test_exec_does_not_make_its_cwd(sleeper):
    """A mistyped directory must be told, not made in somebody's container."""
    message = sleeper.tare.fails("exec", "--cwd", "/no/such", sleeper.id, "true")
    assert "/process/cwd (/no/such)" in message and "No such file or directory" in message
    assert "no" not in sleeper.exec("ls", "/").split()


def test_cwd_as_the_user(bundle):
    """A home directory closed to others must work as cwd of its owner."""
    os.chmod(bundle.rootfs / "home/user", 0o700)
    bundle.process.update(cwd="/home/user", user={"uid": 1000, "gid": 1000})
    assert bundle.run("pwd") == "/home/user\n"


def test_capabilities_are_exactly_the_configs(bundle):
    """One capability too many is a way out, one too few a broken service."""
    bundle.process["capabilities"] = {
        "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
        "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"],
        "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
    fields = status_fields(bundle.run("exec cat /proc/self/status"))
    assert int(fields["CapBnd"], 16) == 1 << 0 | 1 << 5 | 1 << 10
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    fields = status_fields(bundle.run("exec cat /proc/self/status"))
    assert int(fields["CapInh"], 16) == int(fields["CapAmb"], 16) == 1 << 5
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 1 << 5


def test_no_capabilities(bundle):
    """Everything dropped must mean everything, the bounding set included."""
    bundle.process["capabilities"] = NONE
    fields = status(bundle)
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}


def test_exec_capabilities_leave_inheritable_alone(sleeper):
    """exec --cap once set inheritable capabilities (CVE-2022-29162): a file capability then raised them."""
    text = sleeper.tare("exec", "--cap", "CAP_SYS_ADMIN", sleeper.id, "cat", "/proc/self/status")
    fields = status_fields(text)
    assert int(fields["CapEff"], 16) & 1 << 21
    assert not int(fields["CapInh"], 16) & 1 << 21


def test_no_new_privileges(bundle):
    """Set-uid programs would raise what the config forbids."""
    bundle.process["noNewPrivileges"] = True
    assert status(bundle)["NoNewPrivs"] == "1"
    bundle.process["noNewPrivileges"] = False
    assert status(bundle)["NoNewPrivs"] == "0"


def test_rlimits(bundle):
    """A wrong limit lets one container exhaust the host or starves it."""
    bundle.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
                                 {"type": "RLIMIT_CORE", "soft": 0, "hard": 2 ** 64 - 1},
                                 {"type": "RLIMIT_STACK", "soft": 1 << 20, "hard": 1 << 21}]
    rows = {row[:26].strip(): row[26:].split()[:2]
            for row in bundle.run("exec cat /proc/self/limits").splitlines()}
    assert rows["Max open files"] == ["100", "200"]
    assert rows["Max core file size"] == ["0", "unlimited"]
    assert rows["Max stack size"] == ["1048576", "2097152"]


def test_oom_score_adj(bundle):
    """It decides which container dies first when memory is short."""
    bundle.process["oomScoreAdj"] = 321
    assert bundle.run("exec cat /proc/self/oom_score_adj") == "321\n"
    del bundle.process["oomScoreAdj"]
    with open("/proc/self/oom_score_adj") as own:
        assert bundle.run("exec cat /proc/self/oom_score_adj") == own.read()


def test_signals_are_at_their_defaults(bundle):
    """A blocked or ignored signal inherited from the runtime makes `docker stop` wait for its timeout."""
    fields = status(bundle)
    assert int(fields["SigBlk"], 16) == 0
    assert int(fields["SigIgn"], 16) == 0


def test_process_one(bundle):
    """In a new pid namespace the program is process 1 and the host's processes are not to be seen."""
    out = bundle.run("echo $$; ls /proc | grep -c '^[0-9]'")
    assert out.split()[0] == "1" and int(out.split()[1]) <= 4


def test_hostname_and_domainname(bundle):
    """Cluster software takes its identity from these."""
    bundle.config.update(hostname="somehost", domainname="some.domain")
    assert bundle.run("hostname; cat /proc/sys/kernel/domainname") == "somehost\nsome.domain\n"
    assert os.uname().nodename != "somehost"


def test_arguments_are_passed_unchanged(bundle):
    """An argument that is split, quoted or dropped changes what the program does."""
    bundle.process["args"] = ["/bin/busybox", "printf", "%s|", "a b", "", "$HOME", "'", "\u00e9", "*"]
    assert bundle.run() == "a b||$HOME|'|\u00e9|*|"


def test_large_arguments(bundle):
    """Batch systems pass whole scripts and environments of 100 kB."""
    bundle.process["env"] += [f"V{n}={'x' * 1000}" for n in range(200)]
    bundle.process["args"] = ["/bin/sh", "-c", "echo ${#1}", "sh", "y" * 100000]
    assert bundle.run() == "100000\n"
