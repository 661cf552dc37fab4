# SPDX-License-Identifier: Apache-2.0
"""Images made here, as archives that containerd and Docker both load."""
import hashlib
import io
import json
import shutil
import subprocess
import tarfile

from compare import busybox_root, cached

BOX = "localhost/box:1"
PAUSE = "localhost/pause:1"


class Blobs(dict):
    def add(self, data):
        """Keeps the bytes; returns what a document calls them by."""
        name = hashlib.sha256(data).hexdigest()
        self[name] = data
        return {"digest": f"sha256:{name}", "size": len(data)}


def document(value):
    return json.dumps(value).encode()


def members(root, name, config):
    """The archive's files: the OCI layout's and those of `docker save`."""
    blobs, kind = Blobs(), "application/vnd.oci.image."
    layer = blobs.add(subprocess.run(["tar", "-C", root, "-c", "."], check=True, stdout=subprocess.PIPE).stdout)
    image = blobs.add(document({
        "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin:/sbin:/usr/bin"], **config},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}))
    manifest = blobs.add(document({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", **image},
        "layers": [{"mediaType": kind + "layer.v1.tar", **layer}]}))
    files = {f"blobs/sha256/{digest}": data for digest, data in blobs.items()}
    path = "blobs/sha256/".join
    return {
        **files,
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": document({"schemaVersion": 2, "manifests": [{
            "mediaType": kind + "manifest.v1+json", **manifest,
            "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": "1"}}]}),
        "manifest.json": document([{
            "Config": path(["", image["digest"][7:]]), "RepoTags": [name],
            "Layers": [path(["", layer["digest"][7:]])]}])}


def write(path, root, name, config):
    with tarfile.open(path, "w") as archive:
        for member, data in members(root, name, config).items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def box():
    """The image of busybox, as Docker and containerd load it."""
    return cached("box.archive", lambda path: write(path, busybox_root(), BOX, {"Cmd": ["sh"]}))


def pause():
    """An image that holds one program which waits: what keeps a pod's namespaces."""
    def make(path):
        root = path.parent / "root"
        (root / "bin").mkdir(parents=True)
        shutil.copy(busybox_root() / "bin/busybox", root / "bin/sleep")
        write(path, root, PAUSE, {"Cmd": ["/bin/sleep", "1000000"]})
    return cached("pause.archive", make)
