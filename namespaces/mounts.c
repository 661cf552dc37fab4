/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts[] -> steps, in the order given. Each mount is made or copied detached, gets its attributes
 * and is attached where its destination is found at that time; propagation comes last, since a
 * mount that is attached below a shared one becomes shared.
 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/maker.h"
#include "namespaces/mount_options.h"
#include "namespaces/namespaces.h"
#include "namespaces/paths.h"
#include "plan/findings.h"
#include "plan/plan.h"
#include "spec/spec.h"

static const struct fs_type type_rows[] = {
	{ "proc", "proc", TARGET_NO_SYMLINKS, .owner = NS_PID, .instance = "/proc", .own = true },
	{ "sysfs", "sysfs", TARGET_NO_SYMLINKS, .owner = NS_NETWORK, .instance = "/sys" },
	{ "mqueue", "mqueue", 0, .owner = NS_IPC, .instance = "/dev/mqueue", .made = true },
	{ "cgroup", "cgroup2", TARGET_NO_SYMLINKS, .owner = NS_KINDS },
	{ "cgroup2", "cgroup2", TARGET_NO_SYMLINKS, .owner = NS_KINDS },
	{ "tmpfs", "tmpfs", 0, .labelled = true, .late_readonly = true, .likes_target = true,
	  .owner = NS_KINDS, .own = true },
	{ "devpts", "devpts", 0, .labelled = true, .owner = NS_KINDS, .own = true },
	{ "overlay", "overlay", 0, .labelled = true, .owner = NS_KINDS, .own = true },
	{ "hugetlbfs", "hugetlbfs", 0, .labelled = true, .owner = NS_KINDS, .own = true },
	{ NULL, NULL, 0, .labelled = true, .owner = NS_KINDS },
};

static const struct fs_type *type_of(const char *name)
{
	const struct fs_type *row = type_rows;

	while (row->name && !str_equal(row->name, name))
		row++;
	return row;
}

static void attr_step(struct maker *m, const struct mount_attrs *attrs, bool recursive)
{
	if (attrs->set | attrs->clear)
		PLAN_INIT(m->c->plan, OP_ATTR, m->why, m->slot, attrs->set, attrs->clear, 0,
			  recursive, PLAN_NO_SLOT);
}

/* Only what is asked for changes: a source that is nosuid stays so unless "suid" is given. As with
 * mount(2), flags of the superblock ("sync") mean nothing to a bind mount. The recursive forms come
 * last and win, as in runc. */
static void attr_steps(struct maker *m)
{
	attr_step(m, &m->options.top, false);
	attr_step(m, &m->options.all, true);
}

static void propagation_steps(struct maker *m, uint64_t slot)
{
	for (size_t i = 0; i < m->options.propagation_count; i++) {
		uint64_t flags = m->options.propagations[i];

		PLAN_INIT(m->c->plan, OP_ATTR, m->why, slot, 0, 0, flags & ~(uint64_t)MS_REC,
			  (flags & MS_REC) != 0, PLAN_NO_SLOT);
	}
}

const char *maker_source(const struct maker *m)
{
	const char *source = m->mount->source;

	if (!source || !*source)
		return NULL;
	return *source == '/' ? source
			      : arena_printf(m->c->arena, "%s/%s", m->c->request->bundle, source);
}

uint64_t maker_tree_flags(const struct maker *m)
{
	return m->options.tree_flags | (m->options.recursive ? AT_RECURSIVE : 0);
}

/* Bind mounts: the host's root is still "/" when this runs. */
static int bind_steps(struct maker *m)
{
	PLAN_INIT(m->c->plan, OP_TREE, m->why, plan_str(m->c->plan, maker_source(m)),
		  maker_tree_flags(m), m->slot);
	attr_steps(m);
	return 0;
}

/* In a user namespace proc needs a pid namespace that belongs to it, and so on. Adding attributes
 * is always allowed there, taking them away from the host's mounts is not. */
static bool is_not_mountable(const struct maker *m)
{
	return m->type->instance && spec_has_namespace(m->c->spec, NS_USER) &&
	       !spec_has_namespace(m->c->spec, m->type->owner);
}

static int instance_steps(struct maker *m)
{
	struct mount_attrs all = { .set = maker_new_attrs(m) & ~(uint64_t)MOUNT_ATTR__ATIME };

	PLAN_INIT(m->c->plan, OP_TREE, m->why, plan_str(m->c->plan, m->type->instance),
		  AT_RECURSIVE, m->slot);
	attr_step(m, &all, true);
	return 0;
}

/* In a container parts of proc and sysfs are covered, and no user namespace gets a new one that is
 * not: tare-init finds out, and shows what tare itself sees. */
static bool may_be_refused(const struct maker *m)
{
	return m->type->instance && (!m->c->host->root || spec_has_namespace(m->c->spec, NS_USER));
}

static int else_instance_steps(struct maker *m)
{
	struct plan *plan = m->c->plan;

	plan->init.items[plan->init.count - 1].flags |= STEP_ELSE;
	return instance_steps(m);
}

bool maker_is_cgroup(const struct maker *m)
{
	return str_equal(m->type->real, "cgroup2");
}

/* Without a cgroup namespace a cgroup2 mount would show the whole host: the container's own cgroup
 * is all it gets to see. cgroup_compile() has put its path into the plan. */
static const char *own_cgroup(const struct compile *c)
{
	for (size_t i = 0; i < c->plan->host.count; i++)
		if (c->plan->host.items[i].op == OP_CGROUP ||
		    c->plan->host.items[i].op == OP_SCOPE)
			return plan_built_text(c->plan, c->plan->host.items[i].arg[0]);
	return NULL;
}

static int cgroup_view_steps(struct maker *m)
{
	struct plan *plan = m->c->plan;
	const char *path = own_cgroup(m->c);
	const char *top = m->c->host->cgroup_mount;

	if (!path || !top)
		return err_say(m->e, ENOENT,
			       "/mounts/%zu/type: cgroup: the container has no cgroup to show (a "
			       "cgroup namespace in linux.namespaces would do without)",
			       m->index);
	/* Delegated, its files belong to the container's root, who could lift the limits. */
	PLAN_INIT(plan, OP_CGROUP_VIEW, m->why,
		  plan_str(plan, arena_printf(m->c->arena, "%s%s", top, path)), m->slot);
	if (!m->c->host->root || spec_has_namespace(m->c->spec, NS_USER))
		m->options.top.set |= MOUNT_ATTR_RDONLY;
	attr_steps(m);
	return 0;
}

/* What the host lane made and copied has its ids mapped; a copy lacks the rest. */
static int given_steps(struct maker *m, uint64_t given)
{
	m->slot = given;
	if (m->options.tree_flags & TREE_COPY_SYMLINK)
		PLAN_INIT(m->c->plan, OP_LINK_GIVEN, m->why, given);
	given_propagation(m->c, m->why, given);
	if (m->options.bind)
		attr_steps(m);
	return 0;
}

/* The kernel made it with its namespace, so "context=" would come too late. What is shown of the host instead is not
 * the container's to label. */
static void label_step(const struct maker *m)
{
	const char *label = m->c->spec->linux.mount_label;

	if (m->type->made && label && *label && spec_has_namespace(m->c->spec, m->type->owner))
		PLAN_INIT(m->c->plan, OP_LABEL, "/linux/mountLabel", m->slot,
			  plan_str(m->c->plan, label))
			->flags = may_be_refused(m) ? STEP_OPTIONAL : 0;
}

static int source_steps(struct maker *m)
{
	uint64_t given = given_slot(m->c, m->why);
	int r;

	if (given != PLAN_NO_SLOT)
		return given_steps(m, given);
	if (m->options.bind)
		return bind_steps(m);
	if (is_not_mountable(m))
		return instance_steps(m);
	if (maker_is_cgroup(m) && !spec_has_namespace(m->c->spec, NS_CGROUP))
		return cgroup_view_steps(m);
	r = maker_fs_steps(m, LANE_INIT, OP_FS);
	if (r == 0 && may_be_refused(m))
		r = else_instance_steps(m);
	if (r == 0)
		label_step(m);
	return r;
}

static bool has_mode(const struct strings *data)
{
	for (size_t i = 0; i < data->count; i++)
		if (str_starts(data->items[i], "mode="))
			return true;
	return false;
}

static uint64_t target_flags(const struct maker *m)
{
	uint64_t flags = m->options.target_flags;

	if (m->options.bind)
		return flags;
	if (m->type->likes_target && !has_mode(&m->options.data))
		flags |= TARGET_GIVE_MODE;
	return flags | m->type->target_flags;
}

static void attach_steps(struct maker *m)
{
	struct plan *plan = m->c->plan;
	uint64_t target = plan_slot_of(plan, &plan->target_slot);

	PLAN_INIT(plan, OP_TARGET, m->why, plan_str(plan, m->path), m->slot, 0755, target_flags(m),
		  target);
	if (m->options.copy_up)
		PLAN_INIT(plan, OP_COPY_UP, m->why, plan_str(plan, m->path), m->slot);
	PLAN_INIT(plan, OP_ATTACH, m->why, m->slot, target);
	propagation_steps(m, m->slot);
	if (m->waits)
		plan_later(plan, OP_ATTR, m->why,
			   (const uint64_t[PLAN_ARGS]){ m->slot, MOUNT_ATTR_RDONLY, 0, 0, 0,
							PLAN_NO_SLOT });
}

/* The superblock of what else is mounted may be the host's, too. */
static bool mounts_own(const struct maker *m, const struct mount_options *o)
{
	return !o->bind && m->type->own && !is_not_mountable(m);
}

/* Whether what earlier entries have left at the destination may get other options. */
static bool is_own(const struct maker *m)
{
	bool own = false;

	for (size_t i = 0; i < m->index; i++) {
		const struct spec_mount *mount = &m->c->spec->mounts[i];
		const struct maker earlier = { .c = m->c, .mount = mount, .type = type_of(mount->type) };
		struct mount_options options;
		struct err ignored;

		if (path_is(path_absolute(m->c->arena, mount->destination), m->path) &&
		    mount_options_parse(m->c->arena, mount, i, &options, &ignored) == 0 && !options.remount)
			own = mounts_own(&earlier, &options);
	}
	return own;
}

static int reconfigure_step(struct maker *m)
{
	struct strings options = maker_fs_options(m, 0, NULL);

	if (m->options.bind || !options.count)
		return 0;
	if (!is_own(m))
		return err_say(m->e, EOPNOTSUPP,
			       "/mounts/%zu/options: \"%s\" is for a file system, and no earlier entry has "
			       "mounted one of the container's own at %s (tmpfs, proc, devpts, overlay, "
			       "hugetlbfs); a remount changes the attributes of all others only",
			       m->index, options.items[0], m->path);
	PLAN_INIT(m->c->plan, OP_RECONFIGURE, m->why, m->slot, plan_list(m->c->plan, &options));
	return 0;
}

/* A remount changes the attributes of a mount that is there, and the options of its file system. */
static int remount_steps(struct maker *m)
{
	struct plan *plan = m->c->plan;
	int r;

	m->slot = plan_slot_of(plan, &plan->target_slot);
	PLAN_INIT(plan, OP_TARGET, m->why, plan_str(plan, m->path), PLAN_NO_SLOT, 0755,
		  m->options.target_flags | TARGET_EXISTS, m->slot);
	r = reconfigure_step(m);
	attr_steps(m);
	propagation_steps(m, m->slot);
	return r;
}

/* Engines give "ro" to a /dev that has yet to be filled and to a tmpfs that mounts go into. */
static bool must_wait(const struct maker *m)
{
	uint64_t set = (m->options.top.set & ~m->options.all.clear) | m->options.all.set;

	return set & MOUNT_ATTR_RDONLY && !m->options.bind &&
	       (m->type->late_readonly || path_is(m->path, "/dev"));
}

/* What shows the host in a container of somebody else is not for anybody to ask for. */
static int refuse_entering(const struct maker *m)
{
	const struct host *host = m->c->host;

	if (m->c->request->errand != ERRAND_ADD_MOUNTS || !m->options.bind || m->options.remount)
		return 0;
	if (!host->root && !host->in_userns)
		return err_say(m->e, EPERM, "/mounts/%zu/source: showing a place of the host in a "
			       "running container takes root", m->index);
	return 0;
}

static int refuse(const struct maker *m)
{
	int r = refuse_entering(m);

	if (r < 0)
		return r;
	if (path_is(m->path, "/"))
		return err_say(m->e, EINVAL, "/mounts/%zu/destination: \"%s\" is the root itself",
			       m->index, m->mount->destination);
	if (m->options.copy_up && !str_equal(m->mount->type, "tmpfs"))
		return err_say(m->e, EINVAL, "/mounts/%zu/options: tmpcopyup is for tmpfs only",
			       m->index);
	if (m->options.bind && !m->options.remount && !maker_source(m))
		return err_say(m->e, EINVAL, "/mounts/%zu/source: is required for a bind mount",
			       m->index);
	return 0;
}

/* The control groups are mounted in there, and a user's own are the user's to write to: a read-only
 * view of the host's /sys means these too (CVE-2023-25809). */
static void cover_sys(struct maker *m)
{
	const char *source = m->options.bind && m->options.recursive ? maker_source(m) : NULL;

	if (source && path_is(path_absolute(m->c->arena, source), "/sys") &&
	    m->options.top.set & MOUNT_ATTR_RDONLY && !(m->options.all.clear & MOUNT_ATTR_RDONLY))
		m->options.all.set |= MOUNT_ATTR_RDONLY;
}

int maker_begin(struct compile *c, size_t index, struct maker *ret_maker, struct err *e)
{
	const struct spec_mount *mount = &c->spec->mounts[index];
	struct maker m = {
		.c = c,
		.mount = mount,
		.index = index,
		.type = type_of(mount->type),
		.why = arena_printf(c->arena, "/mounts/%zu (destination %s)", index,
				    mount->destination),
		.path = path_absolute(c->arena, mount->destination),
		.e = e,
	};
	int r = mount_options_parse(c->arena, mount, index, &m.options, e);

	if (r == 0)
		r = refuse(&m);
	if (r == 0)
		r = maker_maps(&m);
	if (r < 0)
		return r;
	cover_sys(&m);
	m.waits = must_wait(&m);
	*ret_maker = m;
	return 0;
}

static int mount_steps(struct maker *m)
{
	struct plan *plan = m->c->plan;
	int r;

	if (m->options.remount)
		return remount_steps(m);
	m->slot = m->waits ? plan_slot(plan) : plan_slot_of(plan, &plan->mount_slot);
	r = source_steps(m);
	if (r < 0)
		return r;
	/* Copies of the host's own mounts; those in a new namespace are slaves already. */
	if (!spec_has_namespace(m->c->spec, NS_MOUNT))
		given_propagation(m->c, m->why, m->slot);
	attach_steps(m);
	return 0;
}

bool mounts_are_ours(const struct compile *c)
{
	return c->request->errand == ERRAND_ADD_MOUNTS || !spec_joined_namespace(c->spec, NS_MOUNT);
}

int mounts_compile(struct compile *c, struct err *e)
{
	size_t count = mounts_are_ours(c) ? c->spec->mount_count : 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct maker m;

		r = maker_begin(c, i, &m, e);
		if (r == 0)
			r = mount_steps(&m);
		r = findings_note(c->request->findings, r, e);
	}
	return r;
}
