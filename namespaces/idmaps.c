/* SPDX-License-Identifier: Apache-2.0 */
/* Whose ids a mount shows (config.md#linux-mount-options, "idmap" and "ridmap"). */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/maker.h"
#include "plan/request.h"

enum { RANGES_MAX = 340 }; /* lines the kernel takes */

/* "@0-1-10#20-30-5" while it is read. */
struct ranges {
	const struct maker *m;
	const struct id_mappings *own; /* of the container's user namespace: what "@" refers to */
	struct strbuf *lines;
	const char *text;              /* all of it, for messages */
};

static int bad_text(const struct maker *m, const char *text, const char *problem)
{
	return err_say(m->e, EINVAL, "/mounts/%zu/options/%zu: \"%s\": %s", m->index,
		       m->options.idmap_index, text, problem);
}

/* An id of the container is one of the host by the range that holds it. */
static bool to_host(const struct id_mappings *own, uint64_t *id)
{
	for (size_t i = 0; i < own->count; i++) {
		const struct id_mapping *map = &own->items[i];

		if (*id < map->container_id || *id - map->container_id >= map->size)
			continue;
		*id = *id - map->container_id + map->host_id;
		return true;
	}
	return false;
}

/* "FROM-TO-COUNT": ids of the file system, ids of the host, how many. */
static bool parse_triplet(char *text, uint64_t ret_numbers[3])
{
	for (int i = 0; i < 3; i++) {
		char *end = text + strcspn(text, "-");
		bool last = !*end;

		*end = '\0';
		if (last != (i == 2) || parse_u64(text, UINT32_MAX, &ret_numbers[i]) < 0)
			return false;
		text = end + 1;
	}
	return ret_numbers[2] && ret_numbers[0] + ret_numbers[2] - 1 < UINT32_MAX &&
	       ret_numbers[1] + ret_numbers[2] - 1 < UINT32_MAX;
}

static int add_range(const struct ranges *r, const char *text, size_t length)
{
	bool relative = *text == '@';
	char *copy = arena_strndup(r->m->c->arena, text + relative, length - relative);
	uint64_t n[3];

	if (!length || !parse_triplet(copy, n))
		return bad_text(r->m, r->text, "not FROM-TO-COUNT triplets divided by \"#\"");
	if (relative && !to_host(r->own, &n[1]))
		return bad_text(r->m, r->text,
				"\"@\" is for ids that linux.uidMappings and gidMappings have");
	strbuf_addf(r->lines, "%u %u %u\n", (unsigned)n[0], (unsigned)n[1], (unsigned)n[2]);
	return 0;
}

static int parse_ranges(const struct ranges *r)
{
	const char *at = r->text;

	for (int count = 1;; count++) {
		size_t length = strcspn(at, "#");

		if (count > RANGES_MAX)
			return bad_text(r->m, r->text, "the kernel takes 340 ranges");
		if (add_range(r, at, length) < 0)
			return -EINVAL;
		if (!at[length])
			return 0;
		at += length + 1;
	}
}

static const char *lines_of(struct arena *arena, const struct id_mappings *maps)
{
	autobuf text = { 0 };

	for (size_t i = 0; i < maps->count; i++)
		strbuf_addf(&text, "%u %u %u\n", maps->items[i].container_id,
			    maps->items[i].host_id, maps->items[i].size);
	return text.text ? arena_strdup(arena, text.text) : NULL;
}

static int add_part(const struct maker *m, const char *part, struct mount_maps *maps)
{
	const struct spec_linux *spec = &m->c->spec->linux;
	const struct {
		const char *name;
		const struct id_mappings *own;
		const char **lines;
	} rows[] = { { "uids=", &spec->uid_mappings, &maps->uids },
		     { "gids=", &spec->gid_mappings, &maps->gids } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autobuf lines = { 0 };
		struct ranges r = { m, rows[i].own, &lines, part + strlen(rows[i].name) };

		if (!str_starts(part, rows[i].name))
			continue;
		if (*rows[i].lines)
			return bad_text(m, part, "is there twice");
		if (parse_ranges(&r) < 0)
			return -EINVAL;
		*rows[i].lines = arena_strdup(m->c->arena, lines.text);
		return 0;
	}
	return bad_text(m, part, "is neither \"uids=\" nor \"gids=\"");
}

/* "uids=RANGES;gids=RANGES". What is left out is mapped as in the container. */
static int maps_from_text(const struct maker *m, struct mount_maps *maps)
{
	const struct spec_linux *spec = &m->c->spec->linux;
	char *text = arena_strdup(m->c->arena, m->options.idmap), *part;

	while ((part = strsep(&text, ";")))
		if (*part && add_part(m, part, maps) < 0)
			return -EINVAL;
	if (!maps->uids)
		maps->uids = lines_of(m->c->arena, &spec->uid_mappings);
	if (!maps->gids)
		maps->gids = lines_of(m->c->arena, &spec->gid_mappings);
	if (!maps->uids || !maps->gids)
		return bad_text(m, m->options.idmap, "needs \"uids=\" and \"gids=\", since the "
						     "container has no mappings of its own");
	return 0;
}

/* config.md: without mappings, those of the container; and an error if there are none. */
static int maps_of_container(const struct maker *m, struct mount_maps *maps)
{
	const struct spec *spec = m->c->spec;

	if (!spec_has_namespace(spec, NS_USER))
		return err_say(m->e, EINVAL,
			       "/mounts/%zu/options/%zu: needs uidMappings and gidMappings, since "
			       "the container has no user namespace", m->index,
			       m->options.idmap_index);
	if (!spec_new_namespace(spec, NS_USER) && m->c->request->errand == ERRAND_ADD_MOUNTS)
		return err_say(m->e, EOPNOTSUPP,
			       "/mounts/%zu/options/%zu: needs uidMappings and gidMappings, since "
			       "the maps of a user namespace that was joined are not known",
			       m->index, m->options.idmap_index);
	if (!spec_new_namespace(spec, NS_USER))
		return 0; /* OPEN_NS has it */
	maps->uids = lines_of(m->c->arena, &spec->linux.uid_mappings);
	maps->gids = lines_of(m->c->arena, &spec->linux.gid_mappings);
	return 0;
}

static int find_maps(const struct maker *m, struct mount_maps *maps)
{
	const struct spec_mount *mount = m->mount;

	if (mount->uid_mappings.count && m->options.idmap)
		return bad_text(m, m->options.idmap, "the mount has uidMappings too");
	if (m->options.idmap && *m->options.idmap)
		return maps_from_text(m, maps);
	if (!mount->uid_mappings.count)
		return maps_of_container(m, maps);
	maps->uids = lines_of(m->c->arena, &mount->uid_mappings);
	maps->gids = lines_of(m->c->arena, &mount->gid_mappings);
	return 0;
}

/* What belongs to a namespace shows what that knows, and no ids of a disk. */
static int refuse(const struct maker *m)
{
	if (m->options.remount)
		return err_say(m->e, EINVAL, "/mounts/%zu/options: a remount cannot map ids: that "
			       "takes a mount which nobody has used yet", m->index);
	if (!m->options.bind && (m->type->instance || maker_is_cgroup(m)))
		return err_say(m->e, EINVAL, "/mounts/%zu/options: %s cannot map ids", m->index,
			       m->mount->type);
	if (m->options.bind && m->options.tree_flags & TREE_COPY_SYMLINK)
		return err_say(m->e, EINVAL, "/mounts/%zu/options: copy-symlink makes no mount "
			       "whose ids could be mapped", m->index);
	if (!m->c->host->root && !m->c->host->in_userns)
		return err_say(m->e, EPERM, "/mounts/%zu/options: mapping the ids of a mount takes "
			       "CAP_SYS_ADMIN over its file system, which no unprivileged user has",
			       m->index);
	return 0;
}

int maker_maps(struct maker *m)
{
	struct mount_maps maps = { .wanted = true };
	int r;

	if (!m->options.has_idmap && !m->mount->uid_mappings.count &&
	    !m->mount->gid_mappings.count)
		return 0;
	r = refuse(m);
	if (r == 0)
		r = find_maps(m, &maps);
	if (r == 0)
		m->maps = maps;
	return r;
}
