#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""dockerd with its ids remapped and with live restore, and Docker in Docker, all of it over the same runtime."""
import os
import signal
import subprocess

import archive
from compare import SECONDS, Script, wait_until
from docker import Docker

FOREVER = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"
# What the inner machine runs: the outer one's programs, with a cgroup tree, a daemon and an image of its own.
INNER = """
set -e
mkdir /sys/fs/cgroup/leaf
while read -r pid; do echo $pid >/sys/fs/cgroup/leaf/cgroup.procs || :; done </sys/fs/cgroup/cgroup.procs
for name in $(cat /sys/fs/cgroup/cgroup.controllers); do echo +$name; done >/sys/fs/cgroup/cgroup.subtree_control
mount -t tmpfs inner /var/lib/docker
dockerd --bridge none --iptables=false --ip-masq=false --storage-driver vfs --add-runtime inner="$RUNTIME" \\
    --default-runtime inner >/tmp/log 2>&1 &
daemon=$!
until docker version >/dev/null 2>&1; do sleep 0.5; done
docker load --quiet --input /image
docker run --rm --network none --memory 64m localhost/box:1 sh -c 'id; hostname -s >/dev/null; cat /sys/fs/cgroup/memory.max; exit 7' || echo status $?
docker run --detach --network none --name inner localhost/box:1 sh -c 'while :; do sleep 0.1; done' >/dev/null
docker exec inner echo exec
docker rm --force inner
docker info --format '{{.DefaultRuntime}} {{.Driver}}'
kill $daemon
wait $daemon || :
"""


class Remapped(Docker):
    """Also stays alive without its daemon."""
    settings = {"userns-remap": "engines", "live-restore": True}

    def open(self):
        if "engines" not in open("/etc/passwd").read():
            for name, line in (("passwd", "engines:x:77777:77777::/:/bin/false"), ("group", "engines:x:77777:"),
                               ("subuid", "engines:300000:65536"), ("subgid", "engines:400000:65536")):
                with open(f"/etc/{name}", "a") as file:
                    file.write(line + "\n")
        # Root in a container has to find the way.
        self.directory.parent.chmod(0o711)
        super().open()


script = Script(__file__, Remapped)


@script.case(more=True)
def remapped(docker):
    """with userns-remap root is a nobody outside; volumes, exec and hostile mounts behave."""
    docker.detach("remap", FOREVER, "--volume", "data:/data", "--tmpfs", "/t")
    pid = int(docker.inspect("remap", "{{.State.Pid}}"))
    seen = [open(f"/proc/{pid}/uid_map").read().split(), open(f"/proc/{pid}/gid_map").read().split()]
    seen.append(docker("exec", "remap", "sh", "-c", "id; touch /data/x /t/x /x; stat -c '%u %g' /data/x /x /bin /proc/1;"
                       "mount -t tmpfs x /tmp 2>&1; mknod /y c 1 3 2>&1; cat /proc/self/attr/current; exit 0"))
    seen.append(docker("exec", "--user", "5:6", "remap", "id"))
    seen.append(docker.try_("exec", "--privileged", "remap", "grep", "CapEff", "/proc/self/status").seen())
    docker.remove("remap")
    docker("volume", "rm", "data")
    return seen


@script.case(more=True)
def live_restore(docker):
    """dockerd may be killed and started again under a live container."""
    docker.detach("live", FOREVER)
    pid = docker.inspect("live", "{{.State.Pid}}")
    docker.end_daemon(signal.SIGKILL)
    docker.start_daemon()
    seen = [docker.inspect("live", "{{.State.Status}}"), docker.inspect("live", "{{.State.Pid}}") == pid,
            docker("exec", "live", "echo", "again")]
    docker("stop", "--time", "20", "live")
    seen.append(docker.inspect("live", "{{.State.ExitCode}}"))
    docker.remove("live")
    return seen


COMPOSE = """\
version: "2.4"
services:
  first:
    build: {context: first, network: none}
    network_mode: none
    command: sh -c "until cat /shared/file; do sleep 0.1; done; echo $$GREETING; trap 'exit 4' TERM; while :; do sleep 0.1; done"
    environment: {GREETING: hello}
    volumes: ["shared:/shared", "./bind:/bind:ro"]
    read_only: true
    mem_limit: 64m
    healthcheck: {test: ["CMD", "test", "-e", "/shared/file"], interval: 1s, retries: 100}
  second:
    image: localhost/box:1
    network_mode: none
    command: sh -c "echo made >/shared/file; sleep 1000000"
    volumes: ["shared:/shared"]
    init: true
volumes:
  shared:
"""


@script.case(more=True)
def compose(docker):
    """docker-compose: services are built, started, healthy, entered, listed, stopped and removed."""
    place = docker.directory / "composed"
    for name in ("first", "bind"):
        (place / name).mkdir(parents=True)
    (place / "docker-compose.yml").write_text(COMPOSE)
    (place / "first/Dockerfile").write_text("FROM localhost/box:1\nRUN echo built >/built\n")

    def run(*args):
        end = subprocess.run(["docker-compose", *args], cwd=place, env=docker.environment(), text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert end.returncode == 0, (args, end.stdout, end.stderr)
        return end.stdout
    run("up", "--detach")
    first = run("ps", "--quiet", "first").strip()
    wait_until(lambda: docker.inspect(first, "{{.State.Health.Status}}") == "healthy", step=0.5)
    seen = [run("exec", "-T", "first", "sh", "-c", "cat /built /shared/file /sys/fs/cgroup/memory.max; touch /x /bind/x 2>&1; exit 0"),
            run("exec", "-T", "second", "cat", "/proc/1/comm"), "hello" in run("logs", "first")]
    run("stop", "--timeout", "60", "first")
    seen.append(docker.inspect(first, "{{.State.ExitCode}}"))
    run("down", "--volumes", "--timeout", "0")
    return [*seen, docker("ps", "--all", "--quiet")]


@script.case(more=True)
def docker_in_docker(docker):
    """a privileged container runs a dockerd that itself uses the runtime."""
    root = docker.directory / "inner"
    for name in ("usr", "etc", "tmp", "var/lib/docker", "run", "root"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "image").touch()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\nENV PATH=/usr/sbin:/usr/bin\n")
    docker("build", "--tag", "inner", root)
    (root / "program").mkdir()
    outcome = docker.try_(
        "run", "--rm", "--privileged", "--userns", "host", "--network", "none", "--volume", "/usr:/usr:ro", "--volume", "/etc:/etc:ro",
        "--volume", f"{os.path.dirname(docker.program)}:/program:ro", "--env",
        f"RUNTIME=/program/{os.path.basename(docker.program)}", "--tmpfs", "/run", "--tmpfs", "/tmp", "--volume",
        f"{archive.box()}:/image:ro", "inner", "sh", "-c", INNER, seconds=4 * SECONDS)
    assert outcome.status == 0, outcome
    return outcome.out.replace("\r", "")


if __name__ == "__main__":
    script.main()
