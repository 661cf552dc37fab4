/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/build.h"

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "namespaces/namespaces.h"
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
	resctrl_compile,
	clone_compile,
	ns_maps_compile,
	ns_enter_compile,
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

static int compile_all(struct compile *c, compile_function *const *order, size_t count,
		       struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		int r = order[i](c, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int build_plan(struct context *context, const struct spec *spec,
	       const struct spec_process *process, const struct request *request,
	       struct plan_header **ret_plan, struct err *e)
{
	autoplan plan = { 0 };
	bool exec = request->kind == REQUEST_EXEC;
	struct compile compile = {
		.plan = &plan,
		.arena = context->arena,
		.spec = spec,
		.process = process ? process : &spec->process,
		.request = request,
		.host = &context->host,
	};
	int r = exec ? compile_all(&compile, exec_order,
				   sizeof exec_order / sizeof *exec_order, e)
		     : compile_all(&compile, create_order,
				   sizeof create_order / sizeof *create_order, e);

	if (r < 0)
		return r;
	return plan_seal(&plan, context->arena, ret_plan, e);
}
