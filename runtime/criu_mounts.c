/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/criu_mounts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "namespaces/mount_options.h"
#include "namespaces/paths.h"
#include "runtime/context.h"
#include "runtime/criu_messages.h"
#include "runtime/json_list.h"
#include "runtime/mountinfo.h"
#include "runtime/state.h"
#include "spec/spec.h"

static const char file_name[] = "mounts.json";
static const char notify_place[] = "/run/notify";

enum { MOUNTS_MAX = 1 << 24 };
enum kind { KIND_INNER, KIND_BIND, KIND_CGROUP };

/* What is being collected. */
struct collection {
	struct context *context;
	const struct container *container;
	const struct spec *spec;
	int root; /* of the running container, or the root file system */
	struct criu_mount *mounts;
	size_t count, room;
};

static int kind_of(const struct collection *c, size_t index, enum kind *ret_kind, struct err *e)
{
	const struct spec_mount *mount = &c->spec->mounts[index];
	struct mount_options options;
	int r = mount_options_parse(c->context->arena, mount, index, &options, e);

	if (r < 0)
		return r;
	if (str_equal(mount->type, "cgroup") || str_equal(mount->type, "cgroup2"))
		*ret_kind = KIND_CGROUP;
	else
		*ret_kind = options.bind ? KIND_BIND : KIND_INNER;
	return 0;
}

static void grow(struct collection *c)
{
	struct criu_mount *old = c->mounts;

	c->room = c->room * 2 + 16;
	c->mounts = arena_array(c->context->arena, c->room, sizeof *c->mounts);
	for (size_t i = 0; i < c->count; i++)
		c->mounts[i] = old[i];
}

static void add(struct collection *c, const char *key, const char *value)
{
	if (c->count == c->room)
		grow(c);
	c->mounts[c->count++] = (struct criu_mount){ key, value };
}

static struct collection collection(struct context *context, const struct container *container,
				    const struct spec *spec)
{
	return (struct collection){ context, container, spec, -1, NULL, 0, 0 };
}

static struct wire_list list_of(const struct collection *c)
{
	return (struct wire_list){ c->mounts, c->count };
}

/* Where a path of config.json leads in the container: its links are the container's own. NULL where it
 * leads nowhere. */
static const char *resolve(const struct collection *c, const char *path, mode_t *ret_mode)
{
	autofd fd = sys_openat2(c->root, path, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
	char link[32], real[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof real);
	if (n <= 0 || n == sizeof real)
		return NULL;
	*ret_mode = st.st_mode;
	return arena_strndup(c->context->arena, real, (size_t)n);
}

static int open_root(struct collection *c, const char *path, struct err *e)
{
	c->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root < 0 ? err_set(e, errno, "open %s", path) : 0;
}

static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return str_starts(path, above) && path[length] == '/';
}

static int read_mounts(const char *pid, struct strbuf *ret_text, struct err *e)
{
	char path[48];
	int r;

	snprintf(path, sizeof path, "/proc/%s/mountinfo", pid);
	r = file_read(AT_FDCWD, path, MOUNTS_MAX, ret_text);
	return r < 0 ? err_set(e, -r, "read %s", path) : 0;
}

/* Whether tare sees a mount of the same file system. */
static bool is_of_host(struct arena *arena, const char *own, const char *device)
{
	struct mount_line line;

	while (mount_line_next(arena, &own, &line))
		if (str_equal(line.device, device))
			return true;
	return false;
}

static bool is_listed(const struct collection *c, const char *point)
{
	for (size_t i = 0; i < c->count; i++)
		if (str_equal(c->mounts[i].key, point))
			return true;
	return false;
}

/* What came along with the source of a bind mount: named behind the mount's name. */
static void dump_below(struct collection *c, size_t bind, const char *theirs, const char *own)
{
	struct arena *arena = c->context->arena;
	const struct criu_mount mount = c->mounts[bind];
	struct mount_line line;

	while (mount_line_next(arena, &theirs, &line))
		if (is_below(line.point, mount.key) && !is_listed(c, line.point) &&
		    is_of_host(arena, own, line.device))
			add(c, line.point,
			    arena_printf(arena, "%s%s", mount.value,
					 line.point + strlen(mount.key)));
}

static int dump_all_below(struct collection *c, struct err *e)
{
	autobuf theirs = { 0 }, own = { 0 };
	size_t binds = c->count;
	char pid[16];
	int r;

	snprintf(pid, sizeof pid, "%d", c->container->pid);
	r = read_mounts(pid, &theirs, e);
	if (r == 0)
		r = read_mounts("self", &own, e);
	for (size_t i = 0; i < binds && r == 0; i++)
		dump_below(c, i, theirs.text, own.text);
	return r;
}

static int dump_mounts(struct collection *c, struct err *e)
{
	for (size_t i = 0; i < c->spec->mount_count; i++) {
		const char *name = path_absolute(c->context->arena, c->spec->mounts[i].destination);
		const char *at;
		enum kind kind;
		mode_t mode;
		int r = kind_of(c, i, &kind, e);

		if (r < 0)
			return r;
		at = kind == KIND_INNER ? NULL : resolve(c, name, &mode);
		if (at)
			add(c, at, name);
	}
	return dump_all_below(c, e);
}

/* Files are covered by the host's null device, directories by a file system of the container's own. */
static void dump_masks(struct collection *c)
{
	const struct strings *masked = &c->spec->linux.masked_paths;

	for (size_t i = 0; i < masked->count; i++) {
		mode_t mode;
		const char *at = resolve(c, masked->items[i], &mode);

		if (at && !S_ISDIR(mode))
			add(c, at, "/dev/null");
	}
}

/* The directory of the socket that readiness is told to, see runtime/notify.h. */
static void dump_notify(struct collection *c)
{
	mode_t mode;
	const char *at = resolve(c, notify_place, &mode);

	if (at && faccessat(c->container->dir, "notify", F_OK, 0) == 0)
		add(c, at, notify_place);
}

/* Where tare may not make device nodes, it shows the host's. */
static bool shows_devices(const struct collection *c)
{
	return !c->context->host.root || spec_has_namespace(c->spec, NS_USER);
}

static const char *const default_devices[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					       "/dev/random", "/dev/urandom", "/dev/tty" };
enum { DEFAULT_DEVICES = sizeof default_devices / sizeof *default_devices };

static void add_devices(struct collection *c)
{
	if (!shows_devices(c))
		return;
	for (size_t i = 0; i < DEFAULT_DEVICES; i++)
		add(c, default_devices[i], default_devices[i]);
	for (size_t i = 0; i < c->spec->linux.device_count; i++)
		add(c, c->spec->linux.devices[i].path, c->spec->linux.devices[i].path);
}

int criu_mounts_dump(struct context *context, const struct container *container,
		     const struct spec *spec, struct wire_list *ret_mounts, struct err *e)
{
	struct collection c = collection(context, container, spec);
	char path[32];
	int r;

	snprintf(path, sizeof path, "/proc/%d/root", container->pid);
	r = open_root(&c, path, e);
	if (r == 0)
		r = dump_mounts(&c, e);
	if (r == 0) {
		dump_masks(&c);
		dump_notify(&c);
		add_devices(&c);
		*ret_mounts = list_of(&c);
	}
	fd_close(&c.root);
	return r;
}

/* The new cgroup itself: with it at its root, a cgroup namespace shows nothing else either. */
static const char *cgroup_source(const struct collection *c)
{
	const char *top = c->context->host.cgroup_mount;

	if (!top || !c->container->cgroup)
		return NULL;
	return arena_printf(c->context->arena, "%s%s", top, c->container->cgroup);
}

static const char *bind_source(const struct collection *c, const struct spec_mount *mount)
{
	const char *source = mount->source ? mount->source : "";

	return *source == '/' ? source
			      : arena_printf(c->context->arena, "%s/%s", c->container->bundle,
					     source);
}

static int check_restorable(const struct spec_mount *mount, size_t i, const char *source,
			    struct err *e)
{
	if (!source)
		return err_say(e, ENOENT, "/mounts/%zu (destination %s): there is no cgroup to show",
			       i, mount->destination);
	if (mount->uid_mappings.count || mount->gid_mappings.count)
		return err_say(e, EOPNOTSUPP,
			       "/mounts/%zu (destination %s): CRIU cannot restore mapped ids", i,
			       mount->destination);
	if (access(source, F_OK) < 0)
		return err_set(e, errno, "/mounts/%zu (destination %s): source %s", i,
			       mount->destination, source);
	return 0;
}

/* The same for the sources that are there now. */
static int restore_below(struct collection *c, const char *name, const char *source, struct err *e)
{
	struct arena *arena = c->context->arena;
	autobuf own = { 0 };
	autofree char *real = realpath(source, NULL);
	struct mount_line line;
	int r = read_mounts("self", &own, e);
	const char *rest = own.text;

	while (r == 0 && real && mount_line_next(arena, &rest, &line))
		if (is_below(line.point, real))
			add(c, arena_printf(arena, "%s%s", name, line.point + strlen(real)),
			    line.point);
	return r;
}

static int restore_mount(struct collection *c, size_t i, struct err *e)
{
	const struct spec_mount *mount = &c->spec->mounts[i];
	const char *source;
	enum kind kind;
	int r = kind_of(c, i, &kind, e);

	if (r < 0 || kind == KIND_INNER)
		return r;
	source = kind == KIND_CGROUP ? cgroup_source(c) : bind_source(c, mount);
	r = check_restorable(mount, i, source, e);
	if (r < 0)
		return r;
	add(c, path_absolute(c->context->arena, mount->destination), source);
	return kind == KIND_CGROUP
		       ? 0
		       : restore_below(c, c->mounts[c->count - 1].key, source, e);
}

int criu_mounts_restore(struct context *context, const struct container *container,
			const struct spec *spec, struct wire_list *ret_mounts, struct err *e)
{
	struct collection c = collection(context, container, spec);
	int r = 0;

	for (size_t i = 0; i < spec->mount_count && r == 0; i++)
		r = restore_mount(&c, i, e);
	if (r < 0)
		return r;
	if (shows_devices(&c))
		add_devices(&c);
	else if (spec->linux.masked_paths.count)
		add(&c, "/dev/null", "/dev/null");
	add(&c, notify_place, arena_printf(context->arena, "%s/%s/notify", context->root,
					   container->id));
	*ret_mounts = list_of(&c);
	return 0;
}

int criu_mounts_save(struct arena *arena, int image, const struct wire_list *mounts, struct err *e)
{
	const struct criu_mount *items = mounts->items;
	const char **names = arena_array(arena, mounts->count + 1, sizeof *names);

	for (size_t i = 0; i < mounts->count; i++)
		names[i] = items[i].value;
	return json_list_save(image, file_name, &(struct strings){ names, mounts->count }, e);
}

static bool has_name(const struct wire_list *mounts, const char *name)
{
	const struct criu_mount *items = mounts->items;

	for (size_t i = 0; i < mounts->count; i++)
		if (str_equal(items[i].key, name))
			return true;
	return false;
}

int criu_mounts_check(struct arena *arena, int image, const struct wire_list *mounts, struct err *e)
{
	struct strings names;
	int r = json_list_load(arena, image, file_name, &names, e);

	if (r < 0)
		return err_prefix(e, "the image");
	for (size_t i = 0; i < names.count; i++) {
		if (!names.items[i] || has_name(mounts, names.items[i]))
			continue;
		err_say(e, ENOENT, "/mounts: there is none with the destination %s, where the image "
				   "has one from outside", names.items[i]);
		return err_hint(e, "restore with the mounts of the container's own config.json");
	}
	return 0;
}

/* Directories are made one by one, each looked up in the root: a link in there leads nowhere else. */
static int make_parents(int root, char *path, struct err *e)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		autofd above = -1;
		char *name;

		*slash = '\0';
		name = strrchr(path, '/');
		*name = '\0';
		above = sys_openat2(root, *path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
				    RESOLVE_IN_ROOT);
		*name = '/';
		if (above < 0 || (mkdirat(above, name + 1, 0755) < 0 && errno != EEXIST))
			return err_set(e, errno, "mkdir %s in the root file system", path);
		*slash = '/';
	}
	return 0;
}

static int make_file(int root, const char *path, struct err *e)
{
	autofd fd = sys_openat2(root, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644, RESOLVE_IN_ROOT);

	return fd < 0 ? err_set(e, errno, "create %s in the root file system", path) : 0;
}

static bool is_file(const char *source)
{
	struct stat st;

	return source && stat(source, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* Whether another mount covers where this one is: CRIU restores what is in there. */
static bool is_below_another(const struct collection *c, size_t i)
{
	const char *path = c->spec->mounts[i].destination;

	for (size_t j = 0; j < i; j++)
		if (is_below(path, c->spec->mounts[j].destination))
			return true;
	return false;
}

static int make_target(struct collection *c, size_t i, struct err *e)
{
	struct arena *arena = c->context->arena;
	const struct spec_mount *mount = &c->spec->mounts[i];
	const char *at = path_absolute(arena, mount->destination);
	autofd there = sys_openat2(c->root, at, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
	enum kind kind;
	bool file;
	int r;

	if (there >= 0 || is_below_another(c, i))
		return 0;
	r = kind_of(c, i, &kind, e);
	file = kind == KIND_BIND && is_file(bind_source(c, mount));
	if (r == 0)
		r = make_parents(c->root, arena_printf(arena, "%s%s", at, file ? "" : "/"), e);
	if (r == 0 && file)
		r = make_file(c->root, at, e);
	return r < 0 ? err_prefix(e, "/mounts/%zu (destination %s)", i, mount->destination) : 0;
}

int criu_mounts_prepare(struct context *context, const struct container *container,
			const struct spec *spec, struct err *e)
{
	struct collection c = collection(context, container, spec);
	int r = open_root(&c, container->rootfs, e);

	for (size_t i = 0; i < spec->mount_count && r == 0; i++)
		r = make_target(&c, i, e);
	fd_close(&c.root);
	return r;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '/';
}

/* Whether text has path as a whole path. CRIU writes "./etc/hosts" as well. */
static bool mentions(const char *text, const char *path)
{
	size_t length = strlen(path);

	if (length < 2)
		return false;
	for (const char *at = strstr(text, path); at; at = strstr(at + 1, path))
		if (!is_name_char(at[length]) && (at == text || !isalnum((unsigned char)at[-1])))
			return true;
	return false;
}

long criu_mount_named(const struct spec *spec, const char *text)
{
	size_t best = 0;
	long found = -1;

	for (size_t i = 0; i < spec->mount_count; i++) {
		const char *path = spec->mounts[i].destination;

		if (strlen(path) > best && mentions(text, path)) {
			best = strlen(path);
			found = (long)i;
		}
	}
	return found;
}
