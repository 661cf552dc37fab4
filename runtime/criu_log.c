/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/criu_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_wishes.h"
#include "spec/spec.h"

enum { LOG_TAIL = 1 << 20, LINE_MAX_SHOWN = 240 };

/* They follow from others. */
static const char *const consequences[] = {
	"Dumping FAILED", "Restoring FAILED", "Pre-dumping FAILED", "exited, status=",
	"killed by signal", "cleaned up", "tun: ", "Dump files (pid",
	"RLIMIT_NOFILE for self", NULL,
};

/* What an operator can do about it. */
static const struct hint {
	const char *says, *hint;
} hints[] = {
	{ "onnected TCP socket", "--tcp-established keeps connections, --tcp-close ends them" },
	{ "TCP socket", "--tcp-established keeps connections, --tcp-close ends them" },
	{ "in-flight", "--tcp-skip-in-flight leaves connections out that are not complete yet" },
	{ "external socket", "--ext-unix-sk allows sockets whose other end is outside" },
	{ "without peer", "the other end of that socket is in another network namespace, where CRIU does not "
			  "look" },
	{ "--ext-unix-sk", "--ext-unix-sk allows sockets whose other end is outside" },
	{ "file locks", "--file-locks keeps them" },
	{ "link remap", "--link-remap keeps files that have been deleted" },
	{ "link-remap", "--link-remap keeps files that have been deleted" },
	{ "shell-job", "--shell-job allows a terminal that is not the container's own" },
	{ "angling tty", "--shell-job allows a terminal that is not the container's own" },
	{ "slave peer", "--shell-job allows a terminal that is not the container's own" },
	{ "session leader", "--shell-job allows a terminal that is not the container's own" },
	{ "ctty inheritance", "CRIU cannot dump a shell that has /dev/tty open, as busybox's, while a job of it is "
			      "in the foreground" },
	{ "path=/dev/pts/", "--shell-job allows a terminal that is not the container's own" },
	{ "path=/dev/tty", "--shell-job allows a terminal that is not the container's own" },
	{ "Can't lookup mount", "a file of the host that a process holds open can be no part of an "
				"image" },
	{ "Permission denied", "with a user namespace, sources of mounts have to be within reach of the "
			       "container's root" },
	{ "dump tmpfs content", "tar and gzip have to be in $PATH" },
	{ "has bad size", "a file of the host as standard input, output or error has to be the same again" },
	{ "unsupported seccomp", "filters that ask an agent (SCMP_ACT_NOTIFY) cannot be dumped" },
	{ "iptables-restore", "the package iptables is missing: --network-lock=nftables or skip do without" },
	{ "restore of existing cgroups", "strict demands that cgroups of the image are not there yet; soft and full "
					 "do not" },
	{ "File exists", "is a process with that number running already, outside of a pid namespace?" },
};

static bool is_consequence(const char *line)
{
	for (const char *const *text = consequences; *text; text++)
		if (strstr(line, *text))
			return true;
	return false;
}

/* "(00.0123)   17: Error (criu/tty.c:29): text" -> "text", NULL when it is no error. */
static const char *error_of(const char *line)
{
	const char *at = strstr(line, "Error (");

	if (!at || is_consequence(at))
		return NULL;
	at = strstr(at, "): ");
	return at ? at + 3 : NULL;
}

const char *criu_log_errors(struct arena *arena, const char *log)
{
	char *rest = arena_strdup(arena, log), *line;
	const char *first = NULL, *second = NULL;

	while ((line = strsep(&rest, "\n"))) {
		const char *text = error_of(line);

		if (text && !first)
			first = text;
		else if (text && !second && !str_equal(text, first))
			second = text;
	}
	if (!second)
		return first ? arena_printf(arena, "%.*s", LINE_MAX_SHOWN, first) : NULL;
	return arena_printf(arena, "%.*s; %.*s", LINE_MAX_SHOWN, first, LINE_MAX_SHOWN, second);
}

/* Its end: a log of everything is long, and a failure is the last that happens. */
static int read_tail(int work, const char *file, struct strbuf *ret_text)
{
	autofd fd = openat(work, file, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size < 0 || lseek(fd, size > LOG_TAIL ? size - LOG_TAIL : 0, SEEK_SET) < 0)
		return -1;
	return fd_read_all(fd, 2 * LOG_TAIL, ret_text);
}

static const char *hint_for(const char *text)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (strstr(text, hints[i].says))
			return hints[i].hint;
	return NULL;
}

int criu_log_explain(struct arena *arena, const struct criu_places *places, const char *file,
		     const struct spec *spec, struct err *e)
{
	autobuf log = { 0 };
	const char *errors, *hint;
	long mount;

	if (read_tail(places->work, file, &log) < 0)
		return -e->code;
	errors = criu_log_errors(arena, log.text);
	hint = errors ? hint_for(errors) : NULL;
	mount = errors ? criu_mount_named(spec, errors) : -1;
	if (errors)
		err_say(e, e->code, "criu: %s", errors);
	if (hint)
		err_hint(e, "%s", hint);
	if (mount >= 0)
		err_prefix(e, "/mounts/%ld (destination %s)", mount, spec->mounts[mount].destination);
	return err_hint(e, "the whole log is %s/%s", places->work_path, file);
}
