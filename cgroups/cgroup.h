/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup v2: where a container's cgroup is, its limits, its device program, and
 * its end. compile functions are pure; the rest acts on one cgroup by directory fd.
 *
 * Invariant: no process is ever migrated; processes are born in their cgroup
 * (CLONE_INTO_CGROUP), which has its limits by then. A path here is a v2 path:
 * absolute, below the v2 mount, without "." and "..".
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/request.h"

struct scope;
struct spec_resources;

/* Fills cgroup_mount, hybrid, own_cgroup and controllers of the host: reads statfs of
 * /sys/fs/cgroup and /sys/fs/cgroup/unified and /proc/self/cgroup. */
int cgroup_probe(struct arena *, struct host *ret_host, struct err *e);

/* Where cgroup v2 is mounted, NULL if nowhere. */
const char *cgroup_find_mount(void);
/* Fills manager_root, for user_manager as it is: where systemd's slices begin. */
void cgroup_probe_manager(struct arena *, struct host *);
/* The v2 path for linux.cgroupsPath (absolute, relative or absent) of container id. Pure. */
int cgroup_path(struct arena *, const struct host *, const char *cgroups_path, const char *id,
		const char **ret_path, struct err *e);

/* Host lane: CGROUP or SCOPE, CGROUP_WRITE (one row of a table each), CGROUP_DEVICES, CGROUP_OWN. None for
 * exec, and no device program without privilege, which loading one takes. Pure. */
compile_function cgroup_compile;
/* What follows CLONE below a scope: SCOPE_RELEASE. Pure. */
compile_function cgroup_release_compile;
/* A limit of processes that the container could not have been born under: CGROUP_WRITE, when it has been. Pure. */
compile_function cgroup_settle_compile;

/* Makes the cgroup and what leads to it, enables the controllers along the way (only where they
 * are missing; "cpu?" only where it is possible), refuses one that exists and is populated or
 * frozen. On failure nothing that it made is left. *ret_fd: its directory.
 * *ret_made says how many directories at the end of path were made by this call (for undo). */
int cgroup_make(const struct host *, const char *path, const struct strings *controllers,
		int *ret_fd, unsigned *ret_made, struct err *e);
/* Enables controllers for a cgroup that is there. */
int cgroup_enable(const struct host *, const char *path, const struct strings *controllers,
		  struct err *e);
int cgroup_open(const struct host *, const char *path, int *ret_fd, struct err *e);
/* One value into one file of the cgroup; the error names file and value. Both may be choices:
 * "io.bfq.weight|io.weight" takes the first file that is there, with the value at the same
 * place ("500|default 4950", or one for all); a last empty name ("hugetlb.2MB.rsvd.max|") means
 * that it may be absent. */
int cgroup_write(int cgroup, const char *file, const char *value, struct err *e);
/* A cgroup in use. */
struct cgroup_place {
	const char *path;
	const struct scope *scope; /* systemd's unit of it, NULL for none */
};
/* Changes the limits of a cgroup in use, and the unit's properties, to those of resources; what they do not name stays. All
 * or, on failure, none. Devices, where some are named, are replaced as a whole and at once. */
int cgroup_update(struct arena *, const struct host *, const struct cgroup_place *,
		  const struct spec_resources *, struct err *e);
/* config-linux.md#memory, checkBeforeUpdate: -EBUSY when more than this is in use, for a lower limit would start
 * the OOM killer. */
int cgroup_check_usage(int cgroup, uint64_t limit, struct err *e);
/* Reads a small file; *ret_text in the arena without its last newline. */
int cgroup_read(struct arena *, int cgroup, const char *file, const char **ret_text, struct err *e);
/* Loads the program and attaches it (allow multi), replacing one tare attached before at once; size 0
 * only takes that away. Those of others stay, and have a say beside it: *ret_others has their names. */
int cgroup_devices_attach(int cgroup, const void *program, size_t size, struct strbuf *ret_others,
			  struct err *e);
/* The same for a cgroup that was just made, which has none. */
int cgroup_devices_attach_first(int cgroup, const void *program, size_t size, struct err *e);
/* config-linux.md#cgroup-ownership: the directory and the files of /sys/kernel/cgroup/delegate. */
int cgroup_own(int cgroup, uid_t uid, struct err *e);
/* cgroup.kill of the whole tree, then waits until cgroup.events says populated 0; timeout in
 * ms, -1 none. */
int cgroup_kill(int cgroup, int timeout, struct err *e);
int cgroup_wait_empty(int cgroup, int timeout, struct err *e);
/* Whether this process may put others into it; errno says why not. */
bool cgroup_is_ours(int cgroup);
int cgroup_populated(int cgroup, bool *ret_populated, struct err *e);
/* cgroup.freeze, then waits for `frozen 1` (or 0) in cgroup.events. What cannot freeze is
 * thawed again. */
int cgroup_freeze(int cgroup, bool freeze, struct err *e);
int cgroup_frozen(int cgroup, bool *ret_frozen, struct err *e);
/* The same by its path below the mount, by fewer calls: for `list`. -ENOENT, -ENODEV: it is gone. */
int cgroup_frozen_at(const struct host *, const char *path, bool *ret_frozen, struct err *e);
/* All processes of the tree, in the reader's pid namespace. */
int cgroup_processes(struct arena *, int cgroup, pid_t **ret_pids, size_t *ret_count,
		     struct err *e);
/* Why processes that were killed are still there, as far as it can be seen: a hint. */
const char *cgroup_survivor(struct arena *, const pid_t *pids, size_t count);
/* Removes a cgroup without processes and cgroups in it by one call; false when it has some, or cannot be removed. Absent is true. */
bool cgroup_remove_empty(const struct host *, const char *path);
/* Removes the cgroup and all below it, bottom-up by dirfd; absent is success. Never touches
 * parents but the `/tare` that tare itself makes, when that is empty. */
int cgroup_remove(const struct host *, const char *path, struct err *e);
/* How often each limit that may end a process was met so far. */
enum { CGROUP_CAUSES = 3 };
struct cgroup_toll {
	unsigned long long counts[CGROUP_CAUSES];
};
void cgroup_toll(int cgroup, struct cgroup_toll *ret_toll);
/* Hints after a death: "memory limit reached: OOM kills: 3", "pids.max reached: ...", or NULL when no limit was
 * met between `before` (NULL: ever) and now. */
const char *cgroup_toll_text(struct arena *, const struct cgroup_toll *before,
			     const struct cgroup_toll *now);
/* The same of what a cgroup has now. */
const char *cgroup_why(struct arena *, int cgroup, const struct cgroup_toll *before);
