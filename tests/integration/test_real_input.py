# SPDX-License-Identifier: Apache-2.0
"""Bundles as others make them: a Debian tree, an unpacked image, other runtimes' and engines' configs."""
import json
import os
import re
import resource
import shutil
import subprocess

import pytest
from house import CONTROLLERS, TREE, Bundle, make_busybox_root, status_fields

DEBIAN = TREE / "build-inputs/debian/rootfs"
CAPTURED = sorted((TREE / "tests/golden/configs").glob("*.json"))


@pytest.fixture
def debian(bundle):
    """A minimal Debian tree under a read-only root, as an engine would run it."""
    if not DEBIAN.is_dir():
        pytest.skip("tools/test-inputs.sh has not run")
    bundle.config["root"] = {"path": str(DEBIAN), "readonly": True}
    bundle.mount("/tmp", options=["mode=1777"])
    bundle.process["env"] = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
    return bundle


@pytest.mark.parametrize("args, said", [
    (["apt-get", "--version"], r"^apt \d"),
    (["perl", "-e", "print join ' ', map { $_ * 2 } 1 .. 3; print qq(\\n)"], "^2 4 6$"),
    (["bash", "-c", "cat <(echo process) <(echo substitution)"], "^process\nsubstitution$"),
    (["dpkg-query", "-W", "-f", "${Status}", "libc6"], "install ok installed"),
    (["sh", "-c", "df /tmp | tail -n 1; ls -la /dev/fd/ >/dev/null && echo fine"], "fine"),
    (["getconf", "PAGESIZE"], "4096")])
def test_debian_programs(debian, args, said):
    """Ordinary programs of an ordinary distribution."""
    debian.process["args"] = args
    assert re.search(said, debian.run(), re.M)


def test_debian_su(debian):
    """su needs setuid, capabilities and a sane process to drop to a user."""
    caps = debian.process["capabilities"]
    for name in ("bounding", "effective", "permitted"):
        caps[name] = sorted({*caps[name], "CAP_SETUID", "CAP_SETGID", "CAP_AUDIT_WRITE"})
    debian.process["noNewPrivileges"] = False
    assert debian.run("su -s /bin/sh nobody -c 'id -un; id -u'") == "nobody\n65534\n"


def test_image_unpacked_by_umoci(tare, tmp_path):
    """The way from an OCI image to a bundle without an engine."""
    make_busybox_root(tmp_path / "contents")
    image = f"{tmp_path}/image:latest"
    steps = [["init", "--layout", f"{tmp_path}/image"], ["new", "--image", image],
             ["insert", "--image", image, str(tmp_path / "contents"), "/"],
             ["config", "--image", image, "--config.entrypoint", "/bin/sh", "--config.entrypoint", "-c",
              "--config.cmd", "echo from the image; pwd; echo $KEY", "--config.env", "KEY=value",
              "--config.env", "PATH=/bin", "--config.workingdir", "/home/user"],
             ["unpack", "--image", image, f"{tmp_path}/bundle"]]
    for step in steps:
        subprocess.run(["umoci", *step], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    config = json.loads((tmp_path / "bundle/config.json").read_text())
    config["process"]["terminal"] = False
    bundle = Bundle(tare, tmp_path / "bundle", tmp_path / "bundle/rootfs", config)
    adapt_limits(config)
    assert bundle.run() == "from the image\n/home/user\nvalue\n"


@pytest.mark.parametrize("author", ["runc", "crun", "tare"])
def test_default_config_of(tare, tmp_path, at_terminal, author):
    """Tutorials start with `runc spec`; nothing but args is changed, the terminal included."""
    program = tare.program if author == "tare" else author
    if not shutil.which(program):
        pytest.skip(f"no {program}")
    subprocess.run([program, "spec"], check=True, cwd=tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["process"]["args"] = ["sh", "-c", "tty; hostname; exit 3"]
    make_busybox_root(tmp_path / "rootfs")
    bundle = Bundle(tare, tmp_path, tmp_path / "rootfs", config).write()
    user = at_terminal("run", "--bundle", bundle.path, tare.new_id())
    assert [user.line(), user.line()] == ["/dev/pts/0", config["hostname"]]
    assert user.wait() == 3


def adapt_limits(config):
    """Where the controllers are on cgroup v1, limits are refused by name: test_resources.py."""
    resources = config["linux"].get("resources", {})
    for name, controllers in {"memory": {"memory"}, "cpu": {"cpu", "cpuset"}, "pids": {"pids"},
                              "blockIO": {"io"}, "unified": {"memory", "pids"}}.items():
        if not controllers <= set(CONTROLLERS):
            resources.pop(name, None)


def adapt(bundle, config):
    """What cannot be the same elsewhere: paths of the machine where the config was captured."""
    config["root"]["path"] = str(bundle.rootfs)
    config["process"].update(terminal=False, args=["/bin/sh", "-c", "echo fine; mkdir /tmp/x && rmdir /tmp/x"])
    config["process"].pop("apparmorProfile", None)
    config["process"].pop("selinuxLabel", None)
    config.pop("hooks", None)
    config["mounts"] = [row for row in config["mounts"]
                        if "bind" not in row.get("options", []) + [row.get("type")]
                        and "rbind" not in row.get("options", []) or os.path.exists(row["source"])]
    for row in config["linux"]["namespaces"]:
        row.pop("path", None)
    config["linux"]["cgroupsPath"] = "/" + bundle.tare.prefix + "captured"
    config["linux"].pop("mountLabel", None)
    adapt_limits(config)
    bundle.config = config


def may_raise_limits():
    """CAP_SYS_RESOURCE: some machines' root does not have it."""
    with open("/proc/self/status") as file:
        return int(status_fields(file.read())["CapEff"], 16) & 1 << 24


def adapt_rlimits(config):
    """Where a hard limit cannot be raised, the machine's own stands for it."""
    for row in config["process"].get("rlimits", []) if not may_raise_limits() else []:
        hard = resource.getrlimit(getattr(resource, row["type"]))[1]
        if hard != resource.RLIM_INFINITY:
            row.update(hard=min(row["hard"], hard), soft=min(row["soft"], hard))


def give_to_namespace(bundle, config):
    """The engine gives the files to the root of the user namespace, and lets it reach them."""
    if not config["linux"].get("uidMappings"):
        return
    for directory in bundle.rootfs.parents:
        if not directory.stat().st_mode & 0o001:
            directory.chmod(0o711)
    owner = [next(row["hostID"] for row in config["linux"][ids] if row["containerID"] == 0)
             for ids in ("uidMappings", "gidMappings")]
    for path in [bundle.rootfs, *bundle.rootfs.rglob("*")]:
        os.lchown(path, *owner)


@pytest.mark.parametrize("path", CAPTURED, ids=[path.stem for path in CAPTURED])
def test_captured_config(bundle, path):
    """What Podman and containerd really write, Docker's seccomp profile and capabilities included."""
    config = json.loads(path.read_text())
    if "process" not in config:
        pytest.skip("not a whole config")
    config["root"].pop("readonly", None)
    adapt(bundle, config)
    adapt_rlimits(config)
    give_to_namespace(bundle, config)
    assert bundle.run() == "fine\n"
