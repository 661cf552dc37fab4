#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Podman's pods, namespaces of other containers, play kube, readiness, units."""
import os
import shutil
import socket
import subprocess

from compare import PATIENCE, Script, wait_until
from podman import IMAGE, Podman, need


class PodmanWithPause(Podman):
    """Pods are held by an image of our own: catatonit alone in a root file system."""

    def open(self):
        super().open()
        need("catatonit")
        root = self.directory / "pause"
        root.mkdir()
        shutil.copy(shutil.which("catatonit"), root / "catatonit")
        subprocess.run(["tar", "-C", root, "-cf", self.directory / "pause.tar", "."], check=True)
        self("import", "-q", "-c", 'ENTRYPOINT ["/catatonit","-P"]', self.directory / "pause.tar",
             "localhost/pause")

    def pod(self, name, *more):
        """Podman 4.3 with cgroupfs denies a pod's cgroup all devices: its containers stay out of it."""
        self("pod", "create", "--network", "none", "--share-parent=false",
             "--infra-image", "localhost/pause", "--name", name, *more)


script = Script(__file__, PodmanWithPause)
KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


def namespaces(podman, name):
    pid = podman.inspect(name, "{{.State.Pid}}")
    return {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in KINDS}


def shared(podman, one, other):
    first, second = namespaces(podman, one), namespaces(podman, other)
    return [kind for kind in KINDS if first[kind] == second[kind]]


@script.case
def pod(podman):
    """two containers of a pod share ipc, net and uts, and one sees the other with --share pid."""
    podman.pod("pod", "--share", "ipc,net,uts,pid")
    for name in ("a", "b"):
        podman("run", "-d", "--pod", "pod", "--name", name, IMAGE, "sleep", "1000000")
    seen = [shared(podman, "a", "b"), podman("exec", "a", "ps", "-o", "comm").split(),
            podman("pod", "inspect", "--format", "{{.State}} {{.NumContainers}}", "pod")]
    podman("pod", "pause", "pod")
    seen.append(podman.inspect("a", "{{.State.Status}}"))
    podman("pod", "unpause", "pod")
    podman("pod", "kill", "pod")
    podman("pod", "rm", "--force", "--time", "0", "pod")
    return seen + [podman("ps", "--all", "--quiet")]


@script.case(more=True)
def container_namespaces(podman):
    """--pid, --ipc, --net, --uts container:NAME join another container's namespaces."""
    podman.detached("first", "--ipc", "shareable", "--hostname", "shared.example")
    podman("run", "-d", "--name", "second", "--pid", "container:first", "--ipc", "container:first",
           "--network", "container:first", "--uts", "container:first", IMAGE, "sleep", "1000001")
    seen = [shared(podman, "first", "second"),
            podman("exec", "second", "sh", "-c", "hostname; ps -o args | grep -c '[s]leep'")]
    podman.remove("second")
    podman.remove("first")
    return seen


@script.case(more=True)
def kube(podman):
    """play kube: a pod of two containers from a file, its generated form, its end."""
    path = podman.directory / "pod.yaml"
    path.write_text(f"""\
apiVersion: v1
kind: Pod
metadata:
  name: kube
spec:
  hostNetwork: true
  restartPolicy: Never
  containers:
  - name: one
    image: {IMAGE}
    imagePullPolicy: Never
    command: ["sh", "-c", "echo $GREETING; id -u; exec sleep 1000000"]
    env:
    - name: GREETING
      value: hello
    securityContext:
      runAsUser: 1000
      capabilities:
        drop: ["ALL"]
    resources:
      limits:
        memory: 64Mi
  - name: two
    image: {IMAGE}
    imagePullPolicy: Never
    command: ["sleep", "1000000"]
    securityContext:
      readOnlyRootFilesystem: true
""")
    podman("play", "kube", path)
    wait_until(lambda: "1000" in podman("logs", "kube-one"))
    seen = [podman("logs", "kube-one"), podman("exec", "kube-one", "cat", "/sys/fs/cgroup/memory.max"),
            podman.try_("exec", "kube-two", "touch", "/x").status,
            podman("ps", "--format", "{{.Names}} {{.Status}}").count("Up")]
    podman("play", "kube", "--down", path)
    return seen + [podman("ps", "--all", "--quiet")]


@script.case
def readiness(podman):
    """--sdnotify=container: READY=1 of the program reaches systemd's socket, --sdnotify=conmon says it itself."""
    seen = []
    for kind, program in (("conmon", "sleep 1000000"), ("container", "sleep 1000000")):
        path = podman.directory / f"notify-{kind}"
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind(str(path))
        server.settimeout(60 * PATIENCE)
        process = podman.start("run", "-d", "--network", "none", "--name", kind, "--sdnotify", kind, IMAGE, "sh", "-c",
                               "test -n \"$NOTIFY_SOCKET\" && echo there; exec " + program,
                               env_more={"NOTIFY_SOCKET": str(path)}, stdout=subprocess.DEVNULL)
        said = server.recv(4096).decode()
        if kind == "container":
            # Podman waits for READY=1, which the busybox of the image has no program to say.
            sock = wait_until(lambda: find_notify(podman))
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
                directory = os.open(os.path.dirname(sock), os.O_PATH)  # the path would be too long
                client.connect(f"/proc/self/fd/{directory}/{os.path.basename(sock)}")
                os.close(directory)
                client.send(b"READY=1")
            while "READY=1" not in said:
                said += "\n" + server.recv(4096).decode()
        status = process.wait(60 * PATIENCE)
        seen.append([kind, status, sorted({line.split("=")[0] for line in said.split()})])
        podman.remove(kind)
        server.close()
    return seen


def find_notify(podman):
    """The socket that the container's program was given, by its path outside."""
    id = podman("ps", "--all", "--quiet", "--no-trunc").split()
    for base, _, files in os.walk(podman.directory):
        for file in files:
            if file in ("notify.sock", "notify"):
                return os.path.join(base, file)
    return id and None


@script.case(more=True)
def unit(podman):
    """generate systemd: the unit of a container names the same lifecycle for every runtime."""
    podman("create", "--network", "none", "--name", "unit", IMAGE, "true")
    text = podman("generate", "systemd", "--new", "--name", "unit")
    podman.remove("unit")
    return [line for line in text.splitlines() if line.startswith(("Type", "Restart", "ExecStop", "Notify", "Kill"))]


@script.case(more=True)
def init_containers(podman):
    """init containers of a pod run to their end before the others."""
    podman.pod("early")
    podman("create", "--pod", "early", "--init-ctr", "always", "--name", "earlier", IMAGE, "true")
    podman("create", "--pod", "early", "--name", "later", IMAGE, "sleep", "1000000")
    podman("pod", "start", "early")
    seen = [podman.inspect("earlier", "{{.State.Status}} {{.State.ExitCode}}"),
            podman.inspect("later", "{{.State.Status}}")]
    podman("pod", "rm", "--force", "--time", "0", "early")
    return seen


if __name__ == "__main__":
    script.main()
