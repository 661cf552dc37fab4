/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/mount_options.h"

#include <errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "plan/format.h"
#include "spec/names.h"
#include "spec/spec.h"

enum option_kind {
	NOTHING, /* a default, or without meaning for any file system of today */
	TOP,     /* attributes of the mount */
	ALL,     /* attributes of the mount and of all below */
	SUPER,   /* flags of the superblock */
	PROPAGATION,
	BIND,
	RBIND,
	REMOUNT,
	COPY_UP,
	IDMAP,
	TREE,
	TARGET,
};

enum super_flag { SYNC = 1, DIRSYNC = 2, MAND = 4, LAZYTIME = 8 };

#define ATIMES MOUNT_ATTR__ATIME

/*
 * Sorted by name. silent and loud steer messages that fsconfig(2) has no place for; i_version is
 * always kept by the file systems that have it. Recursive forms of superblock flags are crun's and
 * mean the same.
 */
/* clang-format off */
#define MOUNT_OPTIONS(X) \
	X("async", SUPER, 0, SYNC) \
	X("atime", TOP, 0, ATIMES) \
	X("bind", BIND, 0, 0) \
	X("copy-symlink", TREE, TREE_COPY_SYMLINK, 0) \
	X("defaults", NOTHING, 0, 0) \
	X("dest-nofollow", TARGET, TARGET_NOFOLLOW, 0) \
	X("dev", TOP, 0, MOUNT_ATTR_NODEV) \
	X("diratime", TOP, 0, MOUNT_ATTR_NODIRATIME) \
	X("dirsync", SUPER, DIRSYNC, 0) \
	X("exec", TOP, 0, MOUNT_ATTR_NOEXEC) \
	X("idmap", IDMAP, 0, 0) \
	X("iversion", NOTHING, 0, 0) \
	X("lazytime", SUPER, LAZYTIME, 0) \
	X("loud", NOTHING, 0, 0) \
	X("mand", SUPER, MAND, 0) \
	X("noatime", TOP, MOUNT_ATTR_NOATIME, ATIMES) \
	X("nodev", TOP, MOUNT_ATTR_NODEV, 0) \
	X("nodiratime", TOP, MOUNT_ATTR_NODIRATIME, 0) \
	X("noexec", TOP, MOUNT_ATTR_NOEXEC, 0) \
	X("noiversion", NOTHING, 0, 0) \
	X("nolazytime", SUPER, 0, LAZYTIME) \
	X("nomand", SUPER, 0, MAND) \
	X("norelatime", TOP, 0, ATIMES) \
	X("nostrictatime", TOP, 0, ATIMES) \
	X("nosuid", TOP, MOUNT_ATTR_NOSUID, 0) \
	X("nosymfollow", TOP, MOUNT_ATTR_NOSYMFOLLOW, 0) \
	X("private", PROPAGATION, MS_PRIVATE, 0) \
	X("rasync", SUPER, 0, SYNC) \
	X("ratime", ALL, 0, ATIMES) \
	X("rbind", RBIND, 0, 0) \
	X("rdev", ALL, 0, MOUNT_ATTR_NODEV) \
	X("rdiratime", ALL, 0, MOUNT_ATTR_NODIRATIME) \
	X("rdirsync", SUPER, DIRSYNC, 0) \
	X("relatime", TOP, MOUNT_ATTR_RELATIME, ATIMES) \
	X("remount", REMOUNT, 0, 0) \
	X("rexec", ALL, 0, MOUNT_ATTR_NOEXEC) \
	X("ridmap", IDMAP, AT_RECURSIVE, 0) \
	X("rmand", SUPER, MAND, 0) \
	X("rnoatime", ALL, MOUNT_ATTR_NOATIME, ATIMES) \
	X("rnodev", ALL, MOUNT_ATTR_NODEV, 0) \
	X("rnodiratime", ALL, MOUNT_ATTR_NODIRATIME, 0) \
	X("rnoexec", ALL, MOUNT_ATTR_NOEXEC, 0) \
	X("rnomand", SUPER, 0, MAND) \
	X("rnorelatime", ALL, 0, ATIMES) \
	X("rnostrictatime", ALL, 0, ATIMES) \
	X("rnosuid", ALL, MOUNT_ATTR_NOSUID, 0) \
	X("rnosymfollow", ALL, MOUNT_ATTR_NOSYMFOLLOW, 0) \
	X("ro", TOP, MOUNT_ATTR_RDONLY, 0) \
	X("rprivate", PROPAGATION, MS_PRIVATE | MS_REC, 0) \
	X("rrelatime", ALL, MOUNT_ATTR_RELATIME, ATIMES) \
	X("rro", ALL, MOUNT_ATTR_RDONLY, 0) \
	X("rrw", ALL, 0, MOUNT_ATTR_RDONLY) \
	X("rshared", PROPAGATION, MS_SHARED | MS_REC, 0) \
	X("rslave", PROPAGATION, MS_SLAVE | MS_REC, 0) \
	X("rstrictatime", ALL, MOUNT_ATTR_STRICTATIME, ATIMES) \
	X("rsuid", ALL, 0, MOUNT_ATTR_NOSUID) \
	X("rsymfollow", ALL, 0, MOUNT_ATTR_NOSYMFOLLOW) \
	X("rsync", SUPER, SYNC, 0) \
	X("runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC, 0) \
	X("rw", TOP, 0, MOUNT_ATTR_RDONLY) \
	X("shared", PROPAGATION, MS_SHARED, 0) \
	X("silent", NOTHING, 0, 0) \
	X("slave", PROPAGATION, MS_SLAVE, 0) \
	X("src-nofollow", TREE, TREE_NOFOLLOW, 0) \
	X("strictatime", TOP, MOUNT_ATTR_STRICTATIME, ATIMES) \
	X("suid", TOP, 0, MOUNT_ATTR_NOSUID) \
	X("symfollow", TOP, 0, MOUNT_ATTR_NOSYMFOLLOW) \
	X("sync", SUPER, SYNC, 0) \
	X("tmpcopyup", COPY_UP, 0, 0) \
	X("unbindable", PROPAGATION, MS_UNBINDABLE, 0)
/* clang-format on */

static const struct option_row {
	const char *name;
	enum option_kind kind;
	uint64_t set, clear;
} option_rows[] = {
#define X(name, kind, set, clear) { name, kind, set, clear },
	MOUNT_OPTIONS(X)
#undef X
};

const char *const *mount_option_names(void)
{
	static const char *const names[] = {
#define X(name, ...) name,
		MOUNT_OPTIONS(X)
#undef X
			NULL,
	};

	return names;
}

static const struct name_value super_names[] = {
	{ "sync", SYNC }, { "dirsync", DIRSYNC }, { "mand", MAND }, { "lazytime", LAZYTIME },
	{ NULL, 0 },
};

struct parser {
	struct arena *arena;
	const struct spec_mount *mount;
	size_t mount_index, option; /* where we are: /mounts/MOUNT_INDEX/options/OPTION */
	struct mount_options result;
	uint64_t super;
	uint64_t *propagations;
	const char **data;
	size_t *data_index;
	struct err *e;
};

static const struct option_row *find(const char *name)
{
	for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++)
		if (strcmp(option_rows[i].name, name) == 0)
			return &option_rows[i];
	return NULL;
}

/* The later option wins. The access time bits are one field: to set one value all are cleared. */
static void apply_attrs(struct mount_attrs *attrs, const struct option_row *row)
{
	attrs->set = (attrs->set & ~row->clear) | row->set;
	attrs->clear = (attrs->clear & ~row->set) | row->clear;
}

static void add_idmap(struct parser *p, bool recursive)
{
	p->result.has_idmap = true;
	p->result.idmap_recursive |= recursive;
	p->result.idmap_index = p->option;
}

static void apply(struct parser *p, const struct option_row *row)
{
	struct mount_options *result = &p->result;

	switch (row->kind) {
	case NOTHING:
		break;
	case TOP:
		apply_attrs(&result->top, row);
		break;
	case ALL:
		apply_attrs(&result->all, row);
		break;
	case SUPER:
		p->super = (p->super & ~row->clear) | row->set;
		break;
	case PROPAGATION:
		p->propagations[result->propagation_count++] = row->set;
		break;
	case RBIND:
		result->recursive = true;
		result->bind = true;
		break;
	case BIND:
		result->bind = true;
		break;
	case REMOUNT:
		result->remount = true;
		break;
	case COPY_UP:
		result->copy_up = true;
		break;
	case IDMAP:
		add_idmap(p, row->set != 0);
		break;
	case TREE:
		result->tree_flags |= row->set;
		break;
	case TARGET:
		result->target_flags |= row->set;
		break;
	}
}

static void add_datum(struct parser *p, const char *text, size_t length)
{
	size_t n = p->result.data.count;

	if (!length)
		return;
	p->data[n] = arena_strndup(p->arena, text, length);
	p->data_index[n] = p->option;
	p->result.data.count++;
}

/* mount(8) takes quotation marks off a value, which shield the commas in an SELinux label. */
static void add_unquoted(struct parser *p, const char *text, size_t length)
{
	const char *quote = memchr(text, '"', length);
	size_t before = quote ? (size_t)(quote - text) : 0;
	char *copy;

	if (!quote || length < before + 2 || text[length - 1] != '"' || !before ||
	    text[before - 1] != '=') {
		add_datum(p, text, length);
		return;
	}
	copy = arena_strndup(p->arena, text, length - 1);
	memmove(copy + before, copy + before + 1, length - 1 - before);
	add_datum(p, copy, length - 2);
}

/* The length of the first of several options in one text; a comma in quotation marks or behind a
 * backslash divides nothing. */
static size_t first_datum(const char *text)
{
	bool quoted = false;
	size_t n = 0;

	for (; text[n] && (quoted || text[n] != ','); n++) {
		if (text[n] == '"')
			quoted = !quoted;
		if (text[n] == '\\' && text[n + 1])
			n++;
	}
	return n;
}

static void add_data(struct parser *p, const char *text)
{
	while (*text) {
		size_t length = first_datum(text);

		add_unquoted(p, text, length);
		text += length + (text[length] == ',');
	}
}

/* "idmap=uids=0-1000-1;gids=..." is crun's form with the mapping inside. */
static bool add_idmap_with_text(struct parser *p, const char *option)
{
	const char *equals = strchr(option, '=');

	if (!str_starts(option, "idmap=") && !str_starts(option, "ridmap="))
		return false;
	add_idmap(p, *option == 'r');
	p->result.idmap = equals + 1;
	return true;
}

static void parse_option(struct parser *p, const char *option)
{
	const struct option_row *row = find(option);

	if (row)
		apply(p, row);
	else if (!add_idmap_with_text(p, option))
		add_data(p, option);
}

static const char *like_one(struct arena *arena, const char *text)
{
	for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++)
		if (word_like(option_rows[i].name, text))
			return arena_printf(arena, " (did you mean \"%s\"?)", option_rows[i].name);
	return "";
}

/* What mount(2) would take as its data argument has no meaning for a copy of a mount: ignoring it would hide a
 * mistake. */
static int refuse_data(const struct parser *p)
{
	const struct mount_options *result = &p->result;

	if (!result->data.count || !result->bind)
		return 0;
	return err_say(
		p->e, EINVAL,
		"/mounts/%zu/options/%zu: \"%s\" is data for a file system, which a bind mount does not take%s",
		p->mount_index, result->data_index[0], result->data.items[0],
		like_one(p->arena, result->data.items[0]));
}

static void list_super(struct parser *p)
{
	const char **items =
		arena_array(p->arena, sizeof super_names / sizeof *super_names, sizeof *items);
	size_t count = 0;

	for (const struct name_value *row = super_names; row->name; row++)
		if (p->super & row->value)
			items[count++] = row->name;
	p->result.super = (struct strings){ items, count };
}

/* One text may hold several options between commas. */
static size_t most_data(const struct strings *options)
{
	size_t count = options->count;

	for (size_t i = 0; i < options->count; i++)
		for (const char *c = options->items[i]; *c; c++)
			count += *c == ',';
	return count;
}

int mount_options_parse(struct arena *arena, const struct spec_mount *mount, size_t index,
			struct mount_options *ret_options, struct err *e)
{
	const struct strings *options = &mount->options;
	size_t most = most_data(options);
	struct parser p = {
		.arena = arena,
		.mount = mount,
		.mount_index = index,
		.result.bind = str_equal(mount->type, "bind"),
		.propagations = arena_array(arena, options->count, sizeof *p.propagations),
		.data = arena_array(arena, most, sizeof *p.data),
		.data_index = arena_array(arena, most, sizeof *p.data_index),
		.e = e,
	};
	int r;

	for (p.option = 0; p.option < options->count; p.option++)
		parse_option(&p, options->items[p.option]);
	p.result.propagations = p.propagations;
	p.result.data.items = p.data;
	p.result.data_index = p.data_index;
	list_super(&p);
	r = refuse_data(&p);
	if (r == 0)
		*ret_options = p.result;
	return r;
}
