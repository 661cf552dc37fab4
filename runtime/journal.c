/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/journal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "cgroups/scope.h"
#include "runtime/capture.h"
#include "runtime/context.h"
#include "runtime/state.h"

/* SD_MESSAGE_UNIT_OUT_OF_MEMORY of systemd's sd-messages.h. */
#define OUT_OF_MEMORY "MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef"
/* kernel/cgroup/pids.c; behind it the path of a cgroup. */
#define REFUSED_FORK "MESSAGE=cgroup: fork rejected by pids controller in "
/* A busy kernel writes more than anybody would wait for; the last lines are the nearest to the end. */
#define LINES "--lines=5000"
enum { MOST = 8 << 20, PATIENCE = 3000 };

/* As journalctl takes it, of RFC 3339 with nanoseconds; NULL: that it is not. */
static const char *since(struct arena *arena, const char *created)
{
	return created && strlen(created) > strlen("2006-01-02T15:04:05.000000")
		       ? arena_printf(arena, "--since=%.10s %.15s UTC", created, created + 11)
		       : NULL;
}

/* Who may speak of it: process 1, or a manager of that user. */
static const char *speaker(struct arena *arena, const struct container *c,
			   const struct scope *scope)
{
	return scope->user ? arena_printf(arena, "_UID=%u", c->owner_uid) : "_PID=1";
}

static int ask(struct arena *arena, const struct container *c, const struct scope *scope,
	       struct strbuf *ret_answer, struct err *e)
{
	const char *created = since(arena, c->created);
	const char *argv[] = {
		"journalctl", "--quiet", "--no-pager", "--output=export",
		"--output-fields=MESSAGE,MESSAGE_ID", LINES, created,
		speaker(arena, c, scope),
		arena_printf(arena, "%s=%s", scope->user ? "USER_UNIT" : "UNIT", scope->unit),
		OUT_OF_MEMORY, "+", "_TRANSPORT=kernel", NULL,
	};
	const struct capture what = {
		.argv = (char *const *)argv, .most = MOST, .timeout = PATIENCE, .quiet = true,
	};

	return created ? capture(&what, ret_answer, e) : -ENODATA;
}

/* In the cgroup itself or in one below it. */
static bool is_refusal(const char *line, size_t length, const char *cgroup)
{
	size_t before = strlen(REFUSED_FORK), whole = before + strlen(cgroup);

	return length >= whole && memcmp(line, REFUSED_FORK, before) == 0 &&
	       memcmp(line + before, cgroup, whole - before) == 0 &&
	       (length == whole || line[whole] == '/');
}

void journal_count(const char *answer, size_t length, const char *cgroup, struct reached *reached)
{
	const char *end = answer + length;

	while (answer < end) {
		const char *newline = memchr(answer, '\n', (size_t)(end - answer));
		size_t line = (size_t)((newline ? newline : end) - answer);

		if (line == strlen(OUT_OF_MEMORY) && memcmp(answer, OUT_OF_MEMORY, line) == 0)
			reached->oom_kills++;
		else if (is_refusal(answer, line, cgroup))
			reached->refused_forks++;
		answer += line + 1;
	}
}

void journal_figures(struct context *context, struct container *c)
{
	autobuf answer = { 0 };
	struct scope scope;
	struct err ignored;

	if (c->reached.known || !c->cgroup || !container_scope(c, &scope) ||
	    ask(context->arena, c, &scope, &answer, &ignored) < 0 || !answer.length)
		return;
	c->reached.memory_limit = c->reached.pids_limit = UINT64_MAX;
	journal_count(answer.text, answer.length, c->cgroup, &c->reached);
}
