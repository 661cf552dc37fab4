/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "plan/findings.h"
#include "plan/plan.h"
#include "seccomp/internal.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

#define RAW_WHY "/annotations/" SECCOMP_RAW

/* A profile names calls of kernels to come: worth knowing, no reason to worry. */
static void tell(const struct strbuf *notes)
{
	for (char *line = notes->text, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		log_line(LOG_LEVEL_DEBUG, "%.*s", (int)(end - line), line);
		end += *end == '\n';
	}
}

bool seccomp_is_wanted(const struct spec *spec)
{
	return spec->linux.seccomp.present || spec_annotation(spec, SECCOMP_RAW);
}

/* A program that somebody else compiled takes the place of the rules; the flags are still linux.seccomp's. */
static int raw_filter(struct arena *arena, const struct spec *spec, const char *text,
		      struct seccomp_filter *ret_filter, struct err *e)
{
	uint32_t flags = seccomp_filter_flags(&spec->linux.seccomp);
	autobuf bytes = { 0 };
	char *program;

	if (base64_parse(text, &bytes) < 0)
		return err_say(e, EINVAL, RAW_WHY ": is not base64");
	if (bytes.length == 0 || bytes.length % sizeof(struct sock_filter))
		return err_say(e, EINVAL, RAW_WHY ": %zu bytes are no whole number of instructions",
			       bytes.length);
	if (bytes.length > BPF_MAXINSNS * sizeof(struct sock_filter))
		return err_say(e, E2BIG, RAW_WHY ": has more than %d instructions", BPF_MAXINSNS);
	program = arena_alloc(arena, bytes.length);
	memcpy(program, bytes.text, bytes.length);
	*ret_filter = (struct seccomp_filter){ program, bytes.length, flags };
	return 0;
}

static bool is_strict(const struct spec *spec)
{
	const char *value = spec_annotation(spec, SECCOMP_STRICT);

	return value && !str_equal(value, "0") && !str_equal(value, "false");
}

static int refuse_line(const char *line, struct err *e)
{
	err_say(e, EINVAL, "%.*s", (int)strcspn(line, "\n"), line);
	return err_hint(e, "the annotation " SECCOMP_STRICT " makes this an error");
}

static int refuse_unknown(const struct strbuf *notes, struct findings *findings, struct err *e)
{
	int r = 0;

	for (const char *line = notes->text; r == 0 && line && *line;
	     line = strchr(line, '\n') + 1)
		r = findings_note(findings, refuse_line(line, e), e);
	return r;
}

int seccomp_make(struct arena *arena, const struct spec *spec, struct seccomp_filter *ret_filter,
		 struct err *e)
{
	const char *raw = spec_annotation(spec, SECCOMP_RAW);
	struct seccomp_filter filter;
	autobuf notes = { 0 };
	int r;

	if (raw)
		return raw_filter(arena, spec, raw, ret_filter, e);
	r = seccomp_compile_filter(arena, &spec->linux.seccomp, &filter, &notes, e);
	if (r == 0 && is_strict(spec))
		r = refuse_unknown(&notes, NULL, e);
	if (r < 0)
		return r;
	tell(&notes);
	*ret_filter = filter;
	return 0;
}

int seccomp_judge(struct arena *arena, const struct spec *spec, struct findings *findings,
		  struct err *e)
{
	const char *raw = spec_annotation(spec, SECCOMP_RAW);
	struct seccomp_filter ignored;
	autobuf notes = { 0 };
	int r;

	if (raw)
		return findings_note(findings, raw_filter(arena, spec, raw, &ignored, e), e);
	r = seccomp_judge_rules(&spec->linux.seccomp, findings, &notes, e);
	return r == 0 && is_strict(spec) ? refuse_unknown(&notes, findings, e) : r;
}

void seccomp_tell(struct arena *arena, const struct spec *spec)
{
	struct seccomp_filter filter;
	autobuf notes = { 0 };
	struct err ignored;

	if (log_enabled(LOG_LEVEL_DEBUG) && !spec_annotation(spec, SECCOMP_RAW) &&
	    seccomp_compile_filter(arena, &spec->linux.seccomp, &filter, &notes, &ignored) == 0)
		tell(&notes);
}

/* The listener reaches its agent before the workload can make a call that waits for an answer. No SYNC precedes
 * that: the call that posts it may be one that waits itself. */
static void listener_steps(struct compile *c, const struct spec_seccomp *profile)
{
	const char *why = "/linux/seccomp/listenerPath";

	PLAN_HOST(c->plan, OP_TAKE_LISTENER, why, plan_str(c->plan, profile->listener_path),
		  plan_str(c->plan, profile->listener_metadata));
	plan_sync(c->plan, HOST_TO_INIT, why);
}

int seccomp_compile(struct compile *c, struct err *e)
{
	const struct seccomp_filter *filter = c->request->filter;
	struct seccomp_filter made;
	int r = 0;

	if (!seccomp_is_wanted(c->spec))
		return 0;
	if (c->request->findings)
		r = seccomp_judge(c->arena, c->spec, c->request->findings, e);
	if (r == 0 && !filter) {
		r = seccomp_make(c->arena, c->spec, &made, e);
		filter = &made;
	}
	if (r < 0)
		return r;
	PLAN_INIT(c->plan, OP_SECCOMP,
		  spec_annotation(c->spec, SECCOMP_RAW) ? RAW_WHY : "/linux/seccomp",
		  plan_blob(c->plan, filter->program, filter->size), filter->flags);
	if (filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		listener_steps(c, &c->spec->linux.seccomp);
	return 0;
}
