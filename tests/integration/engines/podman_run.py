#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""podman run: outcomes, errors, identity, namespaces, security options, lifetimes."""
import json
import re
import time

from compare import Script, wait_until
from podman import IMAGE, Podman

script = Script(__file__, Podman)
# What podman makes of a runtime's message, behind the last colon.
VERDICT = re.compile(r"(OCI [^:]*)$")


def verdict(outcome):
    found = VERDICT.search(outcome.err.strip())
    return [outcome.status, found.group(1) if found else outcome.err]


@script.case
def output_and_status(podman):
    """the program's output, error output and exit status are the command's."""
    outcome = podman.run("--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert outcome.status == 3 and outcome.out == "out\n", outcome
    return [outcome.status, outcome.out, outcome.err]


@script.case
def standard_input(podman):
    """-i: a file through a container."""
    outcome = podman.run("--interactive", "--", "cat", input="through\nit\n")
    assert outcome.out == "through\nit\n", outcome
    return outcome.seen()


@script.case
def no_program(podman):
    """a program that is not there is exit status 127 and podman's words for it."""
    outcome = podman.run("--", "nosuch")
    assert outcome.status == 127 and "nosuch" in outcome.err, outcome
    return verdict(outcome)


@script.case
def not_executable(podman):
    """a file that may not be executed is exit status 126 and podman's words for it."""
    outcome = podman.run("--", "/etc/passwd")
    assert outcome.status == 126, outcome
    return verdict(outcome)


@script.case(more=True)
def odd_programs(podman):
    """a directory for a program, no name at all, one that PATH does not lead to, one beside the directory."""
    seen = [verdict(podman.run("--", name)) for name in ("/etc", "", "./bin/sh")]
    return seen + [verdict(podman.run("--env", "PATH=/nowhere", "--", "sh"))]


@script.case(more=True)
def no_interpreter(podman):
    """a script whose interpreter is missing is exit status 127."""
    with open(podman.directory / "script", "w") as file:
        file.write("#!/no/such\n")
    (podman.directory / "script").chmod(0o755)
    return verdict(podman.run("--volume", f"{podman.directory}/script:/script", "--", "/script"))


@script.case(more=True)
def impossible_mount(podman):
    """a mount that cannot be: podman fails and nothing stays behind."""
    outcome = podman.run("--mount", "type=bind,src=/dev/null,dst=/etc", "--", "true")
    return [outcome.status, podman("ps", "--all", "--quiet")]


@script.case
def identity(podman):
    """user, group, groups, working directory, environment, host name, entry point, annotations."""
    return podman.shell("id; pwd; hostname; env | grep -v container= | sort; umask",
                        "--user", "user", "--group-add", "44", "--workdir", "/tmp", "--env", "A=b c",
                        "--hostname", "box.example", "--umask", "0027", "--unsetenv", "TERM",
                        "--annotation", "an=notation")


@script.case
def capabilities(podman):
    """--cap-add, --cap-drop, no-new-privileges: the capability sets and flags of the process."""
    look = "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status"
    seen = [podman.shell(look), podman.shell(look, "--cap-drop", "all", "--cap-add", "net_admin,chown",
                                             "--security-opt", "no-new-privileges"),
            podman.shell(look, "--privileged")]
    if script.all:
        seen.append(podman.shell(look, "--user", "1000", "--cap-add", "sys_time"))
    return seen


@script.case
def seccomp_profile(podman):
    """--security-opt seccomp=FILE: the calls of the profile are refused with its errno."""
    profile = {"defaultAction": "SCMP_ACT_ALLOW",
               "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
    path = podman.directory / "seccomp.json"
    path.write_text(json.dumps(profile))
    outcome = podman.run("--security-opt", f"seccomp={path}", "--", "mkdir", "/tmp/x")
    assert "not supported" in outcome.err, outcome
    return [outcome.status, outcome.err]


@script.case
def masks(podman):
    """the default masks, --security-opt mask= and unmask=, --read-only with its tmpfs."""
    look = ("cat /proc/kcore | wc -c; ls /proc/scsi /sys/firmware 2>&1 | wc -l; echo x >/proc/sys/kernel/sem; "
            "echo x >/etc/x; echo x >/tmp/x && echo tmp; cat /etc/group | wc -c; grep -c tmpfs /proc/mounts")
    seen = [podman.shell(look + "; true", "--read-only", "--security-opt", "mask=/etc/group")]
    if script.all:
        seen.append(podman.shell("ls /sys/firmware | wc -l; wc -c </proc/timer_list | wc -l",
                                 "--security-opt", "unmask=/sys/firmware:/proc/timer_list"))
    return seen


@script.case
def host_namespaces(podman):
    """--pid, --ipc, --uts, --net, --cgroupns host: the namespaces are the machine's, the others are not."""
    kinds = ("cgroup", "ipc", "mnt", "net", "pid", "uts", "user")
    ours = {kind: (podman.directory / f"/proc/self/ns/{kind}").readlink() for kind in kinds}
    seen = podman.shell(f"cd /proc/self/ns; for k in {' '.join(kinds)}; do readlink $k; done",
                        "--pid", "host", "--ipc", "host", "--uts", "host", "--cgroupns", "host").split()
    same = {kind: str(ours[kind]) == theirs for kind, theirs in zip(kinds, seen)}
    assert same["pid"] and same["ipc"] and not same["mnt"], same
    return same


@script.case
def sysctl_and_limits(podman):
    """--sysctl, --ulimit, --shm-size, --oom-score-adj, --tz-less clock: what the process finds."""
    return podman.shell("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/self/oom_score_adj; "
                        "ulimit -n; ulimit -c; df -k /dev/shm | tail -1 | awk '{print $2}'",
                        "--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.msgmax=9999",
                        "--ulimit", "nofile=321:654", "--ulimit", "nproc=111:222", "--ulimit", "core=0",
                        "--shm-size", "5m",
                        "--oom-score-adj", "77")


@script.case
def init_process(podman):
    """--init: catatonit is process 1 and reaps; the program is its child."""
    return podman.shell("cat /proc/1/comm; (sleep 0 &); cat /proc/$PPID/comm; exit 0", "--init")


@script.case
def stop(podman):
    """stop sends the signal that the container asks for; the program's status is the container's."""
    podman.detached("stopped", "--stop-signal", "USR1", "--", "sh", "-c",
                    "trap 'exit 44' USR1; echo up; while :; do sleep 0.1; done")
    wait_until(lambda: "up" in podman("logs", "stopped"))
    podman("stop", "--time", "600", "stopped")
    seen = podman.inspect("stopped", "{{.State.ExitCode}} {{.State.Status}}")
    podman.remove("stopped")
    assert seen == "44 exited", seen
    return seen


@script.case(more=True)
def stop_and_kill(podman):
    """stop with its timeout and signal, kill with a signal, and the exit codes they leave."""
    trap = "trap 'exit 33' TERM; trap 'exit 44' USR1; echo up; while :; do sleep 0.1; done"
    for name, more in {"term": (), "usr1": ("--stop-signal", "USR1"), "deaf": ()}.items():
        podman.detached(name, *more, "--", "sh", "-c", trap if name != "deaf" else "trap '' TERM; echo up; "
                        "while :; do sleep 0.1; done")
        wait_until(lambda: "up" in podman("logs", name))
    begin = time.monotonic()
    podman("stop", "--time", "60", "term", "usr1")
    podman("stop", "--time", "1", "deaf")
    assert time.monotonic() - begin < 100
    seen = [podman.inspect(name, "{{.State.ExitCode}} {{.State.Status}} {{.State.OOMKilled}}")
            for name in ("term", "usr1", "deaf")]
    podman.detached("killed")
    podman("kill", "--signal", "KILL", "killed")
    seen += [podman("wait", "killed"), podman.try_("kill", "killed").status]
    podman.remove("term", "usr1", "deaf", "killed")
    return seen


@script.case(more=True)
def life(podman):
    """create, start, ps, logs, restart, rm of a running one, rm --force."""
    podman("create", "--network", "none", "--name", "life", IMAGE, "sh", "-c", "echo up; exec sleep 1000000")
    seen = [podman.inspect("life", "{{.State.Status}}")]
    podman("start", "life")
    seen.append(podman("ps", "--format", "{{.Names}} {{.State}}").split()[0])
    podman("restart", "--time", "0", "life")
    wait_until(lambda: podman("logs", "life").count("up") == 2)
    seen.append(podman.try_("rm", "life").status)
    podman("rm", "--force", "--time", "0", "life")
    seen += [podman("ps", "--all", "--quiet"), podman.try_("start", "life").status]
    return seen


@script.case(more=True)
def never_started(podman):
    """a container that is initialised, never started and removed: nothing is left of it."""
    podman("create", "--network", "none", "--name", "init", IMAGE, "true")
    podman("init", "init")
    seen = [podman.inspect("init", "{{.State.Status}}")]
    podman("rm", "--force", "init")
    return seen + [podman("ps", "--all", "--quiet")]


@script.case(more=True)
def restart_policy(podman):
    """--restart on-failure:2: three runs, then the last exit code."""
    podman.detached("again", "--restart", "on-failure:2", "--", "sh", "-c", "echo run; exit 5")
    wait_until(lambda: podman.inspect("again", "{{.State.Status}} {{.RestartCount}}") == "exited 2")
    seen = [podman("logs", "again"), podman.inspect("again", "{{.State.ExitCode}}")]
    podman.remove("again")
    return seen


@script.case(more=True)
def no_cgroups(podman):
    """--cgroups=disabled: the container stays in podman's cgroup."""
    outcome = podman.run("--cgroups", "disabled", "--", "cat", "/proc/self/cgroup")
    return [outcome.status, outcome.out]


@script.case(more=True)
def cgroup_parent(podman):
    """--cgroup-parent and --cgroups=no-conmon: where the container's processes are."""
    seen = podman.shell("cat /proc/self/cgroup", "--cgroup-parent", "/parent-of-the-test", "--cgroupns", "host",
                        "--cgroups", "no-conmon")
    assert seen.startswith("0::/parent-of-the-test/libpod-"), seen
    return True


@script.case(more=True)
def user_namespaces(podman):
    """--uidmap: the maps, and a volume that the container's root can write."""
    seen = [podman.shell("cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id -u",
                         "--uidmap", "0:100000:5000", "--gidmap", "0:200000:6000")]
    (podman.directory / "volume").mkdir()
    (podman.directory / "volume").chmod(0o777)
    seen.append(podman.shell("echo yes >/v/file; stat -c %u:%g /v/file; cat /v/file", "--uidmap", "0:100000:5000",
                             "--volume", f"{podman.directory}/volume:/v"))
    return seen


@script.case(more=True)
def automatic_user_namespace(podman):
    """--userns=auto: ids of its own for every container, from those of the user `containers`."""
    for name in ("subuid", "subgid"):
        with open(f"/etc/{name}", "a+") as file:
            file.seek(0)
            if "containers:" not in file.read():
                file.write("containers:2147483647:2147483648\n")
    podman.detached("auto", "--userns", "auto")
    maps = [podman("exec", "auto", "cat", "/proc/self/uid_map").split()]
    maps.append(podman.shell("cat /proc/self/uid_map; touch /x && stat -c %u:%g /x", "--userns", "auto:size=2000").split())
    podman.remove("auto")
    assert maps[0][1] != maps[1][1], maps
    return maps


@script.case(more=True)
def runtime_of_info(podman):
    """podman info knows the runtime's name and version."""
    info = podman.json("info", "--format", "json")["host"]["ociRuntime"]
    assert info["name"] == podman.name and info["path"] == podman.program, info
    assert info["version"].startswith(f"{podman.name} version"), info
    return True


if __name__ == "__main__":
    script.main()
