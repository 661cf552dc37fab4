# SPDX-License-Identifier: Apache-2.0
"""A small client of the Kubernetes container runtime interface, and containerd as its server.

Messages are dictionaries. SCHEMA has the fields that the scripts use, with their numbers in the interface's
version 1; what an answer has beyond them is passed over."""
import base64
import json
import os
import pathlib
import re
import socket
import struct
import urllib.parse

import archive
from compare import PATIENCE, wait_until
from containerd import Containerd

# name=NUMBER[:KIND]: a text by default, i an integer, bytes, map of texts, or a message; * for a list.
SCHEMA = """
VersionRequest: version=1
VersionResponse: version=1 runtime_name=2 runtime_version=3
StatusRequest: verbose=1:i
StatusResponse: status=1:RuntimeStatus runtime_handlers=3:*RuntimeHandler
RuntimeStatus: conditions=1:*RuntimeCondition
RuntimeCondition: type=1 status=2:i reason=3 message=4
RuntimeHandler: name=1 features=2:RuntimeHandlerFeatures
RuntimeHandlerFeatures: recursive_read_only_mounts=1:i user_namespaces=2:i
RunPodSandboxRequest: config=1:PodSandboxConfig runtime_handler=2
RunPodSandboxResponse: pod_sandbox_id=1
StopPodSandboxRequest: pod_sandbox_id=1
StopPodSandboxResponse:
RemovePodSandboxRequest: pod_sandbox_id=1
RemovePodSandboxResponse:
PodSandboxStatusRequest: pod_sandbox_id=1
PodSandboxStatusResponse: status=1:PodSandboxStatus
PodSandboxStatus: id=1 state=3:i runtime_handler=9
PodSandboxConfig: metadata=1:PodSandboxMetadata hostname=2 log_directory=3 labels=6:map annotations=7:map
    linux=8:LinuxPodSandboxConfig
PodSandboxMetadata: name=1 uid=2 namespace=3 attempt=4:i
LinuxPodSandboxConfig: cgroup_parent=1 security_context=2:LinuxSandboxSecurityContext sysctls=3:map
LinuxSandboxSecurityContext: namespace_options=1:NamespaceOption run_as_user=3:Number privileged=6:i
NamespaceOption: network=1:i pid=2:i ipc=3:i target_id=4 userns_options=5:UserNamespace
UserNamespace: mode=1:i uids=2:*IDMapping gids=3:*IDMapping
IDMapping: host_id=1:i container_id=2:i length=3:i
Number: value=1:i
CreateContainerRequest: pod_sandbox_id=1 config=2:ContainerConfig sandbox_config=3:PodSandboxConfig
CreateContainerResponse: container_id=1
ContainerConfig: metadata=1:ContainerMetadata image=2:ImageSpec command=3:* args=4:* working_dir=5
    envs=6:*KeyValue mounts=7:*Mount devices=8:*Device log_path=11 stdin=12:i stdin_once=13:i tty=14:i
    linux=15:LinuxContainerConfig
ContainerMetadata: name=1 attempt=2:i
ImageSpec: image=1
KeyValue: key=1 value=2
Mount: container_path=1 host_path=2 readonly=3:i propagation=5:i uidMappings=6:*IDMapping
    gidMappings=7:*IDMapping recursive_read_only=8:i
Device: container_path=1 host_path=2 permissions=3
LinuxContainerConfig: resources=1:LinuxContainerResources security_context=2:LinuxContainerSecurityContext
LinuxContainerResources: cpu_period=1:i cpu_quota=2:i cpu_shares=3:i memory_limit_in_bytes=4:i
    oom_score_adj=5:i cpuset_cpus=6 cpuset_mems=7 hugepage_limits=8:*HugepageLimit unified=9:map
    memory_swap_limit_in_bytes=10:i
HugepageLimit: page_size=1 limit=2:i
LinuxContainerSecurityContext: capabilities=1:Capability privileged=2:i namespace_options=3:NamespaceOption
    run_as_user=5:Number run_as_username=6 readonly_rootfs=7:i supplemental_groups=8:*i no_new_privs=11:i
    run_as_group=12:Number masked_paths=13:* readonly_paths=14:* seccomp=15:SecurityProfile
    apparmor=16:SecurityProfile
Capability: add_capabilities=1:* drop_capabilities=2:*
SecurityProfile: profile_type=1:i localhost_ref=2
StartContainerRequest: container_id=1
StartContainerResponse:
StopContainerRequest: container_id=1 timeout=2:i
StopContainerResponse:
RemoveContainerRequest: container_id=1
RemoveContainerResponse:
ContainerStatusRequest: container_id=1 verbose=2:i
ContainerStatusResponse: status=1:ContainerStatus info=2:map
ContainerStatus: id=1 state=3:i exit_code=7:i reason=10 message=11
UpdateContainerResourcesRequest: container_id=1 linux=2:LinuxContainerResources
UpdateContainerResourcesResponse:
ExecSyncRequest: container_id=1 cmd=2:* timeout=3:i
ExecSyncResponse: stdout=1:bytes stderr=2:bytes exit_code=3:i
ExecRequest: container_id=1 cmd=2:* tty=3:i stdin=4:i stdout=5:i stderr=6:i
ExecResponse: url=1
AttachRequest: container_id=1 stdin=2:i tty=3:i stdout=4:i stderr=5:i
AttachResponse: url=1
ContainerStatsRequest: container_id=1
ContainerStatsResponse: stats=1:ContainerStats
ContainerStats: cpu=2:CpuUsage memory=3:MemoryUsage
CpuUsage: usage_core_nano_seconds=2:Number
MemoryUsage: working_set_bytes=2:Number usage_bytes=4:Number
"""
FIELD = re.compile(r"(\w+)=(\d+)(?::(\*?)(\w*))?$")


def parse(schema):
    """{message: {field: (number, list, kind)}}"""
    messages = {}
    for line in schema.strip().replace("\n ", " ").splitlines():
        name, _, fields = line.partition(":")
        matches = [FIELD.match(field) for field in fields.split()]
        messages[name] = {field: (int(number), bool(many), kind or "text")
                          for field, number, many, kind in (match.groups() for match in matches)}
    return messages


MESSAGES = parse(SCHEMA)
MAP_ENTRY = {"key": (1, False, "text"), "value": (2, False, "text")}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def encode_one(number, kind, value):
    if kind == "i":
        return varint(number << 3) + varint(int(value))
    if kind == "map":
        return b"".join(encode_one(number, "entry", {"key": key, "value": value[key]}) for key in value)
    data = {"text": str.encode, "bytes": bytes}.get(kind, lambda value: encode(kind, value))(value)
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode(name, message):
    fields = MAP_ENTRY if name == "entry" else MESSAGES[name]
    out = b""
    for field, value in message.items():
        number, many, kind = fields[field]
        out += b"".join(encode_one(number, kind, one) for one in (value if many else [value]))
    return out


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def raw_fields(data):
    """(number, integer or bytes) of a message, in its order."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        size = {1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        else:
            if size is None:
                size, at = read_varint(data, at)
            value = data[at:at + size]
            at += size
        yield key >> 3, value


def decode_one(kind, value):
    if kind == "i":
        return value - (1 << 64) if value >> 63 else value
    if kind == "bytes":
        return bytes(value)
    return value.decode(errors="replace") if kind == "text" else decode(kind, value)


def decode(name, data):
    fields = MAP_ENTRY if name == "entry" else MESSAGES[name]
    by_number = {number: (field, many, kind) for field, (number, many, kind) in fields.items()}
    message = {field: [] if many else {} if kind not in ("text", "i", "bytes") else {"i": 0, "bytes": b""}.get(kind, "")
               for field, (_, many, kind) in fields.items()}
    for number, value in raw_fields(data):
        field, many, kind = by_number.get(number, (None, False, None))
        if field is None:
            continue
        if kind == "map":
            entry = decode("entry", value)
            message[field][entry["key"]] = entry["value"]
        elif many:
            message[field].append(decode_one(kind, value))
        else:
            message[field] = decode_one(kind, value)
    return message


class Refused(Exception):
    """The server's error: its words."""


class Stream:
    """A streaming session (exec or attach) over a web socket: what kubectl's user has before him."""

    def __init__(self, url):
        place = urllib.parse.urlparse(url)
        self.socket = socket.create_connection((place.hostname, place.port), 60 * PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: Upgrade\r\n"
                            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                            "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.answer = self.file.readline()
        assert b" 101 " in self.answer, self.answer
        while self.file.readline().strip():
            pass
        self.text = {1: "", 2: "", 3: ""}

    def send(self, channel, data):
        mask = os.urandom(4)
        payload = bytes([channel]) + data
        hidden = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        self.socket.sendall(b"\x82" + length + mask + hidden)

    def type(self, text):
        self.send(0, text.encode())

    def resize(self, rows, columns):
        self.send(4, json.dumps({"Width": columns, "Height": rows}).encode())

    def receive(self):
        """Takes one frame; False at the end."""
        head = self.file.read(2)
        if len(head) < 2 or head[0] & 0xf == 8:
            return False
        size = head[1] & 0x7f
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        payload = self.file.read(size)
        if payload[:1] and payload[0] in self.text:
            self.text[payload[0]] += payload[1:].decode(errors="replace")
        return True

    def until(self, word):
        while word not in self.text[1]:
            assert self.receive(), f"ended without {word!r}: {self.text}"
        before, _, self.text[1] = self.text[1].partition(word)
        return before

    def end(self):
        """What is left of output and error output, and the status document."""
        while self.receive():
            pass
        self.socket.close()
        return self.text[1], self.text[2], json.loads(self.text[3] or "{}")


PLUGIN = """\
#!/bin/sh
# A network plugin that leaves the network as it is and reports an address.
case $CNI_COMMAND in
ADD) echo '{"cniVersion":"0.4.0","interfaces":[{"name":"'"$CNI_IFNAME"'","sandbox":"'"$CNI_NETNS"'"}],' \\
    '"ips":[{"version":"4","interface":0,"address":"192.0.2.2/24"}]}' ;;
VERSION) echo '{"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0","1.0.0"]}' ;;
esac
"""
NETWORK = {"cniVersion": "0.4.0", "name": "still", "plugins": [{"type": "still"}]}
CREATED, RUNNING, EXITED = 0, 1, 2
OF_POD, OF_CONTAINER, OF_NODE = 0, 1, 2


def of_node(context):
    return (context or {}).get("namespace_options", {}).get("network") == OF_NODE


class Cri(Containerd):
    disabled = ""
    images = (archive.box, archive.pause)
    namespace = "k8s.io"

    def open(self):
        import grpc
        self.grpc, self.pods, self.count = grpc, [], 0
        (self.directory / "cni/bin").mkdir(parents=True)
        for name in ("loopback", "still"):
            plugin = self.directory / "cni/bin" / name
            plugin.write_text(PLUGIN)
            plugin.chmod(0o755)
        (self.directory / "cni/10-still.conflist").write_text(json.dumps(NETWORK))
        super().open()

    def start_daemon(self):
        super().start_daemon()
        self.channel = self.grpc.insecure_channel(f"unix://{self.socket}")
        wait_until(self.ready, step=0.3)

    def ready(self):
        try:
            status = self.call("Status")["status"]["conditions"]
            return all(condition["status"] for condition in status)
        except Refused:
            return False

    def close(self):
        for pod in list(self.pods):
            self.remove_pod(pod)
        if self.daemon:
            self.channel.close()
        super().close()

    def call(self, method, _seconds=60, **message):
        call = self.channel.unary_unary(
            f"/runtime.v1.RuntimeService/{method}",
            request_serializer=lambda value: encode(f"{method}Request", value),
            response_deserializer=lambda data: decode(f"{method}Response", data))
        try:
            return call(message, timeout=_seconds * PATIENCE)
        except self.grpc.RpcError as error:
            raise Refused(error.details()) from None

    def features(self):
        """What containerd says the runtime's class can; nothing before containerd 2."""
        handlers = self.call("Status")["runtime_handlers"]
        return next((handler["features"] for handler in handlers if handler["name"] == self.name), {})

    def parent(self, pod):
        """The cgroup of a pod, in the form that kubelet gives with that driver."""
        return f"engines-{self.name}-{pod}.slice" if self.systemd else f"/engines-{self.name}/{pod}"

    # What most cases do.

    def pod(self, context=None, **linux):
        """A pod's sandbox; returns its configuration with its id."""
        self.count += 1
        name = f"pod{self.count}"
        logs = self.directory / "logs" / name
        logs.mkdir(parents=True)
        config = {"metadata": {"name": name, "uid": name, "namespace": "engines"},
                  # The node's own name, and none given, on the node's network: as kubelet does.
                  "hostname": "" if of_node(context) else f"the-{name}",
                  "log_directory": str(logs),
                  "linux": {"cgroup_parent": self.parent(name), "security_context": context or {}, **linux}}
        made = self.call("RunPodSandbox", config=config, runtime_handler=self.name)
        self.pods.append({"id": made["pod_sandbox_id"], "config": config, "logs": logs})
        return self.pods[-1]

    def remove_pod(self, pod):
        self.call("StopPodSandbox", pod_sandbox_id=pod["id"])
        self.call("RemovePodSandbox", pod_sandbox_id=pod["id"])
        self.pods.remove(pod)

    def create(self, pod, *command, context=None, resources=None, **more):
        self.count += 1
        name = f"c{self.count}"
        config = {"metadata": {"name": name}, "image": {"image": archive.BOX}, "command": command,
                  "log_path": f"{name}.log",
                  "linux": {"resources": resources or {}, "security_context": context or {}}, **more}
        made = self.call("CreateContainer", pod_sandbox_id=pod["id"], config=config, sandbox_config=pod["config"])
        return {"id": made["container_id"], "log": pathlib.Path(pod["logs"], f"{name}.log")}

    def start_in(self, pod, script, **more):
        """A shell's script in a container of the pod, started."""
        container = self.create(pod, "sh", "-c", script, **more)
        self.call("StartContainer", container_id=container["id"])
        return container

    def status_of(self, container):
        return self.call("ContainerStatus", container_id=container["id"])["status"]

    def wait(self, container):
        """The status of a container that ends by itself."""
        return wait_until(lambda: (status := self.status_of(container))["state"] == EXITED and status)

    def logged(self, container):
        """Output and error output, as kubelet would read them."""
        lines = [line.split(" ", 3) for line in container["log"].read_text().splitlines()]
        return "".join(line[3] + ("\n" if line[2] == "F" else "") for line in lines)

    def said(self, pod, script, **more):
        """Exit status and output of a shell's script in a container of the pod."""
        container = self.start_in(pod, script, **more)
        status = self.wait(container)
        text = self.logged(container)
        self.call("RemoveContainer", container_id=container["id"])
        return [status["exit_code"], text]

    def exec_sync(self, container, *command):
        done = self.call("ExecSync", container_id=container["id"], cmd=command, timeout=60 * PATIENCE)
        return [done["exit_code"], done["stdout"].decode(), done["stderr"].decode()]
