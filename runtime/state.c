/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/scope.h"
#include "runtime/context.h"
#include "runtime/state_file.h"
#include "spec/load.h"

enum { STATE_MAX = 16 << 20, BEING_MADE = 01700 };

/* The sticky bit keeps a clean-up of $XDG_RUNTIME_DIR from taking old files away. */
static int make_root(const char *root)
{
	int r = dir_make_path(AT_FDCWD, root, 0700);

	if (r == 0 && geteuid() != 0)
		chmod(root, 01700);
	return r;
}

int state_root(struct context *context, bool make, int *ret_fd, struct err *e)
{
	int fd, r;

	if (context->root_fd >= 0) {
		*ret_fd = context->root_fd;
		return 0;
	}
	fd = openat(AT_FDCWD, context->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		r = make_root(context->root);
		if (r < 0)
			return err_set(e, -r, "state root %s: mkdir", context->root);
		fd = openat(AT_FDCWD, context->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_set(e, errno, "state root %s: open", context->root);
	context->root_fd = fd;
	*ret_fd = fd;
	return 0;
}

static int say_absent(const char *id, struct err *e)
{
	return err_say(e, ENOENT, "container does not exist: %s", id);
}

void container_close(struct container *c)
{
	fd_close(&c->dir);
	fd_close(&c->pidfd);
	c->locked = false;
}

/* Whoever waited for the lock may find that the directory was removed meanwhile. */
int container_lock(struct container *c, struct err *e)
{
	struct stat st;

	if (c->locked)
		return 0;
	while (flock(c->dir, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "container %s: flock", c->id);
	if (fstat(c->dir, &st) < 0)
		return err_set(e, errno, "container %s: fstat", c->id);
	if (st.st_nlink == 0)
		return say_absent(c->id, e);
	c->locked = true;
	return 0;
}

bool container_lock_now(struct container *c)
{
	struct stat st;

	/* Who has it may be deleting: what is gone is container_lock()'s to say. */
	if (!c->locked && flock(c->dir, LOCK_EX | LOCK_NB) == 0)
		c->locked = fstat(c->dir, &st) == 0 && st.st_nlink > 0;
	return c->locked;
}

void container_unlock(struct container *c)
{
	if (c->locked)
		flock(c->dir, LOCK_UN);
	c->locked = false;
}

static int open_directory(struct context *context, int root, const char *id, bool lock,
			  struct container *ret_container, struct err *e)
{
	autocontainer c = { .id = arena_strdup(context->arena, id),
			    .dir = openat(root, id,
					  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			    .pidfd = -1 };
	int r;

	if (c.dir < 0 && (errno == ENOENT || errno == ENAMETOOLONG))
		return say_absent(id, e);
	if (c.dir < 0)
		return err_set(e, errno, "container %s: open %s/%s", id, context->root, id);
	r = lock ? container_lock(&c, e) : 0;
	if (r < 0)
		return r;
	*ret_container = c;
	c.dir = -1;
	return 0;
}

int container_reserve(struct context *context, const char *id, struct container *ret_container,
		      struct err *e)
{
	int root;
	int r = container_id_check(id, e);

	if (r == 0)
		r = state_root(context, true, &root, e);
	if (r < 0)
		return r;
	r = mkdirat(root, id, BEING_MADE) < 0 ? -errno : 0;
	if (r == -EEXIST)
		return err_say(e, EEXIST, "container with given ID already exists: %s", id);
	if (r < 0)
		return err_set(e, -r, "container %s: mkdir %s/%s", id, context->root, id);
	r = open_directory(context, root, id, true, ret_container, e);
	if (r < 0)
		unlinkat(root, id, AT_REMOVEDIR);
	return r;
}

int container_made(const struct container *c, struct err *e)
{
	return fchmod(c->dir, 0700) < 0 ? err_set(e, errno, "container %s: fchmod", c->id) : 0;
}

int container_open(struct context *context, const char *id, bool lock,
		   struct container *ret_container, struct err *e)
{
	int root;
	int r = container_id_check(id, e);

	if (r < 0)
		return r;
	r = state_root(context, false, &root, e);
	if (r == -ENOENT)
		return say_absent(id, e);
	if (r < 0)
		return r;
	return open_directory(context, root, id, lock, ret_container, e);
}

static int damaged(struct context *context, const struct container *c, struct err *e)
{
	err_prefix(e, "%s/%s/state.json is damaged", context->root, c->id);
	return err_hint(e, "delete --force removes the container all the same");
}

int container_read(struct context *context, struct container *c, struct err *e)
{
	struct container read = *c;
	autobuf text = { 0 };
	int r = file_read_short(c->dir, "state.json", STATE_MAX, &text);

	if (r == -ENOENT) {
		say_absent(c->id, e);
		return err_hint(e, "it has no state.json: being made or removed, or left half-made"
				   "; delete --force removes it");
	}
	if (r < 0)
		return err_set(e, -r, "container %s: %s/%s/state.json: read", c->id, context->root,
			       c->id);
	r = state_parse(context->arena, text.text, text.length, &read, e);
	if (r == 0 && !str_equal(read.id, c->id))
		r = err_say(e, EBADMSG, "\"id\" is \"%.100s\"", read.id);
	if (r < 0)
		return damaged(context, c, e);
	*c = read;
	return 0;
}

int container_load(struct context *context, const char *id, bool lock,
		   struct container *ret_container, struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int r = container_open(context, id, lock, &c, e);

	if (r == 0)
		r = container_read(context, &c, e);
	if (r < 0)
		return r;
	*ret_container = c;
	c.dir = -1;
	return 0;
}

int container_save(const struct container *c, struct err *e)
{
	autobuf text = { 0 };
	int r = state_print(c, &text, e);

	if (r < 0)
		return err_prefix(e, "container %s", c->id);
	r = file_replace(c->dir, "state.json", 0600, text.text, text.length);
	return r < 0 ? err_set(e, -r, "container %s: state.json: write", c->id) : 0;
}

/* What there is in most cases, so that nothing needs to be listed. What says whose cgroup it is goes
 * last: a delete that is cut short can be repeated. */
static bool remove_known(struct arena *arena, int root, const char *id)
{
	static const char *const names[] = { "config.json", "plan", "gate", "state.json" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(root, arena_printf(arena, "%s/%s", id, names[i]), 0);
	return unlinkat(root, id, AT_REMOVEDIR) == 0;
}

int container_forget(struct context *context, const char *id, struct err *e)
{
	int root;
	int r = container_id_check(id, e);

	if (r < 0)
		return r;
	r = state_root(context, false, &root, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (remove_known(context->arena, root, id))
		return 0;
	r = dir_remove_tree(root, id);
	return r < 0 ? err_set(e, -r, "container %s: remove %s/%s", id, context->root, id) : 0;
}

int container_spec(struct context *context, const struct container *c, const struct spec **ret_spec,
		   struct err *e)
{
	struct problems problems = { 0 };
	autofd fd = openat(c->dir, "config.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0)
		return err_set(e, errno, "container %s: %s/%s/config.json: open", c->id,
			       context->root, c->id);
	r = spec_load(context->arena, fd, &problems, ret_spec, e);
	return r < 0 ? err_prefix(e, "container %s: %s/%s/config.json", c->id, context->root, c->id)
		     : 0;
}

/* Nobody looks for it before there is a state.json. */
int container_save_config(const struct container *c, const char *text, size_t length, struct err *e)
{
	int r = file_create(c->dir, "config.json", 0600, text, length);

	return r < 0 ? err_set(e, -r, "container %s: saving config.json: write", c->id) : 0;
}

static void close_dir(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}
#define autodir __attribute__((cleanup(close_dir))) DIR

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names that are ids. Files a caller put there (lock files, sockets) are not ours. */
static size_t read_ids(struct arena *arena, DIR *stream, const char **ids, size_t room)
{
	size_t count = 0;
	struct dirent *entry;
	struct err ignored;

	rewinddir(stream);
	while ((entry = readdir(stream))) {
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (container_id_check(entry->d_name, &ignored) < 0)
			continue;
		if (ids && count < room)
			ids[count] = arena_strdup(arena, entry->d_name);
		count++;
	}
	return ids && count > room ? room : count;
}

int container_ids(struct context *context, struct strings *ret_ids, struct err *e)
{
	autodir *stream = NULL;
	const char **ids;
	size_t count;
	int root, fd;
	int r = state_root(context, false, &root, e);

	if (r == -ENOENT) {
		*ret_ids = (struct strings){ 0 };
		return 0;
	}
	if (r < 0)
		return r;
	fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return err_set(e, errno, "state root %s: open", context->root);
	count = read_ids(context->arena, stream, NULL, 0);
	ids = arena_array(context->arena, count, sizeof *ids);
	count = read_ids(context->arena, stream, ids, count);
	qsort(ids, count, sizeof *ids, by_text);
	*ret_ids = (struct strings){ ids, count };
	return 0;
}

const struct scope *container_scope(const struct container *c, struct scope *ret_scope)
{
	*ret_scope = (struct scope){ c->unit ? c->unit : c->user_unit, c->user_unit != NULL };
	return ret_scope->unit ? ret_scope : NULL;
}
