/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/state.h"
#include "spec/spec.h"

static const char place[] = "root";

const char *host_root_path(struct arena *arena, const char *root, const char *id)
{
	return arena_printf(arena, "%s/%s/%s", root, id, place);
}

int host_root_prepare(struct arena *arena, const char *root, const struct container *c,
		      const struct spec *spec, const char **ret_path, struct err *e)
{
	if (spec_has_namespace(spec, NS_MOUNT))
		return 0;
	if (mkdirat(c->dir, place, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "/root/path: mkdir in the state directory");
	*ret_path = host_root_path(arena, root, c->id);
	return 0;
}

/* Attached to a mount that is shared, a mount becomes shared. */
static int attach_as(int mount, int to, unsigned recursive, uint64_t propagation)
{
	struct mount_attr attr = { .propagation = propagation };

	if (sys_move_mount(mount, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -1;
	return sys_mount_setattr(mount, "", AT_EMPTY_PATH | recursive, &attr);
}

static int not_copied(const char *path, struct err *e)
{
	err_set(e, errno, "open_tree %s", path);
	return e->code != EPERM ? -e->code
				: err_hint(e, "without namespaces of the types \"mount\" and \"user\" in "
					      "linux.namespaces that takes CAP_SYS_ADMIN");
}

/* What is attached to the host's mount is copied to all its peers, and the copy goes with it only when nothing is
 * in there: so a single mount is, private from then on, and the rest comes on top of it. */
int host_root_mount(const char *path, const char *where, uint64_t propagation, int *ret_mount, struct err *e)
{
	autofd at = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC), tree = -1, cover = -1;

	if (at < 0)
		return err_set(e, errno, "open %s", where);
	tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	cover = tree < 0 ? -1 : sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (cover < 0)
		return not_copied(path, e);
	if (attach_as(cover, at, 0, MS_PRIVATE) < 0 || attach_as(tree, cover, AT_RECURSIVE, propagation) < 0)
		return err_set(e, errno, "mounting %s at %s", path, where);
	*ret_mount = fd_take(&tree);
	return 0;
}

static int remove_mount(const struct container *c, struct err *e)
{
	autofd fd = openat(c->dir, place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[40];

	if (fd < 0)
		return err_set(e, errno, "container %s: its root: open", c->id);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (umount2(path, MNT_DETACH) < 0)
		return err_set(e, errno, "container %s: its root: umount2", c->id);
	return 0;
}

/* What is busy is where something is mounted; who may mount nothing has nothing there. */
int host_root_remove(const struct container *c, struct err *e)
{
	while (unlinkat(c->dir, place, AT_REMOVEDIR) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return err_set(e, errno, "container %s: its root: rmdir", c->id);
		if (remove_mount(c, e) < 0)
			return -e->code;
	}
	return 0;
}
