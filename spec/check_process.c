/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/sched.h>
#include <string.h>

#include "spec/check.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"

static bool no_args(const void *subject)
{
	const struct spec_process *process = subject;

	return !process->args.count;
}

static bool empty_program(const void *subject)
{
	const struct spec_process *process = subject;

	return process->args.count && !*process->args.items[0];
}

static bool size_without_terminal(const void *subject)
{
	const struct spec_process *process = subject;

	return process->has_console_size && !process->terminal;
}

static const struct rule process_rules[] = {
	{ no_args, "/args", "must name a program" },
	/* In the words by which engines know a program that is missing: exit status 127. */
	{ empty_program, "/args/0", "exec: \"\": executable file not found in $PATH" },
	{ size_without_terminal, "/consoleSize", "has no effect without \"terminal\": true",
	  "/terminal", true },
	{ NULL },
};

static const struct text_rule process_texts[] = {
	{ is_absolute, offsetof(struct spec_process, cwd), "/cwd", "must be an absolute path" },
	{ is_number_list, offsetof(struct spec_process, exec_cpu_affinity.initial),
	  "/execCPUAffinity/initial", "must be a list such as \"0-3,7\"" },
	{ is_number_list, offsetof(struct spec_process, exec_cpu_affinity.final),
	  "/execCPUAffinity/final", "must be a list such as \"0-3,7\"" },
	{ NULL },
};

/* Policies by what sched_setattr(2) wants to know for them. */
static bool is_realtime(const struct spec_scheduler *s)
{
	return s->policy == SCHED_FIFO || s->policy == SCHED_RR;
}

static bool has_deadline(const struct spec_scheduler *s)
{
	return s->runtime || s->deadline || s->period;
}

static bool reserved_policy(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return str_equal(name_of(scheduler_policies, s->policy), "SCHED_ISO");
}

static bool realtime_priority(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return is_realtime(s) && (s->priority < 1 || s->priority > 99);
}

static bool other_priority(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return !is_realtime(s) && s->priority;
}

static bool nice_unused(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return s->nice && s->policy != SCHED_NORMAL && s->policy != SCHED_BATCH;
}

static bool deadline_unused(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return s->policy != SCHED_DEADLINE && has_deadline(s);
}

/* The kernel's own order: 1024 ns <= runtime <= deadline <= period (0: the deadline). */
static bool runtime_short(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return s->policy == SCHED_DEADLINE && s->runtime < 1024;
}

static bool deadline_short(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return s->policy == SCHED_DEADLINE && s->deadline < s->runtime;
}

static bool period_short(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return s->policy == SCHED_DEADLINE && s->period && s->period < s->deadline;
}

static bool beyond_63_bits(const void *subject)
{
	const struct spec_scheduler *s = subject;

	return (s->deadline | s->period) >> 63;
}

static const struct rule scheduler_rules[] = {
	{ reserved_policy, "/policy", "SCHED_ISO is reserved, no kernel implements it" },
	{ realtime_priority, "/priority", "must be from 1 to 99 for SCHED_FIFO and SCHED_RR",
	  "/policy" },
	{ other_priority, "/priority", "must be 0 but for SCHED_FIFO and SCHED_RR", "/policy" },
	{ nice_unused, "/nice", "has an effect for SCHED_OTHER and SCHED_BATCH only", "/policy",
	  true },
	{ deadline_unused, "/policy",
	  "must be SCHED_DEADLINE where runtime, deadline or period is given" },
	{ runtime_short, "/runtime", "must be at least 1024 (nanoseconds) for SCHED_DEADLINE",
	  "/policy" },
	{ deadline_short, "/deadline", "must not be less than the runtime", "/runtime" },
	{ period_short, "/period", "must be 0 or not less than the deadline", "/deadline" },
	{ beyond_63_bits, "/deadline", "and the period must be less than 2^63" },
	{ NULL },
};

static void check_rlimits(struct reader *r, const char *prefix, const struct spec_process *process)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];

		if (in_doubt(r, arena_printf(r->arena, "%s/rlimits/%zu", prefix, i)))
			continue;
		if (limit->soft > limit->hard)
			broken(r, prefix, "must not be greater than \"hard\"", "/rlimits/%zu/soft",
			       i);
		if (seen & 1u << limit->resource)
			broken(r, prefix, "is there twice", "/rlimits/%zu/type", i);
		seen |= 1u << limit->resource;
	}
}

static void check_environment(struct reader *r, const char *prefix,
			      const struct spec_process *process)
{
	for (size_t i = 0; i < process->env.count; i++)
		if (!strchr(process->env.items[i], '='))
			doubtful(r, prefix, "is not of the form NAME=VALUE", "/env/%zu", i);
}

/* One warning for a set: what of it is not granted, as the kernel's rules want it in another set too. */
static void not_granted(struct reader *r, const char *prefix, const char *set, uint64_t lost,
			const char *other)
{
	autobuf names = { 0 };

	for (unsigned i = 0; i < 64; i++)
		if (lost >> i & 1)
			strbuf_addf(&names, "%s%s", names.length ? ", " : "",
				    name_of(capability_names, i));
	if (lost)
		doubtful(r, prefix,
			 arena_printf(r->arena, "%s: not granted, \"%s\" does not have it",
				      names.text, other),
			 "/capabilities/%s", set);
}

/* The program of root has what is permitted, ambient or not; `runc spec` writes ambient sets of that kind. */
static void check_capabilities(struct reader *r, const char *prefix,
			       const struct spec_process *process)
{
	const struct spec_capabilities *caps = &process->capabilities;
	uint64_t ambient = caps->ambient & caps->permitted;
	uint64_t inheritable = caps->inheritable & caps->bounding;

	if (in_doubt(r, arena_printf(r->arena, "%s/capabilities", prefix)))
		return;
	not_granted(r, prefix, "effective", caps->effective & ~caps->permitted, "permitted");
	not_granted(r, prefix, "inheritable", caps->inheritable & ~inheritable, "bounding");
	not_granted(r, prefix, "ambient", caps->ambient & ~ambient, "permitted");
	if (process->user.uid)
		not_granted(r, prefix, "ambient", ambient & ~inheritable, "inheritable");
}

void check_process(struct reader *r, const char *prefix, const struct spec_process *process)
{
	check_texts(r, prefix, process_texts, process);
	check_rules(r, prefix, process_rules, process);
	check_capabilities(r, prefix, process);
	check_rlimits(r, prefix, process);
	check_environment(r, prefix, process);
	if (process->scheduler.present)
		check_rules(r, arena_printf(r->arena, "%s/scheduler", prefix), scheduler_rules,
			    &process->scheduler);
}
