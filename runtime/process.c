/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/process.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/layout.h"
#include "namespaces/procfs.h"
#include "plan/plan.h"
#include "runtime/context.h"
#include "runtime/environment.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

/* Who joins a container joins its class too, before it can use up what others have been promised. */
static void rdt_of_exec(struct compile *c)
{
	if (!c->request->rdt_class)
		return;
	PLAN_HOST(c->plan, OP_RESCTRL_JOIN, "/linux/intelRdt",
		  plan_str(c->plan, c->request->rdt_class),
		  plan_str(c->plan, c->request->rdt_monitored ? c->request->id : NULL))
		->flags = STEP_OPTIONAL; /* the file system may be unmounted by now */
	plan_sync(c->plan, HOST_TO_INIT, "/linux/intelRdt");
}

int identity_compile(struct compile *c, struct err *e)
{
	const struct spec_intel_rdt *rdt = &c->spec->linux.intel_rdt;

	if (c->request->kind == REQUEST_EXEC) {
		rdt_of_exec(c);
		return 0;
	}
	PLAN_HOST(c->plan, OP_STATE, NULL, plan_str(c->plan, "creating"));
	if (rdt->present)
		PLAN_HOST(c->plan, OP_RESCTRL_JOIN, "/linux/intelRdt",
			  plan_str(c->plan, resctrl_group_name(c->spec, c->request->id)),
			  plan_str(c->plan, rdt->enable_monitoring ? c->request->id : NULL));
	return 0;
}

int session_compile(struct compile *c, struct err *e)
{
	PLAN_INIT(c->plan, OP_SESSION, NULL, 0);
	if (!c->request->no_new_keyring)
		/* A named one would be joined by the next container of that name, whoever's. */
		PLAN_INIT(c->plan, OP_KEYRING, NULL, 0,
			  plan_str(c->plan, c->process->selinux_label))
			->flags = STEP_OPTIONAL;
	return 0;
}

int console_compile(struct compile *c, struct err *e)
{
	const struct spec_process *process = c->process;
	bool exec = c->request->kind == REQUEST_EXEC;
	bool sized = process->has_console_size;

	if (!process->terminal)
		return 0;
	PLAN_INIT(c->plan, OP_CONSOLE, "/process/terminal",
		  sized ? process->console_height : c->host->rows,
		  sized ? process->console_width : c->host->columns, process->user.uid, !exec);
	plan_sync(c->plan, INIT_TO_HOST, "/process/terminal");
	PLAN_HOST(c->plan, OP_TAKE_CONSOLE, "/process/terminal", 0);
	return 0;
}

/* In a user namespace of its own init lacks CAP_SYS_RESOURCE, CAP_SYS_NICE and CAP_SYS_ADMIN over the
 * host, so a tare that has them sets what takes them while init waits (gate_compile). */
static bool host_sets_limits(const struct compile *c)
{
	return c->host->root && spec_has_namespace(c->spec, NS_USER);
}

static void rlimits(struct compile *c, enum plan_lane lane, enum plan_op op)
{
	for (size_t i = 0; i < c->process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &c->process->rlimits[i];

		plan_add(c->plan, lane, op,
			 arena_printf(c->arena, "/process/rlimits/%zu (%s)", i, limit->type),
			 (const uint64_t[PLAN_ARGS]){ (uint64_t)limit->resource, limit->soft,
						      limit->hard });
	}
}

static void scheduler(struct compile *c, enum plan_lane lane, enum plan_op op)
{
	const struct spec_scheduler *s = &c->process->scheduler;
	struct sched_attr attr = {
		.size = SCHED_ATTR_SIZE_VER0,
		.sched_policy = s->policy,
		.sched_flags = s->flags,
		.sched_nice = s->nice,
		.sched_priority = (uint32_t)s->priority,
		.sched_runtime = s->runtime,
		.sched_deadline = s->deadline,
		.sched_period = s->period,
	};

	if (s->present)
		plan_add(c->plan, lane, op, "/process/scheduler",
			 (const uint64_t[PLAN_ARGS]){
				 plan_blob(c->plan, &attr, SCHED_ATTR_SIZE_VER0) });
}

static void io_priority(struct compile *c, enum plan_lane lane, enum plan_op op)
{
	const struct spec_io_priority *io = &c->process->io_priority;

	if (io->present)
		plan_add(c->plan, lane, op, "/process/ioPriority",
			 (const uint64_t[PLAN_ARGS]){ io->class << IOPRIO_CLASS_SHIFT |
						      io->priority });
}

static void limits_inside(struct compile *c)
{
	rlimits(c, LANE_INIT, OP_RLIMIT);
	scheduler(c, LANE_INIT, OP_SCHEDULER);
	io_priority(c, LANE_INIT, OP_IO_PRIORITY);
}

static void limits_from_outside(struct compile *c)
{
	rlimits(c, LANE_HOST, OP_HOST_RLIMIT);
	scheduler(c, LANE_HOST, OP_HOST_SCHEDULER);
	io_priority(c, LANE_HOST, OP_HOST_IO_PRIORITY);
}

/* Labels take effect at the next execve, so they are written last among the things that need procfs. */
static void label(struct compile *c, const char *file, const char *text, const char *why)
{
	struct plan *plan = c->plan;

	PLAN_INIT(plan, OP_WRITE_PROC, why, procfs_slot(c, why), plan_str(plan, file),
		  plan_str(plan, text));
}

/* Under no_new_privs a confined process may only give up rights: the new profile then comes on top of its
 * own. Otherwise its own must allow the change. */
static const char *apparmor_verb(const struct compile *c)
{
	return c->host->confined && c->process->no_new_privileges ? "stack" : "exec";
}

static void labels(struct compile *c)
{
	const struct spec_process *process = c->process;

	if (process->apparmor_profile && *process->apparmor_profile)
		label(c, "thread-self/attr/apparmor/exec",
		      arena_printf(c->arena, "%s %s", apparmor_verb(c), process->apparmor_profile),
		      arena_printf(c->arena, "/process/apparmorProfile (%s)",
				   process->apparmor_profile));
	if (process->selinux_label && *process->selinux_label)
		label(c, "thread-self/attr/exec", process->selinux_label,
		      arena_printf(c->arena, "/process/selinuxLabel (%s)", process->selinux_label));
}

int process_compile(struct compile *c, struct err *e)
{
	if (!host_sets_limits(c))
		limits_inside(c);
	if (c->spec->linux.personality.present)
		PLAN_INIT(c->plan, OP_PERSONALITY, "/linux/personality",
			  c->spec->linux.personality.domain);
	labels(c);
	return 0;
}

/* Nobody but the kernel knows of a user namespace that is joined: NS_ROOT has dropped what it could. */
static bool joins_unknown_user(const struct compile *c)
{
	const struct spec_namespace *user = &c->spec->linux.namespaces[NS_USER];
	bool exec = c->request->kind == REQUEST_EXEC;

	return user->present && user->path && (!exec || c->request->join & CLONE_NEWUSER);
}

static bool may_set_groups(const struct compile *c)
{
	if (!spec_has_namespace(c->spec, NS_USER))
		return !c->host->groups_denied;
	return ns_groups_allowed(c);
}

static int refuse_groups(const struct compile *c, struct err *e)
{
	err_say(e, EPERM, "/process/user/additionalGids: groups cannot be set in %s",
		c->host->groups_denied
			? "the user namespace that tare runs in"
			: "a user namespace that maps nothing but an unprivileged user's own gid");
	return err_hint(e, "map the groups in linux.gidMappings to sub-ids, see subgid(5), or keep "
			   "one's own with the annotation run.oci.keep_original_groups=1");
}

static int groups(struct compile *c, struct err *e)
{
	const struct spec_user *user = &c->process->user;

	if (ns_groups_kept(c))
		return 0;
	if (!user->additional_gid_count && (!may_set_groups(c) || joins_unknown_user(c)))
		return 0;
	if (!may_set_groups(c))
		return refuse_groups(c, e);
	PLAN_INIT(c->plan, OP_GROUPS, "/process/user/additionalGids",
		  plan_blob(c->plan, user->additional_gids,
			    user->additional_gid_count * sizeof(uint32_t)));
	return 0;
}

int program_compile(struct compile *c, struct err *e)
{
	const struct spec_process *process = c->process;
	const struct spec_user *user = &process->user;
	struct strings env = environment_of(c->arena, &process->env, &(struct strings){ 0 });
	int r = groups(c, e);

	if (r < 0)
		return r;
	PLAN_INIT(c->plan, OP_UMASK, user->has_umask ? "/process/user/umask" : NULL,
		  user->has_umask ? user->umask : 0022);
	PLAN_INIT(c->plan, OP_CWD, arena_printf(c->arena, "/process/cwd (%s)", process->cwd),
		  plan_str(c->plan, process->cwd), user->uid, user->gid,
		  c->request->kind != REQUEST_EXEC);
	PLAN_INIT(c->plan, OP_PROGRAM,
		  arena_printf(c->arena, "/process/args/0 (%s)", process->args.items[0]),
		  plan_str(c->plan, process->args.items[0]), plan_list(c->plan, &env),
		  user->uid, user->gid);
	return 0;
}

/* A notify profile hands its listener to the host lane, which ends at the gate. */
static bool filter_is_early(const struct compile *c)
{
	return c->request->kind == REQUEST_CREATE && seccomp_notifies(&c->spec->linux.seccomp);
}

static int early_filter(struct compile *c, struct err *e)
{
	if (!filter_is_early(c))
		return 0;
	if (c->process->no_new_privileges)
		PLAN_INIT(c->plan, OP_NO_NEW_PRIVS, "/process/noNewPrivileges", 0);
	return seccomp_compile(c, e);
}

int gate_compile(struct compile *c, struct err *e)
{
	const struct spec_process *process = c->process;
	bool limited = process->rlimit_count || process->scheduler.present ||
		       process->io_priority.present;
	bool host_limits = host_sets_limits(c) && limited;
	bool create = c->request->kind == REQUEST_CREATE;
	int r = early_filter(c, e);

	if (r < 0)
		return r;
	if (host_limits || create)
		plan_sync(c->plan, INIT_TO_HOST, NULL);
	if (host_limits)
		limits_from_outside(c);
	if (create)
		PLAN_INIT(c->plan, OP_GATE, NULL, c->plan->gate_slot - 1);
	else
		plan_sync(c->plan, HOST_TO_INIT, NULL);
	return 0;
}

static void identity(struct compile *c)
{
	const struct spec_capabilities *caps = &c->process->capabilities;
	const struct spec_user *user = &c->process->user;
	const char *why = caps->present ? "/process/capabilities" : NULL;

	PLAN_INIT(c->plan, OP_BOUNDING, why, caps->bounding);
	PLAN_INIT(c->plan, OP_IDS,
		  arena_printf(c->arena, "/process/user (uid %u, gid %u)", user->uid, user->gid),
		  user->uid, user->gid);
	PLAN_INIT(c->plan, OP_CAPABILITIES, why, caps->effective, caps->permitted,
		  caps->inheritable, caps->ambient);
}

/* runc's history: a startContainer hook without env gets the process's. */
static void start_hooks(struct compile *c)
{
	if (c->request->kind != REQUEST_EXEC)
		hook_steps(c, HOOK_START_CONTAINER, LANE_INIT, &c->process->env);
}

int privileges_compile(struct compile *c, struct err *e)
{
	const struct spec_process *process = c->process;
	struct strings env =
		environment_of(c->arena, &process->env, &c->request->extra_env);
	bool early = filter_is_early(c);
	int r = 0;

	/* Without no_new_privs loading a filter takes CAP_SYS_ADMIN, which is about to go. */
	if (!early && !process->no_new_privileges)
		r = seccomp_compile(c, e);
	if (r < 0)
		return r;
	identity(c);
	start_hooks(c);
	if (!early && process->no_new_privileges) {
		PLAN_INIT(c->plan, OP_NO_NEW_PRIVS, "/process/noNewPrivileges", 0);
		r = seccomp_compile(c, e);
	}
	if (r < 0)
		return r;
	PLAN_INIT(c->plan, OP_EXEC,
		  arena_printf(c->arena, "/process/args (%s)", process->args.items[0]),
		  plan_list(c->plan, &process->args), plan_list(c->plan, &env), 1);
	return 0;
}
