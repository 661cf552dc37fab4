/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/pids.h"
#include "runtime/resctrl.h"
#include "runtime/state.h"

/* Written down before it is made, so that delete finds it whatever happens. */
static int make_own(struct container *c, struct rdt_change *change, struct err *e)
{
	const struct resctrl_group own = { .name = c->id };
	int r;

	if (faccessat(change->root, c->id, F_OK, 0) == 0)
		return err_say(e, EEXIST, "resctrl group %s exists, and is not the container's",
			       c->id);
	change->group = c->rdt_class = c->resctrl = c->id;
	change->made = true;
	r = container_save(c, e);
	return r < 0 ? r : resctrl_make(change->root, &own, e);
}

static bool is_known(const struct pids *known, pid_t pid)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->items[i] == pid)
			return true;
	return false;
}

static bool has_more(const struct pids *now, const struct pids *known)
{
	for (size_t i = 0; i < now->count; i++)
		if (!is_known(known, now->items[i]))
			return true;
	return false;
}

/* Who is forked by a process of the class is in it: once no list has anybody new, all are. */
static int move_all(struct context *context, const struct container *c,
		    const struct rdt_change *change, struct err *e)
{
	pid_t init = c->pid;
	struct pids known, now = { &init, 1 };
	int r = 0;

	do {
		known = now;
		r = resctrl_move(change->root, change->group, known.items, known.count, e);
		if (r == 0 && container_tells_processes(c))
			r = container_processes(context, c, &now, e);
	} while (r == 0 && has_more(&now, &known));
	return r;
}

int rdt_change(struct context *context, struct container *c, const struct strings *schemata,
	       struct rdt_change *ret_change, struct err *e)
{
	autordt change = RDT_CHANGE_NONE;
	struct resctrl_group group = { .schemata = *schemata };
	int r = resctrl_open(&change.root, e);

	if (r < 0)
		return r;
	change.group = c->rdt_class;
	if (!c->rdt_class)
		r = make_own(c, &change, e);
	group.name = change.group;
	if (r == 0)
		r = resctrl_change(context->arena, change.root, &group, &change.before, e);
	if (r == 0 && change.made)
		r = move_all(context, c, &change, e);
	if (r < 0) {
		rdt_take_back(context, c, &change);
		return r;
	}
	*ret_change = change;
	change.root = -1;
	return 0;
}

/* The processes of a group that is removed are in the root's again. */
static void unmake(struct container *c, const struct rdt_change *change)
{
	struct err e;

	if (resctrl_remove(change->root, change->group, NULL, &e) < 0) {
		log_line(LOG_LEVEL_WARNING, "not restored: %s", e.text);
		return;
	}
	c->rdt_class = c->resctrl = NULL;
	if (container_save(c, &e) < 0)
		log_line(LOG_LEVEL_WARNING, "%s", e.text);
}

void rdt_take_back(struct context *context, struct container *c, const struct rdt_change *change)
{
	const struct resctrl_group group = { .name = change->group, .schemata = change->before };
	struct strings ignored;
	struct err e;

	if (change->root < 0 || !change->group)
		return;
	if (change->made)
		unmake(c, change);
	else if (resctrl_change(context->arena, change->root, &group, &ignored, &e) < 0)
		log_line(LOG_LEVEL_WARNING, "not restored: %s", e.text);
}

void rdt_change_close(struct rdt_change *change)
{
	fd_close(&change->root);
}
