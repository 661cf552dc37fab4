/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container -> an image, by CRIU. It freezes the container's cgroup while it works; whatever
 * happens to it, the container runs on unless an image of it was wanted in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/criu.h"
#include "runtime/criu_log.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_progress.h"
#include "runtime/criu_wishes.h"
#include "runtime/descriptors.h"
#include "runtime/identity.h"
#include "runtime/interrupt.h"
#include "runtime/operations.h"
#include "runtime/state.h"
#include "spec/spec.h"

enum { STAT_MAX = 1 << 12 };

struct dumping {
	struct context *context;
	const struct checkpoint_request *ask;
	struct container container;
	const struct spec *spec;
	struct criu_places places;
	struct criu_request request;
	const char *descriptors[DESCRIPTORS];
};

static int check_status(struct dumping *d, struct err *e)
{
	const enum status status = d->container.found;

	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return err_say(e, EINVAL, "container not running: %s is %s", d->ask->id,
			       status_names[status]);
	if (d->context->host.root)
		return 0;
	return err_say(e, EPERM, "CRIU needs root");
}

static int find(struct dumping *d, struct err *e)
{
	int r = host_probe(d->context, e);

	if (r == 0)
		r = container_look(d->context, d->ask->id, true, &d->container, e);
	if (r == 0)
		r = check_status(d, e);
	return r < 0 ? r : container_spec(d->context, &d->container, &d->spec, e);
}

/* Namespaces that config.json gives by their path were there before the container: the image says
 * only that they are. CRIU can do so with these two. */
static const struct external_row {
	enum ns_kind kind;
	const char *proc, *key;
} external_rows[] = {
	{ NS_NETWORK, "net", "extRootNetNS" },
	{ NS_PID, "pid", "extRootPidNS" },
};
enum { EXTERNAL_ROWS = sizeof external_rows / sizeof *external_rows };

/* CRIU joins the user namespace first, and has no power then over one that belongs to another. */
static int check_owner(const struct dumping *d, const struct external_row *row, const char *path,
		       struct err *e)
{
	const struct spec_namespace *all = d->spec->linux.namespaces;
	autofd fd = -1, owner = -1;
	char user[48];
	struct stat of_owner, of_user;

	if (!all[NS_USER].present || !all[NS_USER].path)
		return 0;
	snprintf(user, sizeof user, "/proc/%d/ns/user", d->container.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	owner = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS);
	if (owner < 0 || fstat(owner, &of_owner) < 0 || stat(user, &of_user) < 0)
		return err_set(e, errno, "%s: its user namespace", path);
	if (of_owner.st_ino == of_user.st_ino && of_owner.st_dev == of_user.st_dev)
		return 0;
	return err_say(e, EINVAL, "/linux/namespaces/%zu: belongs to another user namespace than that of "
		       "/linux/namespaces/%zu, which CRIU joins first: it could not restore the container",
		       all[row->kind].index, all[NS_USER].index);
}

static int external_namespace(const struct dumping *d, const struct external_row *row,
			      const char **ret_text, struct err *e)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/ns/%s", d->container.pid, row->proc);
	if (stat(path, &st) < 0)
		return err_set(e, errno, "stat %s", path);
	if (check_owner(d, row, path, e) < 0)
		return -e->code;
	*ret_text = arena_printf(d->context->arena, "%s[%ju]:%s", row->proc, (uintmax_t)st.st_ino,
				 row->key);
	return 0;
}

static int externals(struct dumping *d, struct err *e)
{
	struct strings files = descriptors_external(d->context->arena, d->descriptors);
	const char **items = arena_array(d->context->arena, files.count + EXTERNAL_ROWS,
					 sizeof *items);
	size_t count = 0;

	for (; count < files.count; count++)
		items[count] = files.items[count];
	for (size_t i = 0; i < EXTERNAL_ROWS; i++) {
		const struct spec_namespace *ns =
			&d->spec->linux.namespaces[external_rows[i].kind];

		if (!ns->present || !ns->path)
			continue;
		if (external_namespace(d, &external_rows[i], &items[count++], e) < 0)
			return -e->code;
	}
	d->request.options.external = (struct wire_list){ items, count };
	return 0;
}

static const char *freezer(const struct dumping *d)
{
	const char *top = d->context->host.cgroup_mount;

	if (!top || !d->container.cgroup)
		return NULL;
	return arena_printf(d->context->arena, "%s%s", top, d->container.cgroup);
}

static bool is_in(const pid_t *all, size_t count, uint64_t pid)
{
	for (size_t i = 0; i < count; i++)
		if ((uint64_t)all[i] == pid)
			return true;
	return false;
}

/* CRIU follows the children of the first process and says nothing of who has another parent, outside. */
static void tell_if_stranger(const pid_t *all, size_t count, pid_t pid)
{
	autobuf stat = { 0 };
	char path[32], *name, *end;
	uint64_t parent;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (file_read(AT_FDCWD, path, STAT_MAX, &stat) < 0 ||
	    stat_number(stat.text, STAT_PARENT, &parent) < 0 || is_in(all, count, parent))
		return;
	/* "17 (sleep) S 1 ...": a name may have parentheses too. */
	name = strchr(stat.text, '(');
	end = strrchr(stat.text, ')');
	if (!name || str_starts(end, ") Z"))
		return;
	log_line(LOG_LEVEL_WARNING, "process %d %.*s is no part of the image: its parent is outside of the "
		 "container, as that of a program of exec", pid, (int)(end + 1 - name), name);
}

static int read_descriptors(struct dumping *d, struct err *e)
{
	struct descriptors_of of = { .pid = d->container.pid, .sockets = d->ask->criu.ext_unix_sk,
				     .terminals = d->ask->criu.shell_job };
	struct arena *arena = d->context->arena;
	autofd cgroup = -1;
	pid_t *all = NULL;
	int r = 0;

	if (d->container.cgroup)
		r = cgroup_open(&d->context->host, d->container.cgroup, &cgroup, e);
	if (r == 0 && cgroup >= 0)
		r = cgroup_processes(arena, cgroup, &all, &of.count, e);
	of.all = all;
	for (size_t i = 0; i < of.count && !d->ask->pre_dump; i++)
		if (all[i] != of.pid)
			tell_if_stranger(all, of.count, all[i]);
	return r < 0 ? r : descriptors_read(arena, &of, d->descriptors, e);
}

static int describe(struct dumping *d, struct err *e)
{
	struct criu_options *o = &d->request.options;
	int r = criu_checkpoint_options(d->context->arena, d->ask, d->spec, o, e);

	if (r == 0)
		r = read_descriptors(d, e);
	if (r == 0)
		r = externals(d, e);
	if (r == 0)
		r = criu_mounts_dump(d->context, &d->container, d->spec, &o->mounts, e);
	d->request.type = d->ask->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP;
	o->pid = d->container.pid;
	o->root = d->container.rootfs;
	o->freeze_cgroup = freezer(d);
	return r;
}

static int open_places(struct dumping *d, struct err *e)
{
	int r = criu_places_open(&d->ask->criu, true, &d->places, e);

	if (r < 0)
		return r;
	d->request.options.images_dir_fd = d->places.image;
	d->request.options.work_dir_fd = d->places.work;
	if (d->ask->pre_dump)
		return 0;
	r = descriptors_save(d->places.image, d->descriptors, e);
	return r < 0 ? r : criu_mounts_save(d->context->arena, d->places.image,
					    &d->request.options.mounts, e);
}

static int notified(void *data, const char *script, pid_t pid, int fd, struct err *e)
{
	(void)data, (void)script, (void)pid, (void)fd, (void)e;
	return 0;
}

/* Where CRIU was ended in the middle, the freezer is as it left it. */
static void thaw(const struct dumping *d)
{
	const struct container *c = &d->container;
	autofd cgroup = -1;
	struct err ignored;

	if (d->container.found == STATUS_PAUSED || !c->cgroup)
		return;
	if (cgroup_open(&d->context->host, c->cgroup, &cgroup, &ignored) == 0)
		cgroup_freeze(cgroup, false, &ignored);
}

static void show_progress(const struct dumping *d, struct criu_progress *ret_progress)
{
	struct criu_progress progress = {
		.what = d->ask->pre_dump ? "pre-dump" : "dump",
		.statistics = "stats-dump",
		.places = &d->places,
		.cgroup = -1,
	};
	autofd cgroup = -1;
	struct err ignored;

	if (d->container.cgroup)
		cgroup_open(&d->context->host, d->container.cgroup, &cgroup, &ignored);
	criu_progress_begin(&progress, d->context, d->ask->id, cgroup);
	*ret_progress = progress;
}

static int ask_criu(struct dumping *d, struct err *e)
{
	struct arena *arena = d->context->arena;
	autocriu criu = CRIU_NONE;
	struct criu_progress progress;
	struct criu_response response;
	const char *log = d->request.options.log_file;
	int r = criu_check_wishes(d->context, &d->request.options, e);

	if (r == 0)
		r = criu_start(d->context, NULL, NULL, &criu, e);
	if (r < 0)
		return r;
	unlinkat(d->places.work, log, 0);
	show_progress(d, &progress);
	criu.tick = progress.shown ? criu_progress_tick : NULL;
	criu.tick_data = &progress;
	r = criu_ask(&criu, &d->request, notified, d, &response, e);
	criu_progress_end(&progress, arena, r == 0);
	return r < 0 ? criu_log_explain(arena, &d->places, log, d->spec, e) : 0;
}

/* Cut short, a dump breaks the container; one that waits for others to fetch pages may have to be. */
static int hold_signals(const struct dumping *d, struct err *e)
{
	return d->ask->criu.lazy_pages ? interrupt_begin(d->context, e) : foreground_prepare(e);
}

static int dump(struct dumping *d, struct err *e)
{
	int r = find(d, e);

	if (r == 0)
		r = hold_signals(d, e);
	if (r == 0)
		r = describe(d, e);
	if (r == 0)
		r = open_places(d, e);
	if (r < 0)
		return r;
	r = ask_criu(d, e);
	if (r < 0)
		thaw(d);
	return r;
}

int container_checkpoint(struct context *context, const struct checkpoint_request *ask,
			 struct err *e)
{
	struct dumping d = {
		.context = context,
		.ask = ask,
		.container = CONTAINER_NONE,
		.places = CRIU_NOWHERE,
	};
	int r = dump(&d, e);

	interrupt_end(context);
	criu_places_close(&d.places);
	container_close(&d.container);
	if (r < 0 || ask->leave_running || ask->pre_dump)
		return r;
	return container_delete(context, ask->id, true, e);
}
