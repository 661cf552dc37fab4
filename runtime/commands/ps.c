/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/commands/table.h"
#include "runtime/context.h"
#include "runtime/pids.h"
#include "runtime/state.h"

enum { PS_OUTPUT_MAX = 64 << 20 };

static int load_pids(struct context *context, const char *id, struct pids *ret_pids, struct err *e)
{
	struct container container;
	int r = host_probe(context, e);

	if (r == 0)
		r = container_load(context, id, false, &container, e);
	if (r < 0)
		return r;
	r = container_processes(context, &container, ret_pids, e);
	container_close(&container);
	return r;
}

static int print_pids(const struct pids *pids, struct err *e)
{
	autobuf out = { 0 };

	strbuf_add(&out, "[");
	for (size_t i = 0; i < pids->count; i++)
		strbuf_addf(&out, "%s%d", i ? "," : "", (int)pids->items[i]);
	strbuf_add(&out, "]\n");
	return print_text(&out, e);
}

static char **ps_arguments(const struct invocation *in)
{
	char **argv = arena_array(in->context->arena, (size_t)in->argc + 2, sizeof *argv);

	argv[0] = "ps";
	argv[1] = "-ef";
	for (int i = 1; i < in->argc; i++)
		argv[i] = in->argv[i];
	return argv;
}

/* tare ignores SIGPIPE; ps shall not. */
static int spawn_ps(char **argv, int output, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int r;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	r = posix_spawnp(ret_pid, "ps", &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int reap_ps(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "ps: waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_say(e, EIO, "ps failed with %s %d", WIFEXITED(status) ? "exit status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static int ps_missing(int code, struct err *e)
{
	err_set(e, code, "cannot run ps");
	return err_hint(e, "--format=json works without it");
}

static int read_ps(char **argv, struct strbuf *ret_text, struct err *e)
{
	int ends[2], r, read_result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "ps: pipe2");
	autofd output = ends[0];
	autofd input = ends[1];

	r = spawn_ps(argv, input, &pid);
	if (r < 0)
		return ps_missing(-r, e);
	fd_close(&input);
	read_result = fd_read_all(output, PS_OUTPUT_MAX, ret_text);
	fd_close(&output);
	r = reap_ps(pid, e);
	if (r == 0 && read_result < 0)
		return err_set(e, -read_result, "cannot read what ps prints");
	return r;
}

int command_ps(struct invocation *in, struct err *e)
{
	autobuf text = { 0 }, out = { 0 };
	struct pids pids;
	int r = load_pids(in->context, in->argv[0], &pids, e);

	if (r < 0)
		return r;
	if (str_equal(in->options->format, "json"))
		return print_pids(&pids, e);
	r = read_ps(ps_arguments(in), &text, e);
	if (r == 0)
		r = table_filter(text.text ? text.text : "", &pids, &out, e);
	return r < 0 ? r : print_text(&out, e);
}
