/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/criu_wishes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/context.h"
#include "runtime/criu.h"
#include "runtime/operations.h"
#include "spec/spec.h"

enum { LOG_LEVEL_ALL = 4, PORT_MAX = 65535 };

/* CRIU's numbers (rpc.proto: criu_cg_mode, criu_network_lock_method). */
static const struct name_value cgroup_modes[] = {
	{ "ignore", 0 }, { "soft", 3 }, { "full", 4 }, { "strict", 5 }, { NULL, 0 },
};
enum { LOCK_IPTABLES = 1, LOCK_NFTABLES, LOCK_SKIP };
static const struct name_value network_locks[] = {
	{ "iptables", LOCK_IPTABLES }, { "nftables", LOCK_NFTABLES }, { "skip", LOCK_SKIP }, { NULL, 0 },
};
/* Of one that it does not know CRIU says nothing but that it has failed. */
static const struct {
	const char *what;
	int since;
} lock_needs[] = {
	[LOCK_IPTABLES] = { "--network-lock=iptables", 31700 },
	[LOCK_NFTABLES] = { "--network-lock=nftables", 31700 },
	[LOCK_SKIP] = { "--network-lock=skip", 31900 },
};
static const struct name_value namespaces[] = { { "network", CLONE_NEWNET }, { NULL, 0 } };

static int number_of(const struct name_value *table, const char *option, const char *text,
		     int64_t *ret_number, struct err *e)
{
	const struct name_value *row = text ? name_find(table, text) : NULL;

	if (text && !row)
		return err_say(e, EINVAL, "%s: \"%s\" is not known", option, text);
	if (row)
		*ret_number = (int64_t)row->value;
	return 0;
}

/* A value that says where CRIU's configuration is; the empty one, that there shall be none. */
static const char *config_file(const struct spec *spec)
{
	static const char *const files[] = { "/etc/criu/tare.conf", "/etc/criu/crun.conf",
					     "/etc/criu/runc.conf" };
	const char *named = spec_annotation(spec, "org.criu.config");

	if (named)
		return *named ? named : NULL;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (access(files[i], F_OK) == 0)
			return files[i];
	return NULL;
}

static int common_options(const struct criu_wishes *w, const struct spec *spec,
			  struct criu_options *o, struct err *e)
{
	int r = number_of(cgroup_modes, "--manage-cgroups-mode", w->manage_cgroups_mode,
			  &o->manage_cgroups_mode, e);

	if (r == 0)
		r = number_of(network_locks, "--network-lock", w->network_lock, &o->network_lock, e);
	if (r == 0)
		r = number_of(namespaces, "--empty-ns", w->empty_ns, &o->empty_ns, e);
	o->log_level = LOG_LEVEL_ALL;
	o->notify_scripts = o->orphan_pts_master = o->ext_sharing = o->ext_masters = true;
	o->manage_cgroups = o->manage_cgroups_mode != 0;
	o->tcp_established = w->tcp_established;
	o->tcp_close = w->tcp_close;
	o->ext_unix_sk = w->ext_unix_sk;
	o->shell_job = w->shell_job;
	o->file_locks = w->file_locks;
	o->link_remap = w->link_remap;
	o->auto_dedup = w->auto_dedup;
	o->lazy_pages = w->lazy_pages;
	o->config_file = config_file(spec);
	return r;
}

/* "[::1]:27", "10.0.0.1:27" */
static int page_server(struct arena *arena, const char *text, struct criu_page_server *ret_server,
		       struct err *e)
{
	const char *colon = strrchr(text, ':'), *start = text;
	size_t length = colon ? (size_t)(colon - text) : 0;
	uint64_t port = 0;

	if (!length || parse_u64(colon + 1, PORT_MAX, &port) < 0 || !port)
		return err_say(e, EINVAL, "--page-server: \"%s\" is not ADDRESS:PORT", text);
	if (length > 2 && *start == '[' && start[length - 1] == ']') {
		start++;
		length -= 2;
	}
	ret_server->address = arena_strndup(arena, start, length);
	ret_server->port = (int64_t)port;
	return 0;
}

static int check_parent(const struct checkpoint_request *ask, struct err *e)
{
	if (ask->parent_path && *ask->parent_path == '/')
		return err_say(e, EINVAL,
			       "--parent-path %s: must be relative to the image's directory, so that "
			       "images can be moved together", ask->parent_path);
	if (ask->status_fd >= 0 && fcntl(ask->status_fd, F_GETFD) < 0)
		return err_set(e, errno, "--status-fd %d", ask->status_fd);
	return 0;
}

static int check_mounts(const struct spec *spec, struct err *e)
{
	if (spec_has_namespace(spec, NS_MOUNT))
		return 0;
	return err_say(e, EINVAL, "/linux/namespaces: CRIU needs a mount namespace of the container's own");
}

int criu_checkpoint_options(struct arena *arena, const struct checkpoint_request *ask,
			    const struct spec *spec, struct criu_options *ret_options, struct err *e)
{
	/* An image with the cgroups in it serves both kinds of restore. */
	struct criu_options o = { .manage_cgroups_mode = cgroup_modes[1].value, .log_file = "dump.log" };
	int r = check_mounts(spec, e);

	if (r == 0)
		r = check_parent(ask, e);
	if (r == 0)
		r = common_options(&ask->criu, spec, &o, e);
	if (r == 0 && ask->page_server)
		r = page_server(arena, ask->page_server, &o.page_server, e);
	if (r < 0)
		return r;
	o.leave_running = ask->leave_running;
	o.tcp_skip_in_flight = ask->tcp_skip_in_flight;
	o.parent_img = ask->parent_path;
	/* CRIU compares with the parent only when it tracks: the last dump needs it as well. */
	o.track_mem = ask->pre_dump || ask->parent_path;
	o.status_fd = ask->status_fd >= 0 ? ask->status_fd : 0;
	*ret_options = o;
	return 0;
}

int criu_restore_options(struct arena *arena, const struct restore_request *ask,
			 const struct spec *spec, struct criu_options *ret_options, struct err *e)
{
	/* What is restored is born in its new cgroup; nobody needs to be moved. */
	struct criu_options o = { .manage_cgroups_mode = cgroup_modes[0].value,
				  .log_file = "restore.log" };
	int r = check_mounts(spec, e);

	if (r == 0)
		r = common_options(&ask->criu, spec, &o, e);
	if (r < 0)
		return r;
	o.rst_sibling = true;
	o.lsm_profile = ask->lsm_profile;
	o.lsm_mount_context = ask->lsm_mount_context;
	*ret_options = o;
	return 0;
}

/* CRIU's standard is iptables, and fails without its program; nftables it has a library for. */
static void choose_lock(struct arena *arena, struct criu_options *o)
{
	if (!o->network_lock && !criu_find(arena, "iptables-restore"))
		o->network_lock = LOCK_NFTABLES;
}

int criu_check_wishes(const struct context *context, struct criu_options *o, struct err *e)
{
	const struct criu_features features = { o->track_mem, o->lazy_pages };
	int r = 0;

	if (features.mem_track || features.lazy_pages)
		r = criu_check_features(context, &features, e);
	if (r == 0 && o->lsm_mount_context)
		r = criu_check_version(context, 31600, "--lsm-mount-context", e);
	if (r == 0 && o->network_lock)
		r = criu_check_version(context, lock_needs[o->network_lock].since,
				       lock_needs[o->network_lock].what, e);
	choose_lock(context->arena, o);
	return r;
}

static int open_one(const char *option, const char *path, bool make, int *ret_fd, struct err *e)
{
	int r = make ? dir_make_path(AT_FDCWD, path, 0700) : 0;

	if (r < 0)
		return err_set(e, -r, "%s %s", option, path);
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? err_set(e, errno, "%s %s", option, path) : 0;
}

int criu_places_open(const struct criu_wishes *w, bool make, struct criu_places *ret_places,
		     struct err *e)
{
	autoplaces places = CRIU_NOWHERE;
	int r;

	places.image_path = w->image_path ? w->image_path : "checkpoint";
	places.work_path = w->work_path ? w->work_path : places.image_path;
	r = open_one("--image-path", places.image_path, make, &places.image, e);
	if (r == 0)
		r = open_one("--work-path", places.work_path, true, &places.work, e);
	if (r < 0)
		return r;
	*ret_places = places;
	places = (struct criu_places)CRIU_NOWHERE;
	return 0;
}

int criu_places_lend(struct criu_places *places, gid_t gid, struct err *e)
{
	struct stat st;

	if (fstat(places->image, &st) < 0)
		return err_set(e, errno, "--image-path %s: fstat", places->image_path);
	places->gid = st.st_gid;
	places->mode = st.st_mode & 07777;
	places->lent = true;
	if (fchown(places->image, (uid_t)-1, gid) < 0 ||
	    fchmod(places->image, places->mode | S_IXGRP) < 0)
		return err_set(e, errno, "--image-path %s: lending it to group %u",
			       places->image_path, gid);
	return 0;
}

void criu_places_close(struct criu_places *places)
{
	if (places->lent && fchown(places->image, (uid_t)-1, places->gid) == 0)
		fchmod(places->image, places->mode);
	places->lent = false;
	fd_close(&places->image);
	fd_close(&places->work);
}
