#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""containerd's own client: outcomes, terminals, signals, limits, events, devices, profiles, restarts."""
import os
import pathlib
import re
import signal
import subprocess

from compare import Script, wait_until
from containerd import Containerd, cgroups_of
from podman import Terminal

script = Script(__file__, Containerd)
FOREVER = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"


def words(outcome):
    """Status and the part of a message that programs look for."""
    known = re.findall(r"executable file not found in \$path|no such file or directory|permission denied|"
                       r"not found|not a directory|is a directory", outcome.err.lower())
    return [outcome.status, known[-1:] or outcome.err]


@script.case
def outcome(ctr):
    """the program's output, error output and exit status are ctr's."""
    end = ctr.run("--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (end.status, end.out, end.err) == (3, "out\n", "err\n"), end
    return ctr.run("--", "sh", "-c", "kill -KILL $$").status


@script.case
def no_program(ctr):
    """a program that is not there fails in words that programs know."""
    return words(ctr.run("--", "nosuch"))


@script.case(more=True)
def bad_programs(ctr):
    """programs by absolute paths that are not there or may not be run fail in words that programs know."""
    return [words(ctr.run("--", program)) for program in ("/nosuch", "/etc/passwd", "/etc")]


@script.case
def view(ctr):
    """a container sees the mounts, devices, limits, capabilities and cgroup of containerd's configuration."""
    # Masks differ in what lies over the path, not in that it is empty: they are seen by what can be read.
    return ctr.shell("awk '$2 !~ /^.(proc|sys)./ && NR > 1 {print $2, $3, $4}' /proc/mounts; ls -l /dev |"
                     "awk '$NF != \"/proc/kcore\" {print $1, $NF}'; ulimit -n; cat /proc/kcore /proc/keys; ls /proc/acpi;"
                     "echo 2>&1 >/proc/sysrq-trigger; mkdir /sys/firmware/x /proc/bus/x 2>&1;"
                     "grep -E 'Cap|NoNew|Seccomp' /proc/self/status; cat /proc/self/cgroup; id; env; hostname;"
                     "ls /proc/self/ns; cat /proc/self/oom_score_adj; ls /proc/self/fd | wc -l",
                     "--env", "A=b").replace(ctr.namespace, "NAMESPACE")


@script.case
def life(ctr):
    """exec with and without a terminal, metrics, pause, kill, exit status, delete."""
    ctr.detach("life", FOREVER)
    good = ctr.exec("life", "sh", "-c", "cat /proc/self/cgroup; exit 9")
    seen = [good.status, good.out.replace(ctr.namespace, "NAMESPACE"), good.err]
    seen += [words(ctr.exec("life", program)) for program in ("nosuch", "/etc/passwd")]
    user = Terminal(ctr, "tasks", "exec", "--tty", "--exec-id", "x", "life", "sh")
    user.until("# ")
    # The size comes behind the start.
    user.type("until stty size 2>/dev/null | grep -q '33 77'; do sleep 0.1; done; tty; exit $((6 * 7))\n")
    user.until("/dev/pts/0")
    seen.append(user.end())
    ctr("tasks", "pause", "life")
    seen.append(ctr.status("life"))
    used = ctr.metrics("life")
    seen += [used["pids.current"], used["memory.usage"] > 0]
    ctr("tasks", "resume", "life")
    wait_until(lambda: ctr.metrics("life")["cpu.usage_usec"] > used["cpu.usage_usec"], step=0.2)
    ctr("tasks", "kill", "-s", "TERM", "life")
    wait_until(lambda: ctr.status("life") == "STOPPED", step=0.2)
    late = ctr.try_("tasks", "kill", "-s", "TERM", "life")
    deleted = ctr.try_("tasks", "delete", "life")
    ctr("containers", "delete", "life")
    return seen + [late.status, words(late), deleted.status, re.findall(r"exit code \d+", deleted.err)]


@script.case
def terminal(ctr):
    """a terminal has its user's size, and its interrupt key reaches the program."""
    user = Terminal(ctr, "run", "--rm", "--tty", *ctr.arguments("tty", ("--", "sh")))
    user.until("# ")
    user.type("until stty size 2>/dev/null | grep '33 7[7]'; do sleep 0.1; done\n")
    user.until("33 77")
    user.until("# ")
    user.type("sleep 1000\n")
    wait_until(lambda: f"{ctr.namespace}/tty" in cgroups_of("sleep"), step=0.2)
    user.type("\x03")
    user.until("# ")
    user.type("exit 6\n")
    return user.end()


@script.case
def limits(ctr):
    """limits are in force, and metrics tell them and what is used."""
    ctr.detach("limits", FOREVER, "--memory-limit", str(64 << 20), "--cpus", "0.5", "--cpu-shares", "512")
    files = ctr.exec("limits", "sh", "-c", "cd /sys/fs/cgroup && head -n 1 memory.max cpu.max cpu.weight")
    metrics = ctr.metrics("limits")
    ctr.remove("limits")
    return [files.out, metrics["memory.usage_limit"], metrics["memory.usage"] > 0, metrics["pids.current"] > 0]


@script.case
def events(ctr):
    """containerd tells of the container's life, and of its end for want of memory."""
    file = open(ctr.directory / "events", "w+")
    watcher = ctr.start("events", stdout=file, stdin=subprocess.DEVNULL)
    # Only what comes behind the watcher's beginning is told: a namespace's name tells when it has begun.
    wait_until(lambda: ctr("namespaces", "label", ctr.namespace, "a=b") or os.fstat(file.fileno()).st_size, step=0.3)
    outcome = ctr.run("--memory-limit", str(24 << 20), "--", "sh", "-c", "dd if=/dev/zero bs=200M of=/dev/null")
    wait_until(lambda: "/containers/delete" in (ctr.directory / "events").read_text(), step=0.2)
    watcher.send_signal(signal.SIGTERM)
    watcher.wait()
    text = (ctr.directory / "events").read_text()
    return [outcome.status, sorted(set(re.findall(r" (/(?:tasks|containers)/\S+)", text)))]


@script.case(more=True)
def devices(ctr):
    """a device that was given works, others cannot be made."""
    return ctr.shell("test -c /dev/kmsg && echo >/dev/kmsg && echo there; mknod /tmp/mem c 1 1 && cat /tmp/mem 2>&1; exit 0",
                     "--device", "/dev/kmsg", "--cap-add", "CAP_MKNOD")


@script.case
def mounts(ctr):
    """binds, read-only binds, tmpfs with options and propagation are as asked."""
    (ctr.directory / "bind").mkdir()
    (ctr.directory / "bind/file").write_text("text")
    bind = f"type=bind,src={ctr.directory}/bind"
    return ctr.shell("cat /a/file; touch /a/x 2>&1; touch /b/x && ls /a; grep -E ' /(t|a|b) ' /proc/self/mountinfo |"
                     "sed -E 's/^[0-9]+ [0-9]+ [0-9:]+ [^ ]+//; s/:[0-9]+//g'; touch /x 2>&1; exit 0",
                     "--mount", bind + ",dst=/a,options=rbind:ro", "--mount", bind + ",dst=/b,options=rbind:rshared",
                     "--mount", "type=tmpfs,src=tmpfs,dst=/t,options=size=1m:mode=1700", "--read-only",
                     ).replace(str(ctr.directory), "DIR")


@script.case
def privileged(ctr):
    """a privileged container has all capabilities, devices and a writable /sys."""
    return ctr.shell("grep -E 'Cap(Eff|Bnd)|Seccomp:' /proc/self/status; grep -c . /proc/mounts;"
                     "awk '$2 ~ /^.sys$/ {print $4}' /proc/mounts; mknod /x b 7 0 && echo made", "--privileged")


@script.case(more=True)
def profiles(ctr):
    """the default profiles of seccomp and AppArmor are in force."""
    return ctr.shell("grep Seccomp: /proc/self/status; unshare -m true 2>&1; cat /proc/self/attr/current;"
                     "cat /proc/sys/kernel/random/boot_id >/dev/null; echo 1 2>&1 >/proc/sys/kernel/sysrq; exit 0",
                     "--seccomp", "--apparmor-default-profile", "tare-engines")


@script.case(more=True)
def profile_of_the_user(ctr):
    """a seccomp profile of the user's own is in force."""
    profile = ctr.directory / "profile.json"
    profile.write_text('{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],'
                       '"action":"SCMP_ACT_ERRNO","errnoRet":5}]}')
    return ctr.shell("mkdir /x 2>&1; echo $?", "--seccomp", "--seccomp-profile", profile)


@script.case(more=True)
def user_namespace(ctr):
    """a container in a user namespace has the ids that were asked for."""
    return ctr.run("--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536", "--remap-labels", "--",
                   "sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map; id; touch /x; stat -c '%u %g' /x /bin"
                   ).seen()


@script.case(more=True)
def restart(ctr):
    """containerd may be killed and started again under a live container."""
    ctr.detach("live", FOREVER)
    pid = ctr.pid("live")
    ctr.end_daemon(signal.SIGKILL)
    ctr.start_daemon()
    seen = [ctr.status("live"), ctr.pid("live") == pid, ctr.exec("live", "echo", "again").seen()]
    ctr("tasks", "kill", "-s", "TERM", "live")
    wait_until(lambda: ctr.status("live") == "STOPPED", step=0.2)
    seen.append(re.findall(r"exit code \d+", ctr.try_("tasks", "delete", "live").err))
    ctr("containers", "delete", "live")
    return seen


@script.case
def nothing_left(ctr):
    """afterwards neither cgroups nor mounts nor shims nor state of the runtime are left."""
    shims = subprocess.run(["ps", "-e", "-o", "args="], stdout=subprocess.PIPE, text=True).stdout
    cgroups = pathlib.Path("/sys/fs/cgroup", ctr.namespace)
    return [[line for line in shims.splitlines() if "containerd-shim" in line and str(ctr.directory) in line],
            [line for line in open("/proc/self/mountinfo") if str(ctr.directory) in line],
            [path.name for path in cgroups.glob("*/")],
            # tare keeps compiled filters beside the containers.
            [name for name in os.listdir(f"/run/containerd/runc/{ctr.namespace}") if name != "@seccomp"]]


if __name__ == "__main__":
    script.main()
