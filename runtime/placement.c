/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/bitlist.h"
#include "base/err.h"
#include "plan/plan.h"
#include "runtime/process.h"
#include "spec/spec.h"

/* The mask of a list such as "0-3,7" as a blob. */
static int mask_blob(struct compile *c, const char *list, const char *why, uint64_t *ret_blob,
		     struct err *e)
{
	autobuf mask = { 0 };
	int r = bitlist_parse(list, &mask);

	if (r < 0)
		return err_say(e, -r, "%s: \"%s\" is not a list such as \"0-3,7\"", why, list);
	*ret_blob = plan_blob(c->plan, mask.text, mask.length);
	return 0;
}

/* sched_setaffinity(2) takes what the cpuset allows of it: every CPU of the container's cgroup,
 * whatever the caller of tare was bound to. */
static uint64_t any_cpu(struct compile *c)
{
	char mask[1024];

	memset(mask, 0xff, sizeof mask);
	return plan_blob(c->plan, mask, sizeof mask);
}

static bool is_given(const char *cpus)
{
	return cpus && *cpus;
}

static int affinity(struct compile *c, struct err *e)
{
	const struct spec_cpu_affinity *cpus = &c->process->exec_cpu_affinity;
	bool exec = c->request->kind == REQUEST_EXEC;
	const char *why = "/process/execCPUAffinity/final";
	uint64_t blob;
	int r;

	if (exec && is_given(cpus->initial) && !is_given(cpus->final))
		return 0; /* the kernel decides what the cpuset leaves of it */
	if (!exec || !is_given(cpus->final)) {
		PLAN_INIT(c->plan, OP_AFFINITY, NULL, any_cpu(c))->flags = STEP_OPTIONAL;
		return 0;
	}
	r = mask_blob(c, cpus->final, why, &blob, e);
	if (r == 0)
		PLAN_INIT(c->plan, OP_AFFINITY, why, blob);
	return r;
}

static int memory_policy(struct compile *c, struct err *e)
{
	const struct spec_memory_policy *policy = &c->spec->linux.memory_policy;
	uint64_t blob = 0;
	int r = 0;

	if (!policy->present)
		return 0;
	if (policy->nodes && *policy->nodes)
		r = mask_blob(c, policy->nodes, "/linux/memoryPolicy/nodes", &blob, e);
	if (r == 0)
		PLAN_INIT(c->plan, OP_MEMORY_POLICY, "/linux/memoryPolicy",
			  policy->mode | policy->flags, blob, (blob >> 32) * 8);
	return r;
}

int placement_compile(struct compile *c, struct err *e)
{
	int r = affinity(c, e);

	return r < 0 ? r : memory_policy(c, e);
}

/* No closID: a group of the container's own, named by its id. */
const char *resctrl_group_name(const struct spec *spec, const char *id)
{
	const char *closid = spec->linux.intel_rdt.clos_id;

	if (!closid)
		return id;
	return str_equal(closid, "/") ? "." : closid;
}

static struct strings schemata_lines(struct compile *c, const struct spec_intel_rdt *rdt)
{
	const char **lines = arena_array(c->arena, rdt->schemata.count + 2, sizeof *lines);
	size_t count = 0;

	if (rdt->l3_cache_schema)
		lines[count++] = rdt->l3_cache_schema;
	if (rdt->mem_bw_schema)
		lines[count++] = rdt->mem_bw_schema;
	for (size_t i = 0; i < rdt->schemata.count; i++)
		lines[count++] = rdt->schemata.items[i];
	return (struct strings){ lines, count };
}

int resctrl_compile(struct compile *c, struct err *e)
{
	const struct spec_intel_rdt *rdt = &c->spec->linux.intel_rdt;
	const char *id = c->request->id;
	struct strings lines;

	if (!rdt->present)
		return 0;
	lines = schemata_lines(c, rdt);
	PLAN_HOST(c->plan, OP_RESCTRL, "/linux/intelRdt",
		  plan_str(c->plan, resctrl_group_name(c->spec, id)), plan_list(c->plan, &lines),
		  rdt->clos_id && !lines.count, plan_str(c->plan, rdt->enable_monitoring ? id : NULL));
	return 0;
}

int initial_affinity_compile(struct compile *c, struct err *e)
{
	const char *initial = c->process->exec_cpu_affinity.initial;
	const char *why = "/process/execCPUAffinity/initial";
	uint64_t blob;
	int r;

	if (!is_given(initial))
		return 0;
	r = mask_blob(c, initial, why, &blob, e);
	if (r == 0)
		PLAN_HOST(c->plan, OP_HOST_AFFINITY, why, blob);
	return r;
}
