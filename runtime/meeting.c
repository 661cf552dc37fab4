/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>

#include "base/arena.h"
#include "base/sys.h"
#include "namespaces/layout.h"
#include "namespaces/namespaces.h"
#include "namespaces/procfs.h"
#include "plan/plan.h"
#include "runtime/hooks.h"
#include "spec/spec.h"

int state_compile(struct compile *c, struct err *e)
{
	PLAN_HOST(c->plan, OP_STATE, NULL, plan_str(c->plan, "creating"));
	return 0;
}

/* Up to here whoever asks is told "creating", the hooks among them. */
int made_compile(struct compile *c, struct err *e)
{
	PLAN_HOST(c->plan, OP_MADE, NULL, 0);
	return 0;
}

int gate_open_compile(struct compile *c, struct err *e)
{
	uint64_t slot;

	if (c->request->kind != REQUEST_CREATE)
		return 0;
	slot = plan_slot(c->plan);
	PLAN_HOST(c->plan, OP_OPEN_GATE, NULL, slot);
	c->plan->gate_slot = (uint32_t)slot + 1;
	return 0;
}

static uint64_t exec_open(struct compile *c)
{
	uint64_t slot = plan_slot(c->plan);

	PLAN_HOST(c->plan, OP_OPEN_INIT, NULL, slot);
	return slot;
}

/* Inherited: once the process is there and hidden, only root of the host could write it. */
static void oom_score(struct compile *c)
{
	const struct spec_process *process = c->process;

	if (process->has_oom_score_adj)
		PLAN_HOST(c->plan, OP_OOM_SCORE, "/process/oomScoreAdj",
			  plan_str(c->plan, arena_printf(c->arena, "%d", process->oom_score_adj)));
}

/* No namespace to join leads to the container's root: what was made is opened, not what the container's process calls
 * its root by now. */
static void root_open_step(struct compile *c)
{
	struct plan *plan = c->plan;

	PLAN_HOST(plan, OP_OPEN, "/root/path", plan_str(plan, c->request->host_root), O_PATH | O_DIRECTORY,
		  plan_slot_of(plan, &plan->root_slot));
}

int clone_compile(struct compile *c, struct err *e)
{
	bool exec = c->request->kind == REQUEST_EXEC;

	if (exec)
		c->plan->init_slot = (uint32_t)exec_open(c) + 1;
	if (exec && !spec_has_namespace(c->spec, NS_MOUNT))
		root_open_step(c);
	if (exec)
		procfs_open_step(c);
	oom_score(c);
	PLAN_HOST(c->plan, OP_CLONE, "/linux/namespaces", exec ? 0 : ns_clone_flags(c->spec));
	return 0;
}

static bool maps_zero(const struct id_mappings *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->items[i].container_id == 0)
			return true;
	return !maps->count;
}

static void root_enter_steps(struct plan *plan)
{
	PLAN_INIT(plan, OP_ROOT_HELD, "/root/path", plan_slot_of(plan, &plan->root_slot));
	PLAN_INIT(plan, OP_PIVOT, "/root/path", PIVOT_CHROOT);
}

/* Only children enter a pid namespace. The one that does is tare-init, with the container's mounts
 * around it: were it tare's own child, whoever inside has CAP_SYS_PTRACE could reach tare's program,
 * its memory and the host's root (CVE-2019-5736, CVE-2016-9962). */
int join_compile(struct compile *c, struct err *e)
{
	uint64_t flags = c->request->join;
	const struct spec_linux *linux_ = &c->spec->linux;
	const struct spec_user *user = &c->process->user;

	/* Ahead of a pid namespace, whose processes must not find the host's root. */
	if (!spec_has_namespace(c->spec, NS_MOUNT))
		root_enter_steps(c->plan);
	if (flags)
		PLAN_INIT(c->plan, OP_SETNS, "/linux/namespaces", c->plan->init_slot - 1, flags);
	if (flags & CLONE_NEWUSER)
		PLAN_INIT(c->plan, OP_NS_ROOT, "/linux/uidMappings",
			  maps_zero(&linux_->uid_mappings) ? 0 : user->uid,
			  maps_zero(&linux_->gid_mappings) ? 0 : user->gid,
			  ns_groups_allowed(c) && !ns_groups_kept(c));
	if (!(flags & CLONE_NEWPID))
		return 0;
	PLAN_INIT(c->plan, OP_FORK, "/linux/namespaces", 0);
	PLAN_HOST(c->plan, OP_FORKED, "/linux/namespaces", 0);
	return 0;
}

int done_compile(struct compile *c, struct err *e)
{
	(void)e;
	PLAN_INIT(c->plan, OP_DONE, NULL, 0);
	return 0;
}

int net_devices_compile(struct compile *c, struct err *e)
{
	const struct spec_linux *spec = &c->spec->linux;

	/* A joined network namespace is init's only once it has said so. */
	if (spec->net_device_count)
		plan_sync(c->plan, INIT_TO_HOST, "/linux/netDevices");
	for (size_t i = 0; i < spec->net_device_count; i++)
		PLAN_HOST(c->plan, OP_NET_DEVICE,
			  arena_printf(c->arena, "/linux/netDevices/%s",
				       spec->net_devices[i].host_name),
			  plan_str(c->plan, spec->net_devices[i].host_name),
			  plan_str(c->plan, spec->net_devices[i].name));
	return 0;
}

static const char *const hook_names[HOOK_KINDS] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

/* Once inside, nobody can open a file of the host. */
static uint64_t output_slot(struct compile *c, const char *annotation)
{
	const char *path = spec_annotation(c->spec, annotation);
	uint64_t slot;

	if (!path)
		return PLAN_NO_SLOT;
	slot = plan_slot(c->plan);
	PLAN_HOST(c->plan, OP_OPEN, arena_printf(c->arena, "/annotations/%s", annotation),
		  plan_str(c->plan, path), HOOK_OUTPUT_FLAGS, slot);
	return slot;
}

int hook_outputs_compile(struct compile *c, struct err *e)
{
	const struct spec_hooks *hooks = c->spec->hooks;
	uint64_t output, error;

	if (!hooks[HOOK_CREATE_CONTAINER].count && !hooks[HOOK_START_CONTAINER].count)
		return 0;
	output = output_slot(c, HOOK_STDOUT);
	error = output_slot(c, HOOK_STDERR);
	if (output != PLAN_NO_SLOT || error != PLAN_NO_SLOT)
		PLAN_INIT(c->plan, OP_HOOK_OUTPUT, "/hooks", output, error);
	return 0;
}

static void hook_step(struct compile *c, enum hook_kind kind, size_t i, enum plan_lane lane,
		      const struct strings *default_env)
{
	const struct spec_hook *hook = &c->spec->hooks[kind].items[i];
	const char *why = arena_printf(c->arena, "/hooks/%s/%zu (%s)", hook_names[kind], i,
				       hook->path);
	struct strings argv = hook->args, env = hook->env;

	if (!argv.count)
		argv = (struct strings){ &hook->path, 1 };
	if (!hook->has_env && default_env)
		env = *default_env;
	plan_add(c->plan, lane, lane == LANE_HOST ? OP_HOST_HOOK : OP_HOOK, why,
		 (const uint64_t[PLAN_ARGS]){
			 plan_str(c->plan, hook_names[kind]), plan_str(c->plan, hook->path),
			 plan_list(c->plan, &argv), plan_list(c->plan, &env),
			 hook->has_timeout ? hook->timeout : 0 });
}

void hook_steps(struct compile *c, enum hook_kind kind, enum plan_lane lane,
		const struct strings *default_env)
{
	for (size_t i = 0; i < c->spec->hooks[kind].count; i++)
		hook_step(c, kind, i, lane, default_env);
}

int hooks_compile(struct compile *c, struct err *e)
{
	const struct spec_hooks *hooks = c->spec->hooks;
	size_t on_host = hooks[HOOK_PRESTART].count + hooks[HOOK_CREATE_RUNTIME].count;

	if (!on_host && !hooks[HOOK_CREATE_CONTAINER].count)
		return 0;
	if (on_host)
		plan_sync(c->plan, INIT_TO_HOST, "/hooks");
	hook_steps(c, HOOK_PRESTART, LANE_HOST, NULL);
	hook_steps(c, HOOK_CREATE_RUNTIME, LANE_HOST, NULL);
	plan_sync(c->plan, HOST_TO_INIT, "/hooks");
	hook_steps(c, HOOK_CREATE_CONTAINER, LANE_INIT, NULL);
	return 0;
}
