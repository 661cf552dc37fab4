/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "plan/format.h"
#include "plan/plan.h"
#include "seccomp/seccomp.h"
#include "spec/names.h"

/* What an operator can do about it. op OP_COUNT and call CALL_none match any. */
static const struct hint {
	enum plan_op op;
	enum plan_call call;
	int error;
	const char *text;
} hints[] = {
	{ OP_FS, CALL_none, ENODEV, "the kernel has no such file system" },
	{ OP_IS_DEVICE, CALL_none, EEXIST,
	  "for want of the right to make device nodes the host's of the same path are shown" },
	{ OP_MKNOD, CALL_fchownat, EINVAL, "the id is not mapped into the user namespace" },
	{ OP_FS, CALL_none, EPERM,
	  "a nested or rootless container may not mount this; bind the host's instead" },
	{ OP_TREE, CALL_open_tree, EINVAL,
	  "in a user namespace a place with other mounts below is shown with them: rbind" },
	{ OP_ATTR, CALL_mount_setattr, EPERM,
	  "the flags of a mount from a more privileged namespace are locked" },
	{ OP_PROPAGATION, CALL_none, EINVAL,
	  "tare's root directory is no mount point: in a chroot, bind it onto itself first" },
	{ OP_ATTACH, CALL_move_mount, EBUSY, "something else is mounted there" },
	{ OP_SECCOMP, CALL_none, EACCES,
	  "without noNewPrivileges, loading a filter takes CAP_SYS_ADMIN" },
	{ OP_CAPABILITIES, CALL_none, EPERM, "tare itself does not have these capabilities" },
	{ OP_BOUNDING, CALL_none, EPERM, "tare itself does not have CAP_SETPCAP" },
	{ OP_GROUPS, CALL_none, EPERM, "setgroups is denied in this user namespace" },
	{ OP_IDS, CALL_none, EINVAL, "the id is not mapped into the user namespace" },
	{ OP_RLIMIT, CALL_none, EPERM, "raising a hard limit takes CAP_SYS_RESOURCE" },
	{ OP_SCHEDULER, CALL_none, EPERM,
	  "it takes CAP_SYS_NICE over the host, and realtime for the control group" },
	{ OP_IO_PRIORITY, CALL_none, EPERM, "the realtime class takes CAP_SYS_NICE over the host" },
	{ OP_AFFINITY, CALL_none, EINVAL, "the container may run on none of these CPUs" },
	{ OP_MEMORY_POLICY, CALL_none, EINVAL,
	  "the container may use none of these nodes, or the kernel has no such mode or flag" },
	{ OP_MEMORY_POLICY, CALL_none, ENOSYS, "the kernel is built without NUMA" },
	{ OP_WRITE_PROC, CALL_write, ENOENT,
	  "AppArmor has no profile of that name loaded: see apparmor_parser(8)" },
	{ OP_WRITE_PROC, CALL_write, EINVAL,
	  "the kernel, or the policy that it has loaded, knows no such value" },
	{ OP_WRITE_PROC, CALL_none, ENOENT, "this kernel does not have it" },
	{ OP_WRITE_PROC, CALL_none, EROFS, "it is not namespaced" },
	{ OP_WRITE_PROC, CALL_none, EXDEV,
	  "in the container that tare is in something is mounted over it: see its readonlyPaths" },
	{ OP_CLOCKS, CALL_none, EPERM, "setting clocks takes CAP_SYS_TIME, in a container too" },
	{ OP_COUNT, CALL_clone3, EAGAIN, "pids.max or RLIMIT_NPROC is reached" },
	{ OP_COUNT, CALL_none, EMFILE,
	  "RLIMIT_NOFILE, tare's own or that of /process/rlimits, is too low to start with" },
	{ OP_COUNT, CALL_none, ENOMEM, "the memory limit may be too low" },
};

static const char *hint_for(unsigned op, const struct report *report)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		const struct hint *h = &hints[i];

		if ((h->op == OP_COUNT || h->op == op) &&
		    (h->call == CALL_none || h->call == report->call) &&
		    h->error == report->error)
			return h->text;
	}
	return NULL;
}

static const struct plan_step *step_of(const struct plan_header *plan,
				       const struct report *report)
{
	size_t count;
	const struct plan_step *steps;

	if (!plan)
		return NULL;
	steps = plan_steps(plan, LANE_INIT, &count);
	return report->number < count ? &steps[report->number] : NULL;
}

/* Details that say it all need neither the call nor errno's words. */
static bool is_complete(const struct report *report)
{
	return report->detail[0] && report->call == CALL_none;
}

static const char *capability_name(const char *number, size_t length)
{
	char text[4] = "";
	uint64_t bit;

	if (length >= sizeof text)
		return NULL;
	memcpy(text, number, length);
	return parse_u64(text, 63, &bit) == 0 ? name_of(capability_names, bit) : NULL;
}

/* tare-init knows capabilities by number. */
static const char *name_capabilities(const char *detail, struct strbuf *ret_text)
{
	for (size_t length; *detail; detail += length) {
		const char *name;

		length = strcspn(detail, " ");
		name = capability_name(detail, length);
		strbuf_add_bytes(ret_text, name ? name : detail, name ? strlen(name) : length);
		if (detail[length]) {
			strbuf_add(ret_text, " ");
			length++;
		}
	}
	return ret_text->text ? ret_text->text : "";
}

/* The kernel refuses a filter with a flag that it does not know, without a word on which. */
static const char *flag_hint(const struct plan_step *step, const struct report *report,
			     struct strbuf *ret_text)
{
	const char *flag = NULL;

	if (step && step->op == OP_SECCOMP && report->error == EINVAL)
		flag = seccomp_lacking_flag((uint32_t)step->arg[1]);
	if (flag)
		strbuf_addf(ret_text, "this kernel does not have %s", flag);
	return ret_text->text;
}

/* What a filter says of the call is not looked up; these are the errors that denied calls have. */
static bool may_be_denied(const struct plan_header *plan, const struct report *report)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, LANE_INIT, &count);

	if (report->error != EPERM && report->error != ENOSYS)
		return false;
	for (uint32_t i = 0; i < report->number && i < count; i++)
		if (steps[i].op == OP_SECCOMP)
			return true;
	return false;
}

int launch_explain(const struct plan_header *plan, const struct report *report, struct err *e)
{
	const struct plan_step *step = step_of(plan, report);
	const char *call = report->call == CALL_none ? NULL : plan_call_name(report->call);
	const char *detail = report->detail, *why = NULL, *hint;
	autobuf named = { 0 }, lacking = { 0 };

	if (step && step->op == OP_CAPABILITIES)
		detail = name_capabilities(detail, &named);
	if (is_complete(report))
		err_say(e, report->error, "%s", detail);
	else if (call)
		err_set(e, report->error, "%s%s%s", call, *detail ? " " : "", detail);
	else
		err_set(e, report->error, "%s", step ? plan_op_name(step->op) : "tare-init");
	hint = hint_for(step ? step->op : OP_COUNT, report);
	if (step && step->flags & STEP_ELSE && report->error == EPERM)
		hint = "what tare sees of it itself is shown instead";
	if (!hint)
		hint = flag_hint(step, report, &lacking);
	if (step && may_be_denied(plan, report))
		err_hint(e, "%s%s" EXPLAIN_FILTER, hint ? hint : "", hint ? ", or " : "");
	else if (hint)
		err_hint(e, "%s", hint);
	if (step)
		why = plan_text(plan, step->why);
	if (why)
		err_prefix(e, "%s", why);
	return -e->code;
}
