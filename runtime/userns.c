/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "runtime/helper.h"
#include "runtime/idmap.h"

static void hold(void *unused, int link)
{
	char byte;

	while (read(link, &byte, 1) < 0 && errno == EINTR)
		;
}

static int open_userns(pid_t pid, int *ret_userns, struct err *e)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	*ret_userns = fd;
	return 0;
}

int userns_make(const struct host *host, const char *uids, const char *gids, int *ret_userns,
		struct err *e)
{
	autohelper holder = HELPER_NONE;
	int r = helper_begin(&holder, CLONE_NEWUSER, hold, NULL, e);

	if (r < 0)
		return err_prefix(e, "a user namespace");
	r = idmap_write(host, holder.pid, "uid_map", uids, e);
	if (r == 0)
		r = idmap_write(host, holder.pid, "gid_map", gids, e);
	return r < 0 ? r : open_userns(holder.pid, ret_userns, e);
}
