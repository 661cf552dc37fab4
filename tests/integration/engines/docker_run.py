#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docker: outcomes, errors, terminals, lifetimes, limits, security, volumes, builds."""
import os
import re
import subprocess

from compare import SECONDS, Script, wait_until
from containerd import cgroups_of
from docker import Docker
from podman import Terminal

script = Script(__file__, Docker)
FOREVER = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"
WORDS = re.compile(r"executable file not found in \$path|no such file or directory|permission denied|"
                   r"is a directory|not a directory")


def words(outcome):
    """Status and the part of a message that users know."""
    return [outcome.status, WORDS.findall((outcome.err + outcome.out).lower())[-1:]]


@script.case
def outcome(docker):
    """the program's output, error output and exit status are docker's."""
    end = docker.run("--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (end.status, end.out, end.err) == (3, "out\n", "err\n"), end
    return docker.run("--interactive", "--", "sh", "-c", "cat; kill -KILL $$", input="text").seen()


@script.case
def bad_programs(docker):
    """a missing program is status 127 and one that may not be run 126, in the words that users know."""
    return [words(docker.run("--", program)) for program in ("nosuch", "/etc/passwd")]


@script.case(more=True)
def more_bad_programs(docker):
    """the same for absolute paths, directories and a working directory that is a file."""
    return [words(docker.run("--", program)) for program in ("/nosuch", "/etc")] + [
        words(docker.run("--workdir", "/etc/passwd", "--", "pwd")), docker.run("--workdir", "/new/dir", "--", "pwd").seen()]


@script.case
def view(docker):
    """a container sees the mounts, devices, limits, capabilities and identity of Docker's configuration."""
    return docker.shell("awk '$2 !~ /^.(proc|sys.firmware)/ && NR > 1 {print $2, $3}' /proc/mounts; ls -l /dev |"
                        "awk '$NF != \"/proc/kcore\" {print $1, $NF}'; cat /proc/kcore /proc/keys; ls /proc/acpi;"
                        "mkdir /sys/firmware/x /proc/bus/x 2>&1; id; env; hostname; ulimit -n; ls /proc/self/fd | wc -l;"
                        "grep -E 'Cap|NoNew|Seccomp' /proc/self/status; cat /proc/self/attr/current /proc/self/cgroup;"
                        "ls /proc/self/ns; cat /proc/self/oom_score_adj; cat /proc/sys/net/ipv4/ip_unprivileged_port_start",
                        "--hostname", "box", "--env", "A=b")


@script.case
def life(docker):
    """exec, terminals, logs, top, statistics, pause, update, restart, stop and the exit status."""
    docker.detach("life", FOREVER, "--memory", "64m")
    try:
        return whole_life(docker)
    finally:
        docker.remove("life")


def whole_life(docker):
    done = docker.try_("exec", "life", "sh", "-c", "echo out; cat /proc/self/cgroup; exit 9")
    seen = [done.seen(), words(docker.try_("exec", "life", "nosuch")), words(docker.try_("exec", "life", "/etc/passwd"))]
    user = Terminal(docker, "exec", "-it", "life", "sh")
    user.until("# ")
    user.type("until stty size 2>/dev/null | grep -q '33 77'; do sleep 0.1; done; tty; exit $((6 * 7))\n")
    user.until("/dev/pts/0")
    seen.append(user.end())
    docker("pause", "life")
    seen.append(docker.inspect("life", "{{.State.Status}} {{.State.Paused}}"))
    seen.append(len(docker("top", "life").splitlines()) > 1)
    docker("unpause", "life")
    docker("update", "--memory", "96m", "--memory-swap", "96m", "--cpus", "0.5", "--pids-limit", "50", "life")
    seen.append(docker("exec", "life", "sh", "-c", "cd /sys/fs/cgroup && cat memory.max memory.swap.max cpu.max pids.max"))
    seen.append(docker("stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", "life").split()[-1])
    docker("restart", "--time", "20", "life")
    wait_until(lambda: docker("logs", "life").count("ready") == 2, step=0.3)
    docker("stop", "--time", "20", "life")
    seen.append(docker.inspect("life", "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}"))
    return seen


@script.case(more=True)
def terminal(docker):
    """a terminal has its user's size, and its interrupt key reaches the program."""
    user = Terminal(docker, "run", "-it", "--rm", "--network", "none", *docker.with_image(("--", "sh")))
    user.until("# ")
    user.type("until stty size 2>/dev/null | grep '33 7[7]'; do sleep 0.1; done\n")
    user.until("33 77")
    user.until("# ")
    user.type("sleep 1000\n")
    wait_until(lambda: docker.cgroup in cgroups_of("sleep"), step=0.2)
    user.type("\x03")
    user.until("# ")
    user.type("exit 6\n")
    return user.end()


@script.case(more=True)
def out_of_memory(docker):
    """a container that was ended for want of memory is told so."""
    docker.detach("oom", "exec dd if=/dev/zero of=/dev/null bs=200M", "--memory", "24m")
    seen = [docker("wait", "oom"), docker.inspect("oom", "{{.State.OOMKilled}}")]
    docker.remove("oom")
    return seen


@script.case
def options(docker):
    """users, groups, capabilities, limits, sysctls, read-only root, tmpfs, devices, volumes, init."""
    (docker.directory / "bind").mkdir()
    return docker.shell(
        "id; cat /proc/1/comm; grep -E 'Cap(Eff|Bnd)|NoNew|Seccomp:' /proc/self/status; ulimit -n; touch /x /ro/x 2>&1;"
        "touch /t/x /b/x /v/x; ls -d /t/* /b/* /v/*; df -k /dev/shm | awk 'END {print $2}'; test -c /dev/dmesg && echo dev;"
        "cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj; cd /sys/fs/cgroup; cat pids.max cpuset.cpus cpu.max;"
        "mknod /t/mem c 1 1 2>&1; grep -E ' /(t|b|ro) ' /proc/mounts | cut -d' ' -f 2,4 | sed 's/,size.*//' | sort",
        "--user", "1000:1001", "--group-add", "7", "--cap-drop", "ALL", "--cap-add", "NET_RAW", "--ulimit", "nofile=77:88",
        "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined", "--read-only", "--tmpfs",
        "/t:mode=1777,size=1m", "--volume", f"{docker.directory}/bind:/ro:ro", "--volume", "/var/tmp:/b", "--tmpfs", "/v:mode=777",
        "--init", "--sysctl", "net.ipv4.ip_forward=1", "--oom-score-adj", "300", "--pids-limit", "33", "--shm-size", "2m",
        "--cpuset-cpus", "0", "--cpus", "0.5", "--device", "/dev/kmsg:/dev/dmesg:r")


@script.case(more=True)
def privileged(docker):
    """a privileged container has all capabilities and devices and may mount."""
    return docker.shell("grep -E 'Cap(Eff|Bnd)|Seccomp:' /proc/self/status; test -c /dev/kmsg && echo kmsg;"
                        "mount -t tmpfs x /tmp && echo mounted; awk '$2 ~ /^.sys(.fs.cgroup)?$/ {print $4}' /proc/mounts;"
                        "mkdir /sys/fs/cgroup/x && echo made", "--privileged")


@script.case(more=True)
def shared(docker):
    """containers share each other's and the host's namespaces, and see each other's volumes."""
    docker.detach("first", FOREVER, "--volume", "/data", "--ipc", "shareable")
    names = "for n in net pid ipc uts; do readlink /proc/self/ns/$n; done"
    own = docker("exec", "first", "sh", "-c", names).split()
    host = subprocess.run(["sh", "-c", names], stdout=subprocess.PIPE, text=True).stdout.split()
    theirs = docker("run", "--rm", "--network", "container:first", "--pid", "container:first", "--ipc", "container:first",
                    "--volumes-from", "first", *docker.with_image(("--", "sh", "-c", names + "; ls -d /data"))).split()
    hosts = docker("run", "--rm", "--network", "host", "--pid", "host", "--ipc", "host", "--uts", "host",
                   *docker.with_image(("--", "sh", "-c", names))).split()
    docker.remove("first")
    return [[a == b for a, b in zip(own, theirs)], [a == b for a, b in zip(host, hosts)], theirs[-1]]


@script.case
def build(docker):
    """docker build runs its steps, with their users, directories and environments; a failing step fails it."""
    (docker.directory / "context").mkdir()
    (docker.directory / "context/file").write_text("text\n")
    recipe = docker.directory / "context/Dockerfile"
    recipe.write_text("FROM localhost/box:1\nWORKDIR /work/dir\nCOPY file .\nENV A=b\nUSER 1000:1000\n"
                      "RUN test $A = b && test $(id -u) = 1000 && cat file && pwd\nUSER 0\nRUN mkdir /new && echo made >/made\n")
    docker("build", "--network", "none", "--tag", "built", docker.directory / "context", seconds=4 * SECONDS)
    seen = docker("run", "--rm", "--network", "none", "--hostname", "box", "built", "sh", "-c", "cat /made file; id; pwd; env")
    recipe.write_text("FROM localhost/box:1\nRUN exit 7\n")
    return [seen, docker.try_("build", "--network", "none", docker.directory / "context").status]


@script.case(more=True)
def health(docker):
    """a health check runs by exec and is told."""
    docker.detach("health", FOREVER, "--health-cmd", "test -e /tmp/well", "--health-interval", "1s", "--health-retries", "1")
    wait_until(lambda: docker.inspect("health", "{{.State.Health.Status}}") == "unhealthy", step=0.5)
    docker("exec", "health", "mkdir", "/tmp/well")
    wait_until(lambda: docker.inspect("health", "{{.State.Health.Status}}") == "healthy", step=0.5)
    docker.remove("health")
    return True


@script.case
def nothing_left(docker):
    """afterwards neither cgroups nor mounts nor shims are left."""
    shims = subprocess.run(["ps", "-e", "-o", "args="], stdout=subprocess.PIPE, text=True).stdout
    return [[line for line in shims.splitlines() if "containerd-shim" in line and str(docker.directory) in line],
            [line for line in open("/proc/self/mountinfo") if f"{docker.directory}/data" in line and "/merged" in line],
            [name for name in os.listdir("/sys/fs/cgroup") if name == docker.cgroup[1:]
             and any(entry.is_dir() for entry in os.scandir(f"/sys/fs/cgroup/{name}"))]]


if __name__ == "__main__":
    script.main()
