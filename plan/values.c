/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/values.h"

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#include "plan/plan.h"

static const struct name_value clone_names[] = {
	{ "NEWUSER", CLONE_NEWUSER }, { "NEWPID", CLONE_NEWPID },       { "NEWNET", CLONE_NEWNET },
	{ "NEWNS", CLONE_NEWNS },     { "NEWIPC", CLONE_NEWIPC },       { "NEWUTS", CLONE_NEWUTS },
	{ "NEWTIME", CLONE_NEWTIME }, { "NEWCGROUP", CLONE_NEWCGROUP }, { NULL, 0 },
};

/* The access time attributes are one field; clearing it clears all its bits. */
static const struct name_value attr_names[] = {
	{ "ATIME", MOUNT_ATTR__ATIME },
	{ "RDONLY", MOUNT_ATTR_RDONLY },
	{ "NOSUID", MOUNT_ATTR_NOSUID },
	{ "NODEV", MOUNT_ATTR_NODEV },
	{ "NOEXEC", MOUNT_ATTR_NOEXEC },
	{ "NOATIME", MOUNT_ATTR_NOATIME },
	{ "STRICTATIME", MOUNT_ATTR_STRICTATIME },
	{ "NODIRATIME", MOUNT_ATTR_NODIRATIME },
	{ "IDMAP", MOUNT_ATTR_IDMAP },
	{ "NOSYMFOLLOW", MOUNT_ATTR_NOSYMFOLLOW },
	{ NULL, 0 },
};

static const struct name_value propagation_names[] = {
	{ "REC", MS_REC },         { "SHARED", MS_SHARED }, { "SLAVE", MS_SLAVE },
	{ "PRIVATE", MS_PRIVATE }, { "UNBINDABLE", MS_UNBINDABLE },
	{ NULL, 0 },
};

static const struct name_value tree_names[] = {
	{ "RECURSIVE", AT_RECURSIVE },
	{ "NOFOLLOW", TREE_NOFOLLOW },
	{ "COPY_SYMLINK", TREE_COPY_SYMLINK },
	{ NULL, 0 },
};

static const struct name_value target_names[] = {
	{ "NOFOLLOW", TARGET_NOFOLLOW },
	{ "NO_SYMLINKS", TARGET_NO_SYMLINKS },
	{ "FILE", TARGET_FILE },
	{ "EXISTS", TARGET_EXISTS },
	{ "GIVE_MODE", TARGET_GIVE_MODE },
	{ NULL, 0 },
};

static const struct name_value filter_names[] = {
	{ "TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "NEW_LISTENER", SECCOMP_FILTER_FLAG_NEW_LISTENER },
	{ "WAIT_KILLABLE_RECV", 1 << 5 },
	{ NULL, 0 },
};

static const struct name_value pivot_names[] = {
	{ "pivot_root", PIVOT_ROOT },
	{ "move", PIVOT_MOVE },
	{ "chroot", PIVOT_CHROOT },
	{ NULL, 0 },
};

static const struct value_row {
	uint16_t op;
	uint8_t arg;
	bool exact; /* one of the names, not a sum of them */
	const struct name_value *names;
} value_rows[] = {
	{ OP_OPEN_NS, 1, false, clone_names },
	{ OP_CLONE, 0, false, clone_names },
	{ OP_SETNS, 1, false, clone_names },
	{ OP_UNSHARE, 0, false, clone_names },
	{ OP_FORK, 0, false, clone_names },
	{ OP_PROPAGATION, 1, false, propagation_names },
	{ OP_HOST_ROOT, 2, false, propagation_names },
	{ OP_FS, 3, false, attr_names },
	{ OP_HOST_FS, 3, false, attr_names },
	{ OP_HOST_TREE, 1, false, tree_names },
	{ OP_TREE, 1, false, tree_names },
	{ OP_TREE_FD, 1, false, tree_names },
	{ OP_ATTR, 1, false, attr_names },
	{ OP_ATTR, 2, false, attr_names },
	{ OP_ATTR, 3, false, propagation_names },
	{ OP_TARGET, 3, false, target_names },
	{ OP_OWN_ROOT, 0, true, pivot_names },
	{ OP_PIVOT, 0, true, pivot_names },
	{ OP_ROOT_PROPAGATION, 0, false, propagation_names },
	{ OP_SECCOMP, 1, false, filter_names },
};

static const struct value_row *find_row(unsigned op, unsigned arg)
{
	for (size_t i = 0; i < sizeof value_rows / sizeof *value_rows; i++)
		if (value_rows[i].op == op && value_rows[i].arg == arg)
			return &value_rows[i];
	return NULL;
}

static void print_flags(struct strbuf *out, const struct name_value *names, uint64_t flags)
{
	const char *between = "";

	for (; names->name; names++) {
		if ((flags & names->value) != names->value)
			continue;
		strbuf_addf(out, "%s%s", between, names->name);
		flags &= ~names->value;
		between = "|";
	}
	if (flags)
		strbuf_addf(out, "%s0x%llx", between, (unsigned long long)flags);
}

void plan_print_value(struct strbuf *out, unsigned op, unsigned arg, uint64_t value)
{
	const struct value_row *row = find_row(op, arg);
	const char *name = row && row->exact ? name_of(row->names, value) : NULL;

	if (name)
		strbuf_add(out, name);
	else if (row && !row->exact && !value)
		strbuf_add(out, "none");
	else if (row && !row->exact)
		print_flags(out, row->names, value);
	else
		strbuf_addf(out, plan_arg_kind(op, arg) == A_HEX ? "0x%llx" : "%llu",
			    (unsigned long long)value);
}
