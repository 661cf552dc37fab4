/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/build.h"

#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "namespaces/namespaces.h"
#include "plan/findings.h"
#include "plan/plan.h"
#include "runtime/context.h"
#include "runtime/process.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

/* Each row appends to both lanes; SYNCs keep the lanes' relative order. */
static compile_function *const create_order[] = {
	state_compile,
	cgroup_compile,
	ns_open_compile,
	given_compile,
	gate_open_compile,
	hook_outputs_compile,
	resctrl_compile,
	clone_compile,
	cgroup_release_compile,
	ns_maps_compile,
	ns_enter_compile,
	cgroup_settle_compile,
	identity_compile,
	net_devices_compile,
	session_compile,
	rootfs_open_compile,
	mounts_compile,
	devices_compile,
	hooks_compile,
	rootfs_enter_compile,
	names_compile,
	sysctl_compile,
	masks_compile,
	console_compile,
	process_compile,
	placement_compile,
	program_compile,
	gate_compile,
	privileges_compile,
	made_compile,
};

static compile_function *const exec_order[] = {
	initial_affinity_compile,
	clone_compile,
	join_compile,
	identity_compile,
	session_compile,
	console_compile,
	process_compile,
	placement_compile,
	program_compile,
	gate_compile,
	privileges_compile,
};

/* mounts[] of the spec are those to add or remove. */
static compile_function *const add_mounts_order[] = {
	given_compile,
	clone_compile,
	join_compile,
	mounts_compile,
	late_compile,
	done_compile,
};

static compile_function *const remove_mounts_order[] = {
	clone_compile,
	join_compile,
	unmount_compile,
	done_compile,
};

#define ORDER(list) { list, sizeof list / sizeof *list }
static const struct order {
	compile_function *const *items;
	size_t count;
} create = ORDER(create_order), errands[] = {
	[ERRAND_NONE] = ORDER(exec_order),
	[ERRAND_ADD_MOUNTS] = ORDER(add_mounts_order),
	[ERRAND_REMOVE_MOUNTS] = ORDER(remove_mounts_order),
};

static int compile_all(struct compile *c, const struct order *order, struct err *e)
{
	struct findings *findings = c->request->findings;

	for (size_t i = 0; i < order->count; i++) {
		int r = findings_note(findings, order->items[i](c, e), e);

		if (r < 0)
			return r;
	}
	return findings && findings->count ? err_say(e, EINVAL, "%s", findings->items[0]) : 0;
}

int build_plan(struct context *context, const struct spec *spec,
	       const struct spec_process *process, const struct request *request,
	       struct plan_header **ret_plan, struct err *e)
{
	autoplan plan = { 0 };
	const struct order *order =
		request->kind == REQUEST_EXEC ? &errands[request->errand] : &create;
	struct compile compile = {
		.plan = &plan,
		.arena = context->arena,
		.spec = spec,
		.process = process ? process : &spec->process,
		.request = request,
		.host = &context->host,
	};
	int r = compile_all(&compile, order, e);

	if (r < 0)
		return r;
	return plan_seal(&plan, context->arena, ret_plan, e);
}
