#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Buildah: build, from scratch, run, isolations, of root and of an unprivileged user."""
import os
import shutil

from compare import SECONDS, Engine, Script, busybox_root
from podman import STORAGE, Terminal, image
from rootless import Rootless, own

CONTAINERFILE = """\
FROM scratch
ADD box.tar /
ENV PATH=/bin GREETING=hello
RUN echo $GREETING >/made && mkdir /work
WORKDIR /work
RUN --mount=type=tmpfs,target=/t --mount=type=bind,source=context,target=/c cat /c >copied; touch /t/x; pwd >where
RUN --mount=type=secret,id=secret cat /run/secrets/secret >secret
USER 1000:1000
RUN id >/tmp/id
USER 0
RUN grep -E '^(CapEff|NoNewPrivs|Seccomp:)' /proc/self/status >status; readlink /proc/self/ns/pid >ns; hostname >hn
CMD ["sh"]
"""


class Buildah(Engine):
    isolation = "oci"

    def environment(self):
        return {**super().environment(), "BUILDAH_RUNTIME": str(self.program), "BUILDAH_ISOLATION": self.isolation,
                "CONTAINERS_STORAGE_CONF": str(self.directory / "storage.conf"),
                "TMPDIR": str(self.directory)}

    def command(self, *args):
        return ["buildah", *args]

    def open(self):
        (self.directory / "storage.conf").write_text(STORAGE.format(directory=self.directory))
        context = self.directory / "context"
        context.mkdir()
        shutil.copy(image(), context / "box.tar")
        (context / "context").write_text("of the context\n")
        (context / "secret").write_text("hidden\n")
        (context / "Containerfile").write_text(CONTAINERFILE)
        self.prepare()
        # A container to run programs in.
        name = self("from", "--name", "box", "scratch")
        self("add", "-q", name, busybox_root(), "/")
        self("config", "--env", "PATH=/bin", "--env", "OF=image", name)

    def prepare(self):
        pass

    def close(self):
        self.try_("rm", "--all")

    def run(self, *args, **more):
        return self.try_("run", "--network", "none", *args, **more)

    def build(self, *more):
        return self.try_("bud", "--network", "none", "-q", "-t", "built", "--secret",
                         f"id=secret,src={self.directory}/context/secret", *more, self.directory / "context", seconds=4 * SECONDS)


class RootlessBuildah(Rootless, Buildah):
    """The same engine as Podman's user has."""

    def environment(self):
        return {**super().environment(), "BUILDAH_RUNTIME": str(self.program), "BUILDAH_ISOLATION": self.isolation}

    def prepare(self):
        for base, names, files in os.walk(self.directory / "context"):
            for path in (base, *(os.path.join(base, name) for name in (*names, *files))):
                own(path)


class Both(Buildah):
    """Root's, with a user's as .user; opened when a case asks for it."""
    user = None
    users_class = RootlessBuildah

    def rootless(self):
        if not self.user:
            self.user = self.users_class(self.name, self.program, self.directory / "user")
            self.directory.chmod(0o755)
            self.directory.parent.chmod(0o755)
            self.user.open()
        return self.user

    def close(self):
        super().close()
        if self.user:
            self.user.close()


script = Script(__file__, Both)


@script.case
def build(buildah):
    """bud: RUN with mounts, secrets, users, working directories, each in a container of the runtime."""
    outcome = buildah.build()
    assert outcome.status == 0, outcome
    name = buildah("from", "localhost/built")
    seen = buildah.run(name, "--", "sh", "-c", "cat /made copied where secret /tmp/id status; hostname | wc -c; ls /t")
    buildah("rm", name)
    assert "hello" in seen.out and "of the context" in seen.out and "hidden" in seen.out, seen
    return seen.seen()


@script.case(more=True)
def failing_build(buildah):
    """a RUN that fails: the status and that it is named."""
    path = buildah.directory / "context/Failing"
    path.write_text("FROM localhost/built\nRUN exit 7\n")
    outcome = buildah.try_("bud", "--network", "none", "-q", "-f", path, buildah.directory / "context")
    assert "exit status 7" in outcome.err, outcome
    return outcome.status


@script.case
def statuses(buildah):
    """run: the program's status, missing programs, files that may not be executed."""
    return [buildah.run("box", "--", *program).status for program in
            (["true"], ["sh", "-c", "exit 9"], ["nosuch"], ["/etc/passwd"])]


@script.case
def options(buildah):
    """run: user, directory, environment, volumes, capabilities, host name, standard input."""
    source = buildah.directory / "source"
    source.mkdir()
    (source / "file").write_text("there\n")
    outcome = buildah.run("--user", "1000:1000", "--workingdir", "/tmp", "--env", "MORE=x", "--volume",
                          f"{source}:/v:ro", "--cap-add", "CAP_NET_ADMIN", "--hostname", "build.example", "box", "--",
                          "sh", "-c", "id; pwd; echo $OF $MORE; cat /v/file; touch /v/x; hostname; cat; "
                          "grep CapBnd /proc/self/status", input="in\n")
    return [outcome.status, outcome.out, outcome.err]


@script.case
def terminal(buildah):
    """run -t: a terminal of the caller's size."""
    user = Terminal(buildah, "run", "--network", "none", "--tty", "box", "--", "sh", "-c",
                    "stty size; tty; read x; exit 6")
    seen = [user.until("77\r\n"), user.until("\r\n")]
    user.type("\n")
    return seen + [user.end()]


@script.case(more=True)
def chroot_isolation(buildah):
    """what a build in a chroot makes, a build in a container makes too."""
    look = ("box", "--", "sh", "-c",
            "id -u; pwd; echo $OF; test -c /dev/null && echo null; touch /tmp/x && echo x")
    contained = buildah.try_("run", "--network", "none", *look)
    buildah.isolation = "chroot"
    try:
        rooted = buildah.try_("run", *look)
    finally:
        buildah.isolation = "oci"
    assert contained.out == rooted.out, (contained, rooted)
    return contained.seen()


@script.case(more=True)
def mounts(buildah):
    """the mount table of a RUN."""
    fields = [line.split() for line in buildah.run("box", "--", "cat", "/proc/self/mountinfo").out.splitlines()]
    return sorted([row[4], row[5], row[row.index("-") + 1]] for row in fields)


@script.case
def rootless_run(buildah):
    """an unprivileged user's run in a container of the runtime: ids, status, what may be written."""
    user = buildah.rootless()
    outcome = user.run("box", "--", "sh", "-c", "id; touch /x && echo wrote; tr -s ' ' </proc/self/uid_map; exit 3")
    return [outcome.status, outcome.out, outcome.err]


@script.case(more=True)
def rootless_build(buildah):
    """an unprivileged user's build."""
    user = buildah.rootless()
    outcome = user.build()
    return [outcome.status, "built" in user("images")]


@script.case(more=True)
def limits(buildah):
    """bud --memory, --cpu-shares, --ulimit reach the RUN's cgroup and process."""
    path = buildah.directory / "context/Limited"
    path.write_text("FROM localhost/built\n"
                    "RUN cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max >/limits; ulimit -n >>/limits\n")
    buildah("bud", "--network", "none", "-q", "-t", "limited", "--memory", "64m", "--cpu-quota", "50000", "--ulimit",
            "nofile=77:77", "-f", path, buildah.directory / "context")
    name = buildah("from", "localhost/limited")
    seen = buildah.run(name, "--", "cat", "/limits").seen()
    buildah("rm", name)
    return seen


if __name__ == "__main__":
    script.main()
