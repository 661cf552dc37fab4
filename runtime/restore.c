/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image -> a container like any other. The host lane is that of `run`, with CRIU in the place of
 * CLONE: it is born in the container's new cgroup, where all it restores is born then, in a mount
 * namespace that ends with it. What is restored becomes tare's child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "runtime/build.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/criu.h"
#include "runtime/criu_log.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_progress.h"
#include "runtime/criu_wishes.h"
#include "runtime/descriptors.h"
#include "runtime/interrupt.h"
#include "runtime/launch.h"
#include "runtime/lifecycle.h"
#include "runtime/making.h"
#include "runtime/notify.h"
#include "runtime/operations.h"
#include "spec/spec.h"

enum { HANDED_MAX = DESCRIPTORS + 2 };

struct restoring {
	struct making making;
	const struct restore_request *ask;
	struct criu_places places;
	struct criu_request request;
	struct criu_inherit inherit[HANDED_MAX];
	struct criu_handed handed[HANDED_MAX + 1];
	size_t handed_count;
	struct criu_join join[NS_KINDS];
	int opened[2]; /* namespaces */
	int null;
	struct criu_cgroup_root cgroup_root;
	struct criu_progress progress;
};

static void hand(struct restoring *w, const char *key, int fd)
{
	int at = CRIU_HANDED_FIRST + (int)w->handed_count;

	w->inherit[w->handed_count] = (struct criu_inherit){ key, at };
	w->handed[w->handed_count++] = (struct criu_handed){ fd, at };
}

/* CRIU sets the position of what was a file, which a terminal or a pipe has none of: the null device, which
 * it was most often, takes their place; for any other file CRIU asks for the same one. */
static int file_or_null(struct restoring *w, int fd)
{
	if (lseek(fd, 0, SEEK_CUR) >= 0 || errno != ESPIPE)
		return fd;
	if (w->null < 0)
		w->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return w->null >= 0 ? w->null : fd;
}

static int hand_descriptors(struct restoring *w, struct err *e)
{
	const char *names[DESCRIPTORS];
	int r = descriptors_load(w->making.context->arena, w->places.image, names, e);

	for (int fd = 0; fd < DESCRIPTORS && r == 0; fd++) {
		bool again = false;

		for (size_t i = 0; i < w->handed_count; i++)
			again |= str_equal(w->inherit[i].key, names[fd]);
		if (descriptor_is_external(names[fd]) && !again)
			hand(w, names[fd],
			     str_starts(names[fd], "file[") ? file_or_null(w, fd) : fd);
	}
	return r;
}

/* What checkpoint.c calls external; CRIU joins those of the other kinds by their path. */
static const char *const external_keys[NS_KINDS] = {
	[NS_NETWORK] = "extRootNetNS",
	[NS_PID] = "extRootPidNS",
};
static const bool joined_kinds[NS_KINDS] = {
	[NS_USER] = true, [NS_IPC] = true, [NS_UTS] = true, [NS_TIME] = true,
};

static int give_namespaces(struct restoring *w, struct err *e)
{
	size_t opened = 0, joined = 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		const struct spec_namespace *ns = &w->making.config.spec->linux.namespaces[kind];

		if (!ns->present || !ns->path)
			continue;
		if (joined_kinds[kind])
			w->join[joined++] = (struct criu_join){ ns_rows[kind].proc, ns->path };
		if (!external_keys[kind])
			continue;
		w->opened[opened] = open(ns->path, O_RDONLY | O_CLOEXEC);
		if (w->opened[opened] < 0)
			return err_set(e, errno, "/linux/namespaces/%zu/path: open %s", ns->index,
				       ns->path);
		hand(w, external_keys[kind], w->opened[opened++]);
	}
	w->request.options.join = (struct wire_list){ w->join, joined };
	return 0;
}

/* For CRIU, where it manages cgroups: the new one stands for the one in the image. With a cgroup namespace
 * of its own CRIU sees nothing above. */
static void give_cgroup(struct restoring *w)
{
	struct making *m = &w->making;
	bool is_root = spec_new_namespace(m->config.spec, NS_CGROUP);

	if (!w->request.options.manage_cgroups || !m->container.cgroup)
		return;
	w->cgroup_root.path = is_root ? "/" : m->container.cgroup;
	w->request.options.cgroup_root = (struct wire_list){ &w->cgroup_root, 1 };
}

/* The group that the container's root has on the host. */
static int lend_image(struct restoring *w, struct err *e)
{
	const struct spec *spec = w->making.config.spec;
	const struct id_mappings *gids = &spec->linux.gid_mappings;

	for (size_t i = 0; spec_new_namespace(spec, NS_USER) && i < gids->count; i++)
		if (gids->items[i].container_id == 0)
			return criu_places_lend(&w->places, gids->items[i].host_id, e);
	return 0;
}

static int describe(struct restoring *w, struct err *e)
{
	struct making *m = &w->making;
	struct criu_options *o = &w->request.options;
	int r = criu_mounts_restore(m->context, &m->container, m->config.spec, &o->mounts, e);

	if (r == 0)
		r = criu_mounts_check(m->context->arena, w->places.image, &o->mounts, e);
	if (r == 0)
		r = criu_mounts_prepare(m->context, &m->container, m->config.spec, e);
	if (r == 0)
		r = hand_descriptors(w, e);
	if (r == 0)
		r = give_namespaces(w, e);
	if (r == 0)
		r = lend_image(w, e);
	give_cgroup(w);
	w->handed[w->handed_count] = (struct criu_handed){ -1, -1 };
	w->request.type = CRIU_RESTORE;
	o->inherit = (struct wire_list){ w->inherit, w->handed_count };
	o->images_dir_fd = w->places.image;
	o->root = m->container.rootfs;
	return r;
}

/* The namespaces are there and the processes are not: the same moment that these hooks have when a
 * container is created. */
static int namespaces_made(struct restoring *w, pid_t pid, struct err *e)
{
	struct making *m = &w->making;
	autofd pidfd = sys_pidfd_open(pid, 0);
	int r;

	if (pidfd < 0)
		return err_set(e, errno, "criu: pidfd_open %d", pid);
	r = container_identify(&m->container, pid, pidfd, e);
	if (r == 0)
		r = container_save(&m->container, e);
	if (r == 0)
		r = lifecycle_hooks(m->context, m->config.spec, HOOK_PRESTART, &m->container,
				    STATUS_CREATING, e);
	if (r == 0)
		r = lifecycle_hooks(m->context, m->config.spec, HOOK_CREATE_RUNTIME, &m->container,
				    STATUS_CREATING, e);
	return r;
}

static int take_console(struct restoring *w, int fd, struct err *e)
{
	struct making *m = &w->making;

	if (fd < 0)
		return err_say(e, EPROTO, "criu sent no terminal");
	if (m->ask->console_socket)
		return console_send(m->context, m->ask->console_socket, fd, e);
	m->launch.console = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return m->launch.console < 0 ? err_set(e, errno, "the terminal") : 0;
}

static int notified(void *data, const char *script, pid_t pid, int fd, struct err *e)
{
	struct restoring *w = data;

	if (str_equal(script, "setup-namespaces"))
		return namespaces_made(w, pid, e);
	if (str_equal(script, "orphan-pts-master"))
		return take_console(w, fd, e);
	if (str_equal(script, "pre-resume"))
		criu_progress_leave(&w->progress);
	return 0;
}

static int take_process(struct launch *launch, pid_t pid, struct err *e)
{
	launch->pid = pid;
	launch->pidfd = sys_pidfd_open(pid, 0);
	return launch->pidfd < 0 ? err_set(e, errno, "criu: pidfd_open %d", pid) : 0;
}

static int ask_criu(struct restoring *w, int cgroup, struct criu_response *ret_response,
		    struct err *e)
{
	struct making *m = &w->making;
	const struct spec *spec = m->config.spec;
	struct criu_place place = {
		.cgroup = cgroup,
		.root = m->container.rootfs,
		.work_path = w->places.work_path,
		.own_cgroup_namespace = spec_new_namespace(spec, NS_CGROUP),
		.no_new_privileges = spec->process.no_new_privileges,
	};
	autocriu criu = CRIU_NONE;
	const char *log = w->request.options.log_file, *why;
	int r;

	w->progress = (struct criu_progress){ .what = "restore",
					      .statistics = "stats-restore",
					      .places = &w->places,
					      .cgroup = cgroup };
	/* An image may come from anybody: no link in it shall lead what CRIU writes there to another file. */
	unlinkat(w->places.work, log, 0);
	unlinkat(w->places.work, w->progress.statistics, 0);
	r = criu_start(m->context, &place, w->handed, &criu, e);
	if (r < 0)
		return r;
	w->request.options.work_dir_fd = criu.work;
	criu_progress_begin(&w->progress, m->context, m->ask->id, -1);
	criu.tick = w->progress.shown ? criu_progress_tick : NULL;
	criu.tick_data = &w->progress;
	r = criu_ask(&criu, &w->request, notified, w, ret_response, e);
	criu_progress_end(&w->progress, m->context->arena, r == 0);
	if (r == -EREMOTEIO)
		criu_log_explain(m->context->arena, &w->places, log, spec, e);
	why = r < 0 && cgroup >= 0 ? cgroup_why(m->context->arena, cgroup, NULL) : NULL;
	return why ? err_hint(e, "%s", why) : r;
}

static int make_process(struct launch *launch, int cgroup, void *data, struct err *e)
{
	struct restoring *w = data;
	struct criu_response response;
	int r = describe(w, e);

	if (r == 0)
		r = ask_criu(w, cgroup, &response, e);
	if (r == 0)
		r = take_process(launch, (pid_t)response.restore.pid, e);
	return r;
}

/* The plan of `run` has the cgroup and its limits in it; the rest of it stays unused. */
static int plan_it(struct making *m, struct err *e)
{
	m->request.id = m->ask->id;
	m->request.bundle = m->config.bundle;
	m->request.rootfs = m->config.rootfs;
	m->request.init_pidfd = -1;
	return build_plan(m->context, m->config.spec, NULL, &m->request, &m->plan, e);
}

static int launch_it(struct restoring *w, struct err *e)
{
	struct making *m = &w->making;
	int r;

	m->launch.context = m->context;
	m->launch.plan = m->plan;
	m->launch.container = &m->container;
	m->launch.spec = m->config.spec;
	r = launch_restore(&m->launch, make_process, w, e);
	m->launched = r == 0;
	return r;
}

static int prepare(struct restoring *w, struct err *e)
{
	struct making *m = &w->making;
	int r = making_prepare(m, e);

	if (r == 0 && !m->context->host.root)
		r = err_say(e, EPERM, "CRIU needs root");
	if (r == 0)
		r = criu_places_open(&w->ask->criu, false, &w->places, e);
	if (r == 0)
		r = criu_restore_options(m->context->arena, w->ask, m->config.spec,
					 &w->request.options, e);
	return r < 0 ? r : criu_check_wishes(m->context, &w->request.options, e);
}

static int make(struct restoring *w, struct err *e)
{
	struct making *m = &w->making;
	int r = prepare(w, e);

	if (r == 0)
		r = making_reserve(m, e);
	if (r == 0)
		r = notify_prepare(m->context->arena, m->context->root, &m->container,
				   &m->request.notify_dir, e);
	if (r == 0 && notify_socket())
		r = notify_bind(&m->container, &m->notify, e);
	if (r == 0)
		r = plan_it(m, e);
	if (r == 0)
		r = container_save_config(&m->container, m->config.problems.document,
					  m->config.problems.length, e);
	if (r == 0)
		r = launch_it(w, e);
	if (r == 0)
		r = making_tell(m, e);
	if (r == 0 && !m->ask->detach)
		interrupt_pass_to(m->context, m->launch.pidfd);
	return r < 0 ? r : lifecycle_hooks(m->context, m->config.spec, HOOK_POSTSTART, &m->container,
					   STATUS_RUNNING, e);
}

static int restore(struct restoring *w, int *ret_status, struct err *e)
{
	const struct create_request *ask = &w->ask->create;
	int r = ask->detach ? 0 : foreground_prepare(e);

	if (r == 0 && !ask->detach && !ask->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (r == 0)
		r = make(w, e);
	return r < 0 || ask->detach ? r : making_attend(&w->making, ret_status, e);
}

int container_restore(struct context *context, const struct restore_request *ask, int *ret_status,
		      struct err *e)
{
	struct restoring w = {
		.making = making_begin(context, &ask->create, REQUEST_RUN),
		.ask = ask,
		.places = CRIU_NOWHERE,
		.opened = { -1, -1 },
		.null = -1,
	};
	int r;

	*ret_status = 0;
	r = restore(&w, ret_status, e);
	if (r < 0)
		making_undo(&w.making);
	fd_close(&w.opened[0]);
	fd_close(&w.opened[1]);
	fd_close(&w.null);
	criu_places_close(&w.places);
	making_clear(&w.making);
	return r;
}
