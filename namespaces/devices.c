/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes (config-linux.md#devices), the links that go with them, and the notify socket's
 * directory. */
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/arena.h"
#include "namespaces/maker.h"
#include "namespaces/mount_options.h"
#include "namespaces/namespaces.h"
#include "namespaces/paths.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { DEFAULT_MODE = 0666 };

/* config-linux.md#default-devices; console and ptmx are apart. */
static const struct spec_device default_devices[] = {
	{ .path = "/dev/null", .type = 'c', .major = 1, .minor = 3 },
	{ .path = "/dev/zero", .type = 'c', .major = 1, .minor = 5 },
	{ .path = "/dev/full", .type = 'c', .major = 1, .minor = 7 },
	{ .path = "/dev/random", .type = 'c', .major = 1, .minor = 8 },
	{ .path = "/dev/urandom", .type = 'c', .major = 1, .minor = 9 },
	{ .path = "/dev/tty", .type = 'c', .major = 5, .minor = 0 },
};

/* runtime-linux.md#dev-symbolic-links; core is what all runtimes make beside them. */
static const struct link_row {
	const char *path, *target;
} link_rows[] = {
	{ "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/core", "/proc/kcore" },       { "/dev/ptmx", "pts/ptmx" },
};

static const struct type_row {
	char type;
	uint32_t mode;
} type_rows[] = { { 'c', S_IFCHR }, { 'u', S_IFCHR }, { 'b', S_IFBLK }, { 'p', S_IFIFO } };

static uint32_t type_mode(char type)
{
	for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++)
		if (type_rows[i].type == type)
			return type_rows[i].mode;
	return 0;
}

/* mknod(2) of a device takes CAP_MKNOD over the host. */
static bool can_mknod(const struct compile *c)
{
	return c->host->root && !spec_has_namespace(c->spec, NS_USER);
}

static uint64_t copy_steps(struct compile *c, const char *source, const char *why)
{
	struct plan *plan = c->plan;
	uint64_t mount = given_slot(c, why);

	if (mount != PLAN_NO_SLOT) {
		given_propagation(c, why, mount);
		return mount;
	}
	mount = plan_slot_of(plan, &plan->mount_slot);
	PLAN_INIT(plan, OP_TREE, why, plan_str(plan, source), 0, mount);
	return mount;
}

static void attach_steps(struct compile *c, uint64_t mount, const char *path,
			 uint64_t target_flags, const char *why)
{
	struct plan *plan = c->plan;
	uint64_t target = plan_slot_of(plan, &plan->target_slot);

	PLAN_INIT(plan, OP_TARGET, why, plan_str(plan, path), mount, 0755, target_flags, target);
	PLAN_INIT(plan, OP_ATTACH, why, mount, target);
}

/* The default ones are where every host has them; what a config lists may be meant otherwise. */
static void bind_steps(struct compile *c, const struct spec_device *device, dev_t number,
		       bool listed, const char *why)
{
	uint64_t mount = copy_steps(c, device->path, why);

	if (listed)
		PLAN_INIT(c->plan, OP_IS_DEVICE, why, mount, type_mode(device->type), number);
	attach_steps(c, mount, device->path, TARGET_FILE, why);
}

static void device_steps(struct compile *c, const struct spec_device *device, bool listed,
			 const char *why)
{
	uint32_t mode = device->has_file_mode ? device->file_mode & 07777 : DEFAULT_MODE;
	dev_t number = makedev((unsigned)device->major, (unsigned)device->minor);

	if (device->type != 'p' && !can_mknod(c)) {
		bind_steps(c, device, number, listed, why);
		return;
	}
	PLAN_INIT(c->plan, OP_MKNOD, why, plan_str(c->plan, device->path),
		  type_mode(device->type) | mode, device->type == 'p' ? 0 : number,
		  device->has_uid ? device->uid : 0, device->has_gid ? device->gid : 0);
}

static bool is_replaced(const struct spec_linux *spec, const char *path, size_t from)
{
	for (size_t i = from; i < spec->device_count; i++)
		if (path_is(spec->devices[i].path, path))
			return true;
	return false;
}

const char *device_why(const struct compile *c, size_t index)
{
	return arena_printf(c->arena, "/linux/devices/%zu (%s)", index,
			    c->spec->linux.devices[index].path);
}

static void default_steps(struct compile *c)
{
	for (size_t i = 0; i < sizeof default_devices / sizeof *default_devices; i++) {
		const struct spec_device *device = &default_devices[i];

		if (!is_replaced(&c->spec->linux, device->path, 0))
			device_steps(c, device, false,
				     arena_printf(c->arena, "default device (%s)", device->path));
	}
}

/* Of several entries for one path the last counts. */
static void listed_steps(struct compile *c)
{
	const struct spec_linux *spec = &c->spec->linux;

	for (size_t i = 0; i < spec->device_count; i++) {
		const struct spec_device *device = &spec->devices[i];

		if (!is_replaced(spec, device->path, i + 1))
			device_steps(c, device, true, device_why(c, i));
	}
}

static void link_steps(struct compile *c)
{
	for (size_t i = 0; i < sizeof link_rows / sizeof *link_rows; i++)
		PLAN_INIT(c->plan, OP_SYMLINK,
			  arena_printf(c->arena, "default link (%s)", link_rows[i].path),
			  plan_str(c->plan, link_rows[i].target),
			  plan_str(c->plan, link_rows[i].path));
}

static int is_bind(struct arena *arena, const struct spec_mount *mount, size_t i, bool *ret_bind,
		   struct err *e)
{
	struct mount_options options;
	int r = mount_options_parse(arena, mount, i, &options, e);

	if (r == 0)
		*ret_bind = options.bind;
	return r;
}

/* A /dev that is bound from elsewhere has its nodes, and making some would change the source. */
static int dev_is_foreign(struct compile *c, bool *ret_foreign, struct err *e)
{
	bool foreign = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->spec->mount_count; i++) {
		const struct spec_mount *mount = &c->spec->mounts[i];

		if (path_is(path_absolute(c->arena, mount->destination), "/dev"))
			r = is_bind(c->arena, mount, i, &foreign, e);
	}
	if (r == 0)
		*ret_foreign = foreign;
	return r;
}

static int dev_steps(struct compile *c, struct err *e)
{
	bool foreign = false;
	int r = dev_is_foreign(c, &foreign, e);

	if (r < 0 || foreign)
		return r;
	default_steps(c);
	listed_steps(c);
	link_steps(c);
	return 0;
}

int devices_compile(struct compile *c, struct err *e)
{
	int r;

	if (spec_joined_namespace(c->spec, NS_MOUNT))
		return 0;
	r = dev_steps(c, e);
	if (r == 0 && c->request->notify_dir)
		attach_steps(c, copy_steps(c, c->request->notify_dir, NOTIFY_WHY), "/run/notify", 0,
			     NOTIFY_WHY);
	return r;
}
