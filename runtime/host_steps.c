/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "cgroups/scope.h"
#include "plan/plan.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/exec_cgroup.h"
#include "runtime/gate.h"
#include "runtime/hooks.h"
#include "runtime/host_mounts.h"
#include "runtime/host_root.h"
#include "runtime/idmap.h"
#include "runtime/interrupt.h"
#include "runtime/lane.h"
#include "runtime/launch.h"
#include "runtime/netdev.h"
#include "runtime/resctrl.h"
#include "runtime/state.h"
#include "runtime/userns.h"
#include "spec/spec.h"

typedef int step_function(struct lane *, const struct plan_step *, struct err *e);

static const char *text(const struct lane *lane, const struct plan_step *step, unsigned arg)
{
	return plan_text(lane->plan, step->arg[arg]);
}

/* A slot is filled once; it takes over the descriptor. */
static void fill(struct lane *lane, uint64_t slot, int fd)
{
	fd_close(&lane->slots[slot]);
	lane->slots[slot] = fd;
}

static size_t vector_length(char *const *vector)
{
	size_t n = 0;

	while (vector[n])
		n++;
	return n;
}

static int step_sync(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int r;

	if (step->arg[1] == INIT_TO_HOST)
		return lane_wait(lane, (uint32_t)step->arg[0], e);
	r = lane_init_document(lane, STATUS_CREATING, e);
	if (r < 0)
		return r;
	return lane_post(lane, (uint32_t)step->arg[0], lane->state, e);
}

static int step_state(struct lane *lane, const struct plan_step *step, struct err *e)
{
	struct launch *launch = lane->launch;
	int r = 0;

	if (status_parse(text(lane, step, 0), &launch->container->saved) < 0)
		return err_say(e, EINVAL, "no such status: %s", text(lane, step, 0));
	if (launch->pidfd >= 0 && launch->container->pid != launch->pid)
		r = container_identify(launch->container, launch->pid, launch->pidfd, e);
	return r < 0 ? r : container_save(launch->container, e);
}

static int step_made(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return container_made(lane->launch->container, e);
}

static int step_cgroup(struct lane *lane, const struct plan_step *step, struct err *e)
{
	struct context *context = lane->launch->context;
	char **names = plan_vector(lane->plan, step->arg[1], context->arena);
	struct strings controllers = { (const char *const *)names, vector_length(names) };
	unsigned made = 0;
	int r = cgroup_make(&context->host, text(lane, step, 0), &controllers, &lane->cgroup, &made,
			    e);

	lane->cgroup_made = made > 0;
	return r;
}

/* Where systemd put the process it was lent is where the cgroup is. */
static int find_scope(struct lane *lane, const char *unit, struct err *e)
{
	struct context *context = lane->launch->context;
	const char *path;
	int r = process_cgroup(context->arena, lane->holder.pid, &path, e);

	if (r < 0)
		return r;
	if (strcmp(strrchr(path, '/') + 1, unit) != 0)
		return err_say(e, EIO, "systemd: %s is started, but its process is in cgroup %s",
			       unit, path);
	lane->launch->container->cgroup = path;
	return cgroup_open(&context->host, path, &lane->cgroup, e);
}

static int step_scope(struct lane *lane, const struct plan_step *step, struct err *e)
{
	struct context *context = lane->launch->context;
	const struct scope scope = { text(lane, step, 1), step->arg[2] };
	char **texts = plan_vector(lane->plan, step->arg[3], context->arena);
	char **names = plan_vector(lane->plan, step->arg[4], context->arena);
	const struct strings properties = { (const char *const *)texts, vector_length(texts) };
	const struct strings controllers = { (const char *const *)names, vector_length(names) };
	int r = holder_begin(&lane->holder, e);

	if (r == 0)
		r = scope_start(context->arena, &scope, &properties, lane->holder.pid, e);
	if (r < 0)
		return r;
	lane->scope_started = true;
	r = find_scope(lane, scope.unit, e);
	return r < 0 ? r
		     : cgroup_enable(&context->host, lane->launch->container->cgroup, &controllers,
				     e);
}

static int step_scope_release(struct lane *lane, const struct plan_step *step, struct err *e)
{
	holder_end(&lane->holder);
	return 0;
}

static int step_cgroup_usage(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return cgroup_check_usage(lane->cgroup, step->arg[0], e);
}

static int step_cgroup_write(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return cgroup_write(lane->cgroup, text(lane, step, 0), text(lane, step, 1), e);
}

static int step_cgroup_devices(struct lane *lane, const struct plan_step *step, struct err *e)
{
	const char *blob = (const char *)lane->plan + (uint32_t)step->arg[0];
	size_t size = step->arg[0] >> 32;
	autobuf others = { 0 }; /* of whoever prepared the cgroup, on purpose */

	return lane->cgroup_made ? cgroup_devices_attach_first(lane->cgroup, blob, size, e)
				 : cgroup_devices_attach(lane->cgroup, blob, size, &others, e);
}

static int step_cgroup_own(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return cgroup_own(lane->cgroup, (uid_t)step->arg[0], e);
}

static int step_open(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int fd = open(text(lane, step, 0), (int)step->arg[1] | O_CLOEXEC, HOOK_OUTPUT_MODE);

	if (fd < 0)
		return err_set(e, errno, "open %s", text(lane, step, 0));
	fill(lane, step->arg[2], fd);
	return 0;
}

static int step_open_ns(struct lane *lane, const struct plan_step *step, struct err *e)
{
	const char *path = text(lane, step, 0);
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	int type;

	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	type = ioctl(fd, NS_GET_NSTYPE); /* ioctl_ns(2) */
	if (type < 0)
		return err_say(e, EINVAL, "%s is not a namespace", path);
	if ((uint64_t)type != step->arg[1])
		return err_say(e, EINVAL, "%s is a namespace of another type", path);
	fill(lane, step->arg[2], fd_take(&fd));
	return 0;
}

static int step_open_gate(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int gate = -1;
	int r = gate_listen(lane->launch->container->dir, &gate, e);

	if (r == 0)
		fill(lane, step->arg[0], gate);
	return r;
}

static int step_open_init(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int fd = fcntl(lane->launch->init_pidfd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_set(e, errno, "the container's init");
	fill(lane, step->arg[0], fd);
	return 0;
}

static int step_time_offsets(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int r;

	lane->own_time_ns = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	if (lane->own_time_ns < 0)
		return err_set(e, errno, "open /proc/self/ns/time");
	if (unshare(CLONE_NEWTIME) < 0)
		return err_set(e, errno, "unshare");
	r = file_write(AT_FDCWD, "/proc/self/timens_offsets", text(lane, step, 0));
	if (r == 0)
		return 0;
	err_set(e, -r, "write /proc/self/timens_offsets");
	return r == -EPERM ? err_hint(e, "setting clocks takes CAP_SYS_TIME, in a container too")
			   : r;
}

/* tare makes one process and waits for it, so its own affinity is a means to the child's. */
static int step_host_affinity(struct lane *lane, const struct plan_step *step, struct err *e)
{
	const char *mask = (const char *)lane->plan + (uint32_t)step->arg[0];

	if (syscall(SYS_sched_setaffinity, 0, step->arg[0] >> 32, mask) < 0)
		return err_set(e, errno, "sched_setaffinity");
	return 0;
}

static int step_userns(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int userns = -1;
	int r = userns_make(&lane->launch->context->host, text(lane, step, 0),
			    text(lane, step, 1), &userns, e);

	if (r == 0)
		fill(lane, step->arg[2], userns);
	return r;
}

static int step_host_tree(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int mount = -1;
	int r = host_tree(text(lane, step, 0), step->arg[1], &mount, e);

	if (r == 0)
		fill(lane, step->arg[2], mount);
	return r;
}

static int step_host_root(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int mount;
	int r = host_root_mount(text(lane, step, 0), text(lane, step, 1), step->arg[2], &mount, e);

	if (r == 0)
		fill(lane, step->arg[3], mount);
	return r;
}

static int step_host_fs(struct lane *lane, const struct plan_step *step, struct err *e)
{
	char **options = plan_vector(lane->plan, step->arg[2], lane->launch->context->arena);
	const struct host_fs what = {
		.type = text(lane, step, 0),
		.source = text(lane, step, 1),
		.options = { (const char *const *)options, vector_length(options) },
		.attributes = (unsigned)step->arg[3],
	};
	int mount = -1;
	int r = host_fs(&what, &mount, e);

	if (r == 0)
		fill(lane, step->arg[4], mount);
	return r;
}

static int step_host_idmap(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return host_idmap(lane->slots[step->arg[0]], lane->slots[step->arg[1]], step->arg[2], e);
}

/* tare takes it for the moment of CLONE: exec of a user has no right to a file of who enters. */
static int step_oom_score(struct lane *lane, const struct plan_step *step, struct err *e)
{
	static const char path[] = "/proc/self/oom_score_adj";
	autobuf own = { 0 };
	int r = file_read(AT_FDCWD, path, sizeof lane->own_oom_score - 1, &own);

	if (r == 0)
		r = file_write(AT_FDCWD, path, text(lane, step, 0));
	if (r == 0)
		snprintf(lane->own_oom_score, sizeof lane->own_oom_score, "%s", own.text);
	if (r < 0)
		err_set(e, -r, "write %s to %s", text(lane, step, 0), path);
	return r == -EACCES ? err_hint(e, "lowering it takes CAP_SYS_RESOURCE over the host") : r;
}

static int step_clone(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return lane_clone(lane, step->arg[0], e);
}

static int step_forked(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return lane_wait_forked(lane, e);
}

static int step_release(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return lane_post(lane, UINT32_MAX, -1, e);
}

static int step_id_map(struct lane *lane, const struct plan_step *step, struct err *e)
{
	return idmap_write(&lane->launch->context->host, lane->launch->pid, text(lane, step, 0),
			   text(lane, step, 1), e);
}

static int step_hook(struct lane *lane, const struct plan_step *step, struct err *e)
{
	struct launch *launch = lane->launch;
	struct arena *arena = launch->context->arena;
	int r = lane_state_document(lane, STATUS_CREATING, e);
	struct hook_run run = {
		.name = text(lane, step, 0),
		.path = text(lane, step, 1),
		.argv = plan_vector(lane->plan, step->arg[2], arena),
		.envp = plan_vector(lane->plan, step->arg[3], arena),
		.timeout = (int)step->arg[4],
		.cwd = launch->container->bundle,
		.state = lane->state,
		.container = launch->pidfd,
		.interrupt = interrupt_fd(launch->context),
		.program = -1,
		.stdout_file = spec_annotation(launch->spec, HOOK_STDOUT),
		.stderr_file = spec_annotation(launch->spec, HOOK_STDERR),
	};

	return r < 0 ? r : hook_run(&run, e);
}

static int step_host_proc(struct lane *lane, const struct plan_step *step, struct err *e)
{
	char path[96];
	int r;

	snprintf(path, sizeof path, "/proc/%d/%s", lane->launch->pid, text(lane, step, 0));
	r = file_write(AT_FDCWD, path, text(lane, step, 1));
	return r < 0 ? err_set(e, -r, "write %s to %s", text(lane, step, 1), path) : 0;
}

static int step_net_device(struct lane *lane, const struct plan_step *step, struct err *e)
{
	char path[64];
	autofd target = -1;

	snprintf(path, sizeof path, "/proc/%d/ns/net", lane->launch->pid);
	target = open(path, O_RDONLY | O_CLOEXEC);
	if (target < 0)
		return err_set(e, errno, "open %s", path);
	return netdev_move(text(lane, step, 0), text(lane, step, 1), target, e);
}

static int with_resctrl(struct lane *lane, struct err *e)
{
	return lane->resctrl >= 0 ? 0 : resctrl_open(&lane->resctrl, e);
}

static int step_resctrl(struct lane *lane, const struct plan_step *step, struct err *e)
{
	char **lines = plan_vector(lane->plan, step->arg[1], lane->launch->context->arena);
	const struct resctrl_group group = {
		.name = text(lane, step, 0),
		.schemata = { (const char *const *)lines, vector_length(lines) },
		.must_exist = step->arg[2],
	};
	const char *monitor = text(lane, step, 3);
	int r = with_resctrl(lane, e);

	if (r == 0)
		r = resctrl_make(lane->resctrl, &group, e);
	if (r == 0 && monitor)
		r = resctrl_monitor(lane->resctrl, group.name, monitor, e);
	return r;
}

static int step_resctrl_join(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int r = with_resctrl(lane, e);

	return r < 0 ? r : resctrl_join(lane->resctrl, text(lane, step, 0), text(lane, step, 1),
					lane->launch->pid, e);
}

static int step_rlimit(struct lane *lane, const struct plan_step *step, struct err *e)
{
	struct rlimit limit = { step->arg[1], step->arg[2] };

	if (prlimit(lane->launch->pid, (int)step->arg[0], &limit, NULL) < 0)
		return err_set(e, errno, "prlimit");
	return 0;
}

static int step_scheduler(struct lane *lane, const struct plan_step *step, struct err *e)
{
	const char *attr = (const char *)lane->plan + (uint32_t)step->arg[0];

	if (syscall(SYS_sched_setattr, lane->launch->pid, attr, 0) < 0)
		return err_set(e, errno, "sched_setattr");
	return 0;
}

static int step_io_priority(struct lane *lane, const struct plan_step *step, struct err *e)
{
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, lane->launch->pid, step->arg[0]) < 0)
		return err_set(e, errno, "ioprio_set");
	return 0;
}

static int step_take_console(struct lane *lane, const struct plan_step *step, struct err *e)
{
	struct launch *launch = lane->launch;

	if (lane->taken < 0)
		return err_say(e, EPROTO, "tare-init sent no terminal");
	if (launch->console_socket) {
		int r = console_send(launch->context, launch->console_socket, lane->taken, e);

		fd_close(&lane->taken);
		return r;
	}
	launch->console = fd_take(&lane->taken);
	return 0;
}

static int step_take_listener(struct lane *lane, const struct plan_step *step, struct err *e)
{
	int r = lane_wait_fd(lane, e);
	autofd listener = fd_take(&lane->taken);

	if (r < 0)
		return r;
	if (listener < 0)
		r = err_say(e, EPROTO, "tare-init sent no seccomp listener");
	else
		r = listener_send(lane, text(lane, step, 0), text(lane, step, 1), listener, e);
	return r < 0 ? err_prefix(e, "%s", plan_text(lane->plan, step->why)) : 0;
}

static step_function *const functions[OP_COUNT] = {
	[OP_SYNC] = step_sync,
	[OP_STATE] = step_state,
	[OP_MADE] = step_made,
	[OP_CGROUP] = step_cgroup,
	[OP_SCOPE] = step_scope,
	[OP_SCOPE_RELEASE] = step_scope_release,
	[OP_CGROUP_USAGE] = step_cgroup_usage,
	[OP_CGROUP_WRITE] = step_cgroup_write,
	[OP_CGROUP_DEVICES] = step_cgroup_devices,
	[OP_CGROUP_OWN] = step_cgroup_own,
	[OP_OPEN] = step_open,
	[OP_OPEN_NS] = step_open_ns,
	[OP_OPEN_GATE] = step_open_gate,
	[OP_OPEN_INIT] = step_open_init,
	[OP_TIME_OFFSETS] = step_time_offsets,
	[OP_HOST_AFFINITY] = step_host_affinity,
	[OP_USERNS] = step_userns,
	[OP_HOST_TREE] = step_host_tree,
	[OP_HOST_ROOT] = step_host_root,
	[OP_HOST_FS] = step_host_fs,
	[OP_HOST_IDMAP] = step_host_idmap,
	[OP_OOM_SCORE] = step_oom_score,
	[OP_CLONE] = step_clone,
	[OP_FORKED] = step_forked,
	[OP_RELEASE] = step_release,
	[OP_ID_MAP] = step_id_map,
	[OP_HOST_HOOK] = step_hook,
	[OP_NET_DEVICE] = step_net_device,
	[OP_HOST_PROC] = step_host_proc,
	[OP_RESCTRL] = step_resctrl,
	[OP_RESCTRL_JOIN] = step_resctrl_join,
	[OP_HOST_RLIMIT] = step_rlimit,
	[OP_HOST_SCHEDULER] = step_scheduler,
	[OP_HOST_IO_PRIORITY] = step_io_priority,
	[OP_TAKE_CONSOLE] = step_take_console,
	[OP_TAKE_LISTENER] = step_take_listener,
};

static bool is_optional(const struct plan_step *step)
{
	return step->flags & STEP_OPTIONAL;
}

/* A user to whom no cgroup was delegated cannot have one: nothing to be told at every start. */
static enum log_level missing_level(const struct plan_step *step, int r)
{
	bool expected = step->op == OP_CGROUP && (r == -EACCES || r == -EPERM || r == -EROFS);

	return expected ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
}

/* A meeting reports what init said, which names its own field. */
static bool meets_init(const struct plan_step *step)
{
	return step->op == OP_SYNC || step->op == OP_TAKE_LISTENER;
}

int lane_step(struct lane *lane, const struct plan_step *step, struct err *e)
{
	const char *why = plan_text(lane->plan, step->why);
	step_function *run = functions[step->op];
	int r;

	if (!run)
		return err_say(e, ENOSYS, "%s: tare has no such host step", plan_op_name(step->op));
	r = run(lane, step, e);
	if (r < 0 && why && !meets_init(step))
		err_prefix(e, "%s", why);
	if (r < 0 && is_optional(step)) {
		if (step->op == OP_CGROUP)
			lane->launch->container->cgroup = NULL;
		log_line(missing_level(step, r), "%s", e->text);
		return 0;
	}
	return r;
}
