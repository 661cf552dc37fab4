/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <regex.h>

#include "base/err.h"
#include "base/log.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/state.h"

static void regex_clear(regex_t *regex)
{
	regfree(regex);
}

static int act_on_matches(const struct selection *s, const regex_t *regex,
			  const struct strings *ids, struct err *e)
{
	struct err failure;
	int result = 0;

	for (size_t i = 0; i < ids->count; i++) {
		if (regexec(regex, ids->items[i], 0, NULL, 0) != 0 ||
		    s->act(s->invocation, ids->items[i], &failure) >= 0)
			continue;
		err_prefix(&failure, "%s", ids->items[i]);
		/* One line of error is what callers read: the first; the log has all. */
		if (result < 0)
			log_line(LOG_LEVEL_WARNING, "%s", failure.text);
		else
			*e = failure;
		result = -e->code;
	}
	return result;
}

static int for_matches(const struct selection *s, const char *pattern, struct err *e)
{
	__attribute__((cleanup(regex_clear))) regex_t regex = { 0 };
	struct strings ids;
	char why[128];
	int r = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (r != 0) {
		regerror(r, &regex, why, sizeof why);
		return err_say(e, EINVAL, "--regex %s: %s", pattern, why);
	}
	r = container_ids(s->invocation->context, &ids, e);
	return r < 0 ? r : act_on_matches(s, &regex, &ids, e);
}

int for_selected(const struct selection *s, struct err *e)
{
	const char *container = s->invocation->argv[0];

	if (s->invocation->options->regex)
		return for_matches(s, container, e);
	return s->act(s->invocation, container, e);
}
