/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <linux/mount.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char *const words[] = { "/bin/sh", "-c", "echo \"hello\"" };
static const struct strings argv = { words, 3 };

void sample_host(struct plan *plan)
{
	PLAN_HOST(plan, OP_CLONE, "/linux/namespaces", CLONE_NEWNS | CLONE_NEWPID);
}

void sample_end(struct plan *plan)
{
	PLAN_INIT(plan, OP_EXEC, "/process/args", plan_list(plan, &argv), 0, 1);
}

static void sample_mount(struct plan *plan)
{
	uint64_t mount = plan_slot_of(plan, &plan->mount_slot);
	uint64_t target = plan_slot_of(plan, &plan->target_slot);
	const char *why = "/mounts/0 (destination /dev/shm)";

	PLAN_INIT(plan, OP_FS, why, plan_str(plan, "tmpfs"), 0, 0,
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, mount);
	PLAN_INIT(plan, OP_ATTR, why, mount, 0, MOUNT_ATTR__ATIME, MS_SLAVE, 1, PLAN_NO_SLOT);
	PLAN_INIT(plan, OP_TARGET, why, plan_str(plan, "/dev/shm"), mount, 0755, TARGET_NO_SYMLINKS,
		  target);
	PLAN_INIT(plan, OP_ATTACH, why, mount, target);
}

void sample_build(struct plan *plan)
{
	static const char filter[16];
	uint64_t gate = plan_slot(plan);

	PLAN_HOST(plan, OP_STATE, NULL, plan_str(plan, "creating"));
	PLAN_HOST(plan, OP_OPEN_GATE, NULL, gate);
	PLAN_HOST(plan, OP_CLONE, "/linux/namespaces", CLONE_NEWUSER | CLONE_NEWNS);
	PLAN_HOST(plan, OP_RELEASE, NULL, 0);
	PLAN_INIT(plan, OP_ROOT, "/root/path", plan_str(plan, "/b/root fs"), 1,
		  plan_slot_of(plan, &plan->root_slot));
	sample_mount(plan);
	plan_sync(plan, INIT_TO_HOST, "/hooks");
	PLAN_HOST(plan, OP_HOST_HOOK, "/hooks/prestart/0", plan_str(plan, "prestart"),
		  plan_str(plan, "/bin/hook"), plan_list(plan, &argv), 0, (uint64_t)-1);
	plan_sync(plan, HOST_TO_INIT, "/hooks");
	PLAN_INIT(plan, OP_PIVOT, NULL, PIVOT_ROOT);
	PLAN_INIT(plan, OP_UMASK, NULL, 022);
	PLAN_INIT(plan, OP_KEYRING, NULL, plan_str(plan, "_ses"), 0)->flags = STEP_OPTIONAL;
	PLAN_INIT(plan, OP_GATE, NULL, gate);
	PLAN_INIT(plan, OP_SECCOMP, "/linux/seccomp", plan_blob(plan, filter, sizeof filter), 2);
	sample_end(plan);
}

struct plan_header *sample_plan(struct arena *arena)
{
	autoplan plan = { 0 };
	struct plan_header *sealed = NULL;
	struct err e = { 0 };

	sample_build(&plan);
	plan_seal(&plan, arena, &sealed, &e);
	assert_string_equal(e.text, "");
	return sealed;
}

struct plan_step *sample_step(struct plan_header *plan, enum plan_lane lane, enum plan_op op)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, lane, &count);

	for (size_t i = 0; i < count; i++)
		if (steps[i].op == op)
			return (struct plan_step *)&steps[i];
	fail_msg("the sample has no step %s", plan_op_name(op));
	return NULL;
}
