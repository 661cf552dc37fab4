/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/seccomp.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "plan/plan.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

/* A profile names calls of kernels to come: worth knowing, no reason to worry. */
static void tell(const struct strbuf *notes)
{
	for (char *line = notes->text, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		log_line(LOG_LEVEL_DEBUG, "%.*s", (int)(end - line), line);
		end += *end == '\n';
	}
}

/* The listener reaches its agent before the workload can make a call that waits for an answer. */
static void listener_steps(struct compile *c, const struct spec_seccomp *profile)
{
	const char *why = "/linux/seccomp/listenerPath";

	plan_sync(c->plan, INIT_TO_HOST, why);
	PLAN_HOST(c->plan, OP_TAKE_LISTENER, why, plan_str(c->plan, profile->listener_path),
		  plan_str(c->plan, profile->listener_metadata));
	plan_sync(c->plan, HOST_TO_INIT, why);
}

int seccomp_compile(struct compile *c, struct err *e)
{
	const struct spec_seccomp *profile = &c->spec->linux.seccomp;
	struct seccomp_filter filter;
	autobuf notes = { 0 };
	int r;

	if (!profile->present)
		return 0;
	r = seccomp_compile_filter(c->arena, profile, &filter, &notes, e);
	if (r < 0)
		return r;
	tell(&notes);
	PLAN_INIT(c->plan, OP_SECCOMP, "/linux/seccomp",
		  plan_blob(c->plan, filter.program, filter.size), filter.flags);
	if (filter.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		listener_steps(c, profile);
	return 0;
}
