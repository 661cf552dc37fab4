#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes pods through containerd's runtime interface and a runtime class of the runtime's name."""
import pathlib
import re
import signal
import subprocess
import threading

from compare import Script, wait_until
from cri import EXITED, OF_NODE, OF_POD, RUNNING, Cri, Refused, Stream

script = Script(__file__, Cri)
FOREVER = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"
MACHINE = threading.Lock()  # its huge pages are everybody's


@script.case
def pod(cri):
    """containers of a pod share what the pod shares, and have the rest for themselves."""
    pod = cri.pod()
    first = cri.start_in(pod, FOREVER)
    names = "for n in ipc net uts pid mnt user cgroup; do readlink /proc/self/ns/$n; done"
    mine = cri.exec_sync(first, "sh", "-c", names)[1].split()
    theirs = cri.said(pod, names)[1].split()
    host = subprocess.run(["sh", "-c", names], stdout=subprocess.PIPE, text=True).stdout.split()
    seen = [[a == b for a, b in zip(mine, theirs)], [a == b for a, b in zip(mine, host)],
            cri.exec_sync(first, "sh", "-c", "hostname; cat /proc/1/comm; cat /etc/hostname; id")]
    cri.remove_pod(pod)
    return seen


@script.case(more=True)
def shared_pids(cri):
    """containers of a pod may share its process namespace, and end without each other."""
    pod = cri.pod({"namespace_options": {"pid": OF_POD}})
    options = {"namespace_options": {"pid": OF_POD}}
    first = cri.start_in(pod, FOREVER, context=options)
    seen = cri.said(pod, "cat /proc/1/comm; ps -o args | grep -q '[t]rap .exit 5' && echo seen", context=options)
    cri.call("StopContainer", container_id=first["id"], timeout=30)
    status = cri.status_of(first)
    alive = cri.call("PodSandboxStatus", pod_sandbox_id=pod["id"])["status"]
    cri.remove_pod(pod)
    return [seen, status["exit_code"], status["state"], alive["state"], alive["runtime_handler"] == cri.name]


@script.case
def exec_and_attach(cri):
    """exec with and without a terminal and attach work, with sizes, input, output and exit status."""
    pod = cri.pod()
    shell = cri.create(pod, "sh", tty=1, stdin=1)
    cri.call("StartContainer", container_id=shell["id"])
    seen = [cri.exec_sync(shell, "sh", "-c", "echo out; echo err >&2; exit 3")]
    stream = Stream(cri.call("Exec", container_id=shell["id"], cmd=["sh", "-c", "cat; echo e >&2; exit 4"],
                             stdin=1, stdout=1, stderr=1)["url"])
    stream.type("text\n")
    stream.until("text\n")
    stream.socket.shutdown(1)  # the end of the input
    attached = Stream(cri.call("Attach", container_id=shell["id"], tty=1, stdin=1, stdout=1)["url"])
    attached.resize(44, 99)
    attached.type("until stty size 2>/dev/null | grep '44 9[9]'; do sleep 0.1; done\n")
    attached.until("44 99")
    attached.type("exit 6\n")
    attached.end()
    seen.append(cri.wait(shell)["exit_code"])
    cri.remove_pod(pod)
    return seen


@script.case
def bad_programs(cri):
    """programs that cannot be run leave a status and words that kubelet shows."""
    pod, seen = cri.pod(), []
    for program in ("nosuch", "/etc/passwd"):
        container = cri.create(pod, program)
        try:
            cri.call("StartContainer", container_id=container["id"])
            words = []
        except Refused as error:
            words = re.findall(r"executable file not found in \$path|permission denied", str(error).lower())
        status = cri.status_of(container)
        seen.append([words, status["exit_code"], status["reason"], status["state"] == EXITED])
    good = cri.start_in(pod, FOREVER)
    try:
        seen.append(cri.exec_sync(good, "nosuch"))
    except Refused as error:
        seen.append(re.findall(r"executable file not found in \$path", str(error).lower()))
    cri.remove_pod(pod)
    return seen


@script.case
def resources(cri):
    """limits are in force, are changed under the running container, and statistics tell what is used."""
    pod = cri.pod()
    files = "cd /sys/fs/cgroup; cat memory.max memory.swap.max cpu.max cpu.weight cpuset.cpus hugetlb.2MB.max /proc/self/oom_score_adj"
    container = cri.start_in(pod, FOREVER, resources={
        "memory_limit_in_bytes": 64 << 20, "cpu_quota": 50000, "cpu_period": 100000, "cpu_shares": 512,
        "oom_score_adj": 500, "cpuset_cpus": "0", "hugepage_limits": [{"page_size": "2MB", "limit": 4 << 20}]})
    seen = [cri.exec_sync(container, "sh", "-c", files)]
    cri.call("UpdateContainerResources", container_id=container["id"], linux={
        "memory_limit_in_bytes": 96 << 20, "cpu_quota": 80000, "cpu_period": 100000, "cpu_shares": 2048})
    seen.append(cri.exec_sync(container, "sh", "-c", files))
    stats = cri.call("ContainerStats", container_id=container["id"])["stats"]
    seen += [stats["cpu"]["usage_core_nano_seconds"]["value"] > 0, stats["memory"]["working_set_bytes"]["value"] > 0]
    cri.remove_pod(pod)
    return seen


@script.case(more=True)
def huge_pages(cri):
    """a volume of huge pages can be used up to the container's limit of them."""
    pages = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
    with MACHINE:
        pages.write_text(str(int(pages.read_text()) + 4))
    volume = cri.directory / "huge"
    volume.mkdir()
    subprocess.run(["mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "huge", volume], check=True)
    pod = cri.pod()
    seen = cri.said(pod, "cat /sys/fs/cgroup/hugetlb.2MB.max; fallocate -l 2097152 /v/one && echo one; cat /sys/fs/cgroup/hugetlb.2MB.current;"
                    "fallocate -l 4194304 /v/two 2>/dev/null || echo refused; grep -c max.[1-9] /sys/fs/cgroup/hugetlb.2MB.events",
                    resources={"hugepage_limits": [{"page_size": "2MB", "limit": 2 << 20}]},
                    mounts=[{"container_path": "/v", "host_path": str(volume)}])
    cri.remove_pod(pod)
    subprocess.run(["umount", volume], check=True)
    assert "refused" in seen[1], seen
    return seen


@script.case(more=True)
def out_of_memory(cri):
    """a container that was ended for want of memory is told so."""
    pod = cri.pod()
    container = cri.start_in(pod, "exec dd if=/dev/zero of=/dev/null bs=200M", resources={"memory_limit_in_bytes": 24 << 20})
    status = cri.wait(container)
    cri.remove_pod(pod)
    return [status["exit_code"], status["reason"]]


@script.case
def security(cri):
    """users, groups, capabilities, no_new_privs, read-only root, masks and profiles are as asked."""
    pod = cri.pod()
    look = ("exec 2>&1; id; grep -E 'Cap(Eff|Bnd)|NoNew|Seccomp:' /proc/self/status; cat /proc/self/attr/current;"
            "touch /x; wc -c </proc/keys | grep -qx 0 && echo masked; touch /proc/sys/x; exit 0")
    plain = cri.said(pod, look)
    strict = cri.said(pod, look, context={
        "run_as_user": {"value": 1000}, "run_as_group": {"value": 1001}, "supplemental_groups": [5, 6],
        "readonly_rootfs": 1, "no_new_privs": 1, "seccomp": {"profile_type": 0}, "apparmor": {"profile_type": 0},
        "capabilities": {"drop_capabilities": ["ALL"], "add_capabilities": ["NET_BIND_SERVICE"]},
        "masked_paths": ["/proc/keys"], "readonly_paths": ["/proc/sys"]})
    cri.remove_pod(pod)
    return [plain, strict]


@script.case(more=True)
def privileged(cri):
    """a privileged container has all rights and devices; on the node's network it has the node's."""
    pod = cri.pod({"privileged": 1, "namespace_options": {"network": OF_NODE}})
    seen = cri.said(pod, "grep -E 'Cap(Eff|Bnd)|Seccomp:' /proc/self/status; test -e /dev/vda -o -e /dev/kmsg; echo $?;"
                    "mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x; mount -t tmpfs x /tmp && echo mounted; hostname;"
                    "readlink /proc/self/ns/net", context={"privileged": 1, "namespace_options": {"network": OF_NODE}})
    cri.remove_pod(pod)
    return seen


@script.case
def mounts(cri):
    """volumes, their propagation, devices and sysctls are as asked."""
    for name in ("a", "b", "c"):
        (cri.directory / "volumes" / name).mkdir(parents=True)
    pod = cri.pod({"namespace_options": {}}, sysctls={"kernel.shm_rmid_forced": "1", "net.ipv4.ip_forward": "1"})
    volume = f"{cri.directory}/volumes/"
    seen = cri.said(pod, "exec 2>&1; touch /a/x; touch /b/x && ls /b; ls -l /dev/log-here | cut -c1-10; mount -t tmpfs x /c;"
                    "cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_forward;"
                    "awk '$5 ~ /^.[abc]$/ {printf $5; for (i = 7; $i != \"-\"; i++) printf \" \" $i; print \"\"}'"
                    " /proc/self/mountinfo | sed 's/:[0-9]*//g'",
                    mounts=[{"container_path": "/a", "host_path": volume + "a", "readonly": 1},
                            {"container_path": "/b", "host_path": volume + "b", "propagation": 1},
                            {"container_path": "/c", "host_path": volume + "c", "propagation": 2}],
                    devices=[{"container_path": "/dev/log-here", "host_path": "/dev/kmsg", "permissions": "rwm"}])
    cri.remove_pod(pod)
    return seen


@script.case
def restart(cri):
    """containerd may be killed and started again under a live pod."""
    pod = cri.pod()
    container = cri.start_in(pod, FOREVER)
    cri.end_daemon(signal.SIGKILL)
    cri.start_daemon()
    seen = [cri.status_of(container)["state"] == RUNNING, cri.exec_sync(container, "echo", "again")]
    cri.call("StopContainer", container_id=container["id"], timeout=30)
    seen.append(cri.status_of(container)["exit_code"])
    cri.remove_pod(pod)
    return seen


if __name__ == "__main__":
    script.main()
