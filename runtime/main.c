/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "runtime/command.h"
#include "runtime/command_line.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "runtime/settings.h"
#include "runtime/trace.h"
#include "runtime/usage.h"
#include "runtime/version.h"

/* A descriptor below 3 that is free would be given to the next file that is opened, and what is
 * meant for the user would end up in it. One call asks for all three. */
static int fill_standard_fds(struct err *e)
{
	struct pollfd fds[STDERR_FILENO + 1] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(fds, STDERR_FILENO + 1, 0) < 0)
		return err_set(e, errno, "poll");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fds[fd].revents & POLLNVAL && open("/dev/null", O_RDWR) != fd)
			return err_set(e, errno, "cannot open /dev/null for descriptor %d", fd);
	return 0;
}

static int print_usage(const struct command *command, struct err *e)
{
	autobuf text = { 0 };

	usage_text(command, &text);
	return print_text(&text, e);
}

static int print_version(struct err *e)
{
	autobuf text = { 0 };

	version_text(&text);
	return print_text(&text, e);
}

static int check_count(const struct command *command, int count, struct err *e)
{
	if (count < command->least)
		return err_say(e, EINVAL, "too few arguments; usage: tare %s [OPTION]... %s",
			       command->name, command->arguments);
	if (command->most >= 0 && count > command->most)
		return err_say(e, EINVAL, "too many arguments; usage: tare %s [OPTION]...%s%s",
			       command->name, *command->arguments ? " " : "", command->arguments);
	return 0;
}

/* What main() and its helpers pass along. */
struct session {
	struct context context;
	struct options options;
	const struct command *command; /* NULL until it is known: failures name it */
};

static int perform(struct session *s, int argc, char **argv, struct err *e)
{
	struct invocation invocation = { &s->context, &s->options, argc, argv };
	int r = check_count(s->command, argc, e);

	if (r == 0)
		r = settings_context(&s->options, s->command, &s->context, e);
	if (r == 0)
		r = trace_open(&s->context, s->options.trace, s->command->name, e);
	return r < 0 ? r : s->command->run(&invocation, e);
}

static int run_command(struct session *s, int argc, char **argv, struct err *e)
{
	int first, r;

	r = command_line_parse(s->context.arena, s->command->options, s->command->stops, argc, argv,
			       &s->options, &first, e);
	if (r < 0)
		return r;
	if (s->options.help)
		return print_usage(s->command, e);
	return perform(s, argc - first, argv + first, e);
}

static int unknown_command(const char *name, struct err *e)
{
	return err_say(e, EINVAL, "unknown command \"%s\"; `tare --help` lists them", name);
}

/* `help COMMAND`, as runc's users type it. name NULL: of tare itself. */
static int help(const char *name, struct err *e)
{
	const struct command *command = name ? command_find(name) : NULL;

	return name && !command ? unknown_command(name, e) : print_usage(command, e);
}

static int run_global(struct session *s, int argc, char **argv, struct err *e)
{
	int first;
	int r = command_line_parse(s->context.arena, global_options, true, argc, argv, &s->options,
				   &first, e);

	if (r == 0)
		r = settings_log(&s->options, e);
	if (r < 0)
		return r;
	if (s->options.version && !s->options.help)
		return print_version(e);
	if (s->options.help || first == argc)
		return help(NULL, e);
	if (str_equal(argv[first], "help"))
		return help(argv[first + 1], e);
	s->command = command_find(argv[first]);
	if (!s->command)
		return unknown_command(argv[first], e);
	return run_command(s, argc - first, argv + first, e);
}

/* Where the program's own status is the command's, a failure of ours can be told from a failure of it. */
static int failure_status(const struct command *command)
{
	return command && command->failure ? command->failure : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	autoarena arena = { 0 };
	struct session session = { .context = { .arena = &arena, .root_fd = -1 } };
	struct err e = { 0 };
	int r = fill_standard_fds(&e);

	/* A reader that hangs up is an error like any other, not an end in the middle of a launch.
	 */
	signal(SIGPIPE, SIG_IGN);
	if (r == 0)
		r = run_global(&session, argc, argv, &e);
	fd_close(&session.context.root_fd);
	if (r < 0)
		log_failure(session.command ? session.command->name : NULL, &e);
	return r < 0 ? failure_status(session.command) : r;
}
