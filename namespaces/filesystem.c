/* SPDX-License-Identifier: Apache-2.0 */
/* New file systems: their options, labels and attributes. */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/maker.h"
#include "plan/plan.h"
#include "plan/request.h"

/* The new mount has no children, so recursive forms are as good as plain ones. */
uint64_t maker_new_attrs(const struct maker *m)
{
	uint64_t set = (m->options.top.set & ~m->options.all.clear) | m->options.all.set;

	return m->waits ? set & ~(uint64_t)MOUNT_ATTR_RDONLY : set;
}

/* The terminals' group of the host has no meaning where it is not mapped; the kernel refuses it. */
static bool gid_is_unmapped(const struct maker *m, const char *option)
{
	const struct id_mappings *maps = &m->c->spec->linux.gid_mappings;
	uint64_t gid;

	if (!spec_has_namespace(m->c->spec, NS_USER) && m->c->host->no_terminal_group)
		return str_equal(m->mount->type, "devpts") && str_equal(option, "gid=5");

	if (!str_equal(m->mount->type, "devpts") || !str_starts(option, "gid=") || !maps->count ||
	    parse_u64(option + strlen("gid="), UINT32_MAX, &gid) < 0)
		return false;
	for (size_t i = 0; i < maps->count; i++)
		if (gid >= maps->items[i].container_id &&
		    gid - maps->items[i].container_id < maps->items[i].size)
			return false;
	return true;
}

/* mount(8), "context=": which of a mount's labels an SELinux context is for. */
static const char *const contexts[] = { "context", "fscontext", "defcontext", "rootcontext", NULL };

static bool is_context(const char *name, size_t length)
{
	for (const char *const *row = contexts; *row; row++)
		if (strlen(*row) == length && strncmp(*row, name, length) == 0)
			return true;
	return false;
}

/* What the config says for this mount wins over the label for all. */
static bool has_context(const struct strings *data)
{
	for (size_t i = 0; i < data->count; i++)
		if (is_context(data->items[i], strcspn(data->items[i], "=")))
			return true;
	return false;
}

int label_option(const struct compile *c, const char **ret_option, struct err *e)
{
	const char *label = c->spec->linux.mount_label;
	const char *type = spec_annotation(c->spec, "run.oci.mount_context_type");

	*ret_option = NULL;
	if (!label || !*label)
		return 0;
	if (!type)
		type = contexts[0];
	if (!is_context(type, strlen(type)))
		return err_say(e, EINVAL,
			       "/annotations/run.oci.mount_context_type: \"%s\" is none of context, "
			       "fscontext, defcontext and rootcontext", type);
	*ret_option = arena_printf(c->arena, "%s=%s", type, label);
	return 0;
}

static bool takes_label(const struct maker *m)
{
	return m->type->labelled && !has_context(&m->options.data);
}

/* As mount(2) does with MS_RDONLY, "ro" is said to the superblock too. */
struct strings maker_fs_options(const struct maker *m, uint64_t attrs, const char *label)
{
	const struct mount_options *o = &m->options;
	const char **items =
		arena_array(m->c->arena, o->super.count + o->data.count + 2, sizeof *items);
	size_t count = 0;

	for (size_t i = 0; i < o->data.count; i++)
		if (!gid_is_unmapped(m, o->data.items[i]))
			items[count++] = o->data.items[i];
	for (size_t i = 0; i < o->super.count; i++)
		items[count++] = o->super.items[i];
	if (label)
		items[count++] = label;
	if (attrs & MOUNT_ATTR_RDONLY)
		items[count++] = "ro";
	return (struct strings){ items, count };
}

int maker_fs_steps(struct maker *m, enum plan_lane lane, enum plan_op op)
{
	struct plan *plan = m->c->plan;
	const char *type = m->type->real ? m->type->real : m->mount->type, *label = NULL;
	const char *source = m->mount->source ? m->mount->source : type;
	uint64_t attrs = maker_new_attrs(m);
	struct strings options;

	if (!type || !*type)
		return err_say(m->e, EINVAL,
			       "/mounts/%zu/type: is required unless the options "
			       "have \"bind\" or \"rbind\"",
			       m->index);
	if (takes_label(m) && label_option(m->c, &label, m->e) < 0)
		return -EINVAL;
	options = maker_fs_options(m, attrs, label);
	plan_add(plan, lane, op, m->why,
		 (const uint64_t[PLAN_ARGS]){ plan_str(plan, type), plan_str(plan, source),
					      plan_list(plan, &options), attrs, m->slot });
	return 0;
}
