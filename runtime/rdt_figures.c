/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/rdt.h"
#include "runtime/resctrl.h"
#include "runtime/state.h"

enum { SMALL = 1 << 16 };

/* Without blanks around; NULL when it cannot be read. */
static const char *text_of(struct arena *arena, int dir, const char *path)
{
	autobuf text = { 0 };
	const char *at;

	if (file_read(dir, path, SMALL, &text) < 0 || !text.length)
		return NULL;
	at = text.text + strspn(text.text, " \n");
	return arena_strndup(arena, at, strcspn(at, "\n"));
}

/* What is no number ("Unavailable") counts as 0. */
static uint64_t number_of(int dir, const char *path)
{
	autoarena arena = { 0 };
	const char *text = text_of(&arena, dir, path);
	uint64_t number = 0;

	return text && parse_u64(text, UINT64_MAX, &number) == 0 ? number : 0;
}

static const struct info_row {
	const char *path;
	size_t offset;
} info_rows[] = {
#define ROW(path, field) { path, offsetof(struct rdt_figures, field) }
	ROW("info/L3/min_cbm_bits", least_bits),
	ROW("info/L3/num_closids", cache_classes),
	ROW("info/MB/bandwidth_gran", granularity),
	ROW("info/MB/delay_linear", linear_delay),
	ROW("info/MB/min_bandwidth", least_bandwidth),
	ROW("info/MB/num_closids", bandwidth_classes),
#undef ROW
};

static void read_info(struct arena *arena, int root, struct rdt_figures *figures)
{
	autobuf features = { 0 };

	for (size_t i = 0; i < sizeof info_rows / sizeof *info_rows; i++)
		*(uint64_t *)((char *)figures + info_rows[i].offset) =
			number_of(root, info_rows[i].path);
	figures->mask = text_of(arena, root, "info/L3/cbm_mask");
	figures->bandwidth_known = text_of(arena, root, "info/MB/min_bandwidth");
	if (file_read(root, "info/L3_MON/mon_features", SMALL, &features) < 0 || !features.length)
		return;
	figures->counts_traffic = strstr(features.text, "mbm_");
	figures->counts_occupancy = strstr(features.text, "llc_occupancy");
}

static void read_schemata(struct arena *arena, int dir, const char *path, const char **ret_cache,
			  const char **ret_bandwidth)
{
	autobuf text = { 0 };

	if (file_read(dir, path, SMALL, &text) < 0)
		return;
	*ret_cache = resctrl_line(arena, text.text, "L3");
	*ret_bandwidth = resctrl_line(arena, text.text, "MB");
}

static void close_dir(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

/* Names of caches, those that find room; how many there are. */
static size_t caches(struct arena *arena, DIR *stream, const char **names, size_t room)
{
	struct dirent *entry;
	size_t count = 0;

	rewinddir(stream);
	while ((entry = readdir(stream))) {
		if (*entry->d_name == '.')
			continue;
		if (count < room)
			names[count] = arena_strdup(arena, entry->d_name);
		count++;
	}
	return count;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct rdt_node read_node(int dir, const char *name)
{
	autoarena arena = { 0 };

	return (struct rdt_node){
		number_of(dir, arena_printf(&arena, "%s/mbm_total_bytes", name)),
		number_of(dir, arena_printf(&arena, "%s/mbm_local_bytes", name)),
		number_of(dir, arena_printf(&arena, "%s/llc_occupancy", name)),
	};
}

/* In the order of the caches' names. */
static void read_nodes(struct arena *arena, int root, const char *directory,
		       struct rdt_figures *figures)
{
	int dir = openat(root, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(close_dir))) DIR *stream = dir < 0 ? NULL : fdopendir(dir);
	size_t room = stream ? caches(arena, stream, NULL, 0) : 0, count;
	const char **names = arena_array(arena, room + 1, sizeof *names);
	struct rdt_node *nodes = arena_array(arena, room + 1, sizeof *nodes);

	if (!stream)
		return;
	count = caches(arena, stream, names, room);
	count = count < room ? count : room;
	qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++)
		nodes[i] = read_node(dir, names[i]);
	figures->nodes = nodes;
	figures->node_count = count;
}

const struct rdt_figures *rdt_figures(struct arena *arena, const struct container *c)
{
	const char *group = c->rdt_class;
	struct rdt_figures *figures;
	autofd root = -1;
	struct err none;

	if (!group || resctrl_open(&root, &none) < 0)
		return NULL;
	figures = arena_alloc(arena, sizeof *figures);
	*figures = (struct rdt_figures){ 0 };
	read_info(arena, root, figures);
	read_schemata(arena, root, "schemata", &figures->cache_of_root,
		      &figures->bandwidth_of_root);
	read_schemata(arena, root, arena_printf(arena, "%s/schemata", group), &figures->cache,
		      &figures->bandwidth);
	/* Its own monitoring group counts no other container of the class. */
	read_nodes(arena, root,
		   c->monitored ? arena_printf(arena, "%s/mon_groups/%s/mon_data", group, c->id)
				: arena_printf(arena, "%s/mon_data", group), figures);
	return figures;
}
