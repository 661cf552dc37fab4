/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/making.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cgroups/cgroup.h"
#include "cgroups/unit.h"
#include "namespaces/namespaces.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/died.h"
#include "runtime/interrupt.h"
#include "runtime/lsm.h"
#include "runtime/notify.h"
#include "runtime/operations.h"
#include "runtime/outputs.h"
#include "runtime/process.h"
#include "runtime/resctrl.h"
#include "spec/spec.h"

static bool detaches(const struct making *m)
{
	return m->request.kind == REQUEST_CREATE || m->ask->detach;
}

static int check_terminal(const struct making *m, struct err *e)
{
	bool terminal = m->config.spec->process.terminal;

	if (terminal && detaches(m) && !m->ask->console_socket)
		return err_say(e, EINVAL, "/process/terminal: a detached container with a terminal "
					  "needs --console-socket");
	if (m->ask->console_socket && !(terminal && detaches(m)))
		return err_say(e, EINVAL, "--console-socket needs a detached container and "
					  "/process/terminal true");
	return 0;
}

static int check_process(const struct making *m, struct err *e)
{
	if (!m->config.spec->process.present)
		return err_say(e, EINVAL, "/process: must be there to create a container");
	return check_terminal(m, e);
}

static uint32_t namespace_flags(const struct spec *spec)
{
	uint64_t flags = 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		if (spec_has_namespace(spec, kind))
			flags |= ns_rows[kind].flag;
	return (uint32_t)flags;
}

/* RFC 3339 in UTC with nanoseconds. */
static const char *now(struct arena *arena)
{
	struct timespec ts;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	return arena_printf(arena, "%s.%09ldZ", text, ts.tv_nsec);
}

/* What is written down as the container's cgroup is killed as a whole by delete, so it must not be another's. */
static int check_cgroup(struct making *m, struct err *e)
{
	const struct host *host = &m->context->host;
	bool populated = false;
	autofd cgroup = -1;
	struct err absent;

	if (!m->container.cgroup || cgroup_open(host, m->container.cgroup, &cgroup, &absent) < 0)
		return 0;
	/* Nobody asked for it, and nobody can have it: the container does without. */
	if (!m->config.spec->linux.cgroups_path && !cgroup_is_ours(cgroup))
		return 0;
	if (cgroup_populated(cgroup, &populated, e) < 0)
		return -e->code;
	if (populated)
		return err_say(e, EBUSY, "/linux/cgroupsPath: cgroup %s has processes in it already",
			       m->container.cgroup);
	return 0;
}

/* Written down before they are made, so that delete finds them whatever happens. */
static void describe_resctrl(struct making *m)
{
	const struct spec_intel_rdt *rdt = &m->config.spec->linux.intel_rdt;
	const char *group = resctrl_group_name(m->config.spec, m->ask->id);
	autofd root = -1;
	struct err none;

	if (!rdt->present || resctrl_open(&root, &none) < 0)
		return;
	m->container.rdt_class = group;
	if (!rdt->clos_id && faccessat(root, group, F_OK, 0) < 0)
		m->container.resctrl = group;
	if (rdt->enable_monitoring)
		m->container.monitored = group;
}

static int describe_unit(struct making *m, struct err *e)
{
	const struct host *host = &m->context->host;
	struct container *container = &m->container;
	struct unit unit;
	int r;

	if (host->manager == MANAGER_DISABLED)
		container->cgroup = NULL;
	if (host->manager != MANAGER_SYSTEMD)
		return 0;
	r = unit_of(m->context->arena, host, m->config.spec->linux.cgroups_path, m->ask->id, &unit,
		    e);
	if (r < 0)
		return r;
	*(host->user_manager ? &container->user_unit : &container->unit) = unit.name;
	return 0;
}

/* What the state directory says of it from now on. */
static int describe(struct making *m, struct err *e)
{
	const struct spec *spec = m->config.spec;
	struct container *container = &m->container;
	int r;

	container->bundle = m->config.bundle;
	container->rootfs = m->config.rootfs;
	container->created = now(m->context->arena);
	container->owner_uid = m->context->host.uid;
	container->owner = "";
	container->namespaces = namespace_flags(spec);
	container->oci_version = spec->oci_version;
	container->annotations = spec->annotations.items;
	container->annotation_count = spec->annotations.count;
	container->terminal = spec->process.terminal;
	container->no_poststop = !spec->hooks[HOOK_POSTSTOP].count;
	container->no_new_keyring = m->ask->no_new_keyring;
	describe_resctrl(m);
	r = cgroup_path(m->context->arena, &m->context->host, spec->linux.cgroups_path, m->ask->id,
			&container->cgroup, e);
	if (r == 0)
		r = describe_unit(m, e);
	return r < 0 ? r : check_cgroup(m, e);
}

/* Everything up to the state directory. */
int making_prepare(struct making *m, struct err *e)
{
	int r = container_id_check(m->ask->id, e);

	if (r == 0)
		r = interrupt_begin(m->context, e);
	if (r == 0)
		r = config_load(m->context, m->ask->bundle, m->ask->config, &m->config, e);
	if (r == 0)
		r = check_process(m, e);
	if (r == 0)
		r = host_probe(m->context, e);
	if (r == 0 && m->config.spec->process.terminal)
		host_probe_terminal(m->context);
	return r < 0 ? r : lsm_probe(m->context, m->config.spec, &m->config.spec->process, NULL, e);
}

int making_reserve(struct making *m, struct err *e)
{
	int r = container_reserve(m->context, m->ask->id, &m->container, e);

	if (r < 0)
		return r;
	m->reserved = true;
	return describe(m, e);
}

int making_tell(struct making *m, struct err *e)
{
	const char *receiver = spec_annotation(m->config.spec, "run.oci.pidfd_receiver");
	int r = 0;

	if (m->ask->pid_file)
		r = write_pid_file(m->ask->pid_file, m->launch.pid, e);
	if (r == 0 && m->ask->pidfd_socket)
		r = send_pidfd(m->context, "--pidfd-socket", m->ask->pidfd_socket, m->launch.pidfd, e);
	if (r == 0 && receiver && *receiver)
		r = send_pidfd(m->context, "/annotations/run.oci.pidfd_receiver", receiver, m->launch.pidfd, e);
	return r;
}

/* Leaves nothing behind. The error that matters is there already. The launch has undone its own
 * cgroup; another's, which it refused, must not be touched. */
void making_undo(struct making *m)
{
	struct err ignored;

	if (!m->reserved)
		return;
	if (m->launch.stuck) {
		log_line(LOG_LEVEL_WARNING, "container %s is left: tare delete --force %s ends it "
					    "when that can be done", m->ask->id, m->ask->id);
		container_close(&m->container);
		return;
	}
	if (!m->launched) {
		m->container.cgroup = m->container.unit = m->container.user_unit = NULL;
		container_save(&m->container, &ignored);
	}
	container_close(&m->container);
	container_delete(m->context, m->ask->id, true, &ignored);
}

void making_clear(struct making *m)
{
	launch_clear(&m->launch);
	fd_close(&m->notify);
	if (m->reserved)
		container_close(&m->container);
	config_clear(&m->config);
	interrupt_end(m->context);
}

struct making making_begin(struct context *context, const struct create_request *ask,
			   enum request_kind kind)
{
	struct making m = {
		.context = context,
		.ask = ask,
		.config = { .fd = -1 },
		.request = { .kind = kind },
		.container = CONTAINER_NONE,
		.notify = -1,
	};

	launch_init(&m.launch);
	return m;
}

/* The container outlives the lock: others may look at it, signal and delete it while it runs. */
int making_attend(struct making *m, int *ret_status, struct err *e)
{
	autowatch watch = DIED_WATCH_NONE;
	struct foreground foreground = {
		.pid = m->launch.pid,
		.pidfd = m->launch.pidfd,
		.master = m->launch.console,
		.notify = m->notify,
		.notify_to = notify_socket(),
		.watch = &watch,
	};
	struct err ignored;
	int r;

	died_watch(m->context, &m->container, &watch);
	container_close(&m->container);
	m->reserved = false;
	r = foreground_wait(&foreground, ret_status, e);
	if (r == 0)
		died_tell(m->context, &m->container, NULL, &watch, *ret_status);
	if (!m->ask->keep)
		container_delete(m->context, m->ask->id, true, &ignored);
	return r;
}
