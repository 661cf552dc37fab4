/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/mount.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/mount_options.h"
#include "plan/format.h"
#include "spec/spec.h"

enum { MOST = 12 };

struct parsed {
	struct arena arena;
	struct mount_options options;
	struct err e;
	int status;
};

static void parsed_clear(struct parsed *p)
{
	arena_clear(&p->arena);
}
#define autoparsed __attribute__((cleanup(parsed_clear))) struct parsed

/* options: divided by blanks. */
static struct parsed parse(const char *type, const char *options)
{
	struct parsed p = { 0 };
	const char *items[MOST];
	struct spec_mount mount = { .destination = "/x", .type = type };
	char *rest = arena_strdup(&p.arena, options), *word;
	size_t count = 0;

	while ((word = strtok_r(rest, " ", &rest)))
		items[count++] = word;
	mount.options = (struct strings){ items, count };
	p.status = mount_options_parse(&p.arena, &mount, 3, &p.options, &p.e);
	return p;
}

/* What every option does, written down a second time: an option with the wrong bit would open what a
 * config closes. top and all are {set, clear}. */
static const struct expected {
	const char *name;
	struct mount_attrs top, all;
	const char *super;
	uint64_t propagation;
	char other; /* b bind, B rbind, r remount, c copy-up, i idmap, s/S/t tree and target flags */
} expected[] = {
	{ "async" },
	{ "atime", .top = { 0, MOUNT_ATTR__ATIME } },
	{ "bind", .other = 'b' },
	{ "copy-symlink", .other = 's' },
	{ "defaults" },
	{ "dest-nofollow", .other = 't' },
	{ "dev", .top = { 0, MOUNT_ATTR_NODEV } },
	{ "diratime", .top = { 0, MOUNT_ATTR_NODIRATIME } },
	{ "dirsync", .super = "dirsync" },
	{ "exec", .top = { 0, MOUNT_ATTR_NOEXEC } },
	{ "idmap", .other = 'i' },
	{ "iversion" },
	{ "lazytime", .super = "lazytime" },
	{ "loud" },
	{ "mand", .super = "mand" },
	{ "noatime", .top = { MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME } },
	{ "nodev", .top = { MOUNT_ATTR_NODEV, 0 } },
	{ "nodiratime", .top = { MOUNT_ATTR_NODIRATIME, 0 } },
	{ "noexec", .top = { MOUNT_ATTR_NOEXEC, 0 } },
	{ "noiversion" },
	{ "nolazytime" },
	{ "nomand" },
	{ "norelatime", .top = { 0, MOUNT_ATTR__ATIME } },
	{ "nostrictatime", .top = { 0, MOUNT_ATTR__ATIME } },
	{ "nosuid", .top = { MOUNT_ATTR_NOSUID, 0 } },
	{ "nosymfollow", .top = { MOUNT_ATTR_NOSYMFOLLOW, 0 } },
	{ "private", .propagation = MS_PRIVATE },
	{ "rasync" },
	{ "ratime", .all = { 0, MOUNT_ATTR__ATIME } },
	{ "rbind", .other = 'B' },
	{ "rdev", .all = { 0, MOUNT_ATTR_NODEV } },
	{ "rdiratime", .all = { 0, MOUNT_ATTR_NODIRATIME } },
	{ "rdirsync", .super = "dirsync" },
	{ "relatime", .top = { 0, MOUNT_ATTR__ATIME } },
	{ "remount", .other = 'r' },
	{ "rexec", .all = { 0, MOUNT_ATTR_NOEXEC } },
	{ "ridmap", .other = 'i' },
	{ "rmand", .super = "mand" },
	{ "rnoatime", .all = { MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME } },
	{ "rnodev", .all = { MOUNT_ATTR_NODEV, 0 } },
	{ "rnodiratime", .all = { MOUNT_ATTR_NODIRATIME, 0 } },
	{ "rnoexec", .all = { MOUNT_ATTR_NOEXEC, 0 } },
	{ "rnomand" },
	{ "rnorelatime", .all = { 0, MOUNT_ATTR__ATIME } },
	{ "rnostrictatime", .all = { 0, MOUNT_ATTR__ATIME } },
	{ "rnosuid", .all = { MOUNT_ATTR_NOSUID, 0 } },
	{ "rnosymfollow", .all = { MOUNT_ATTR_NOSYMFOLLOW, 0 } },
	{ "ro", .top = { MOUNT_ATTR_RDONLY, 0 } },
	{ "rprivate", .propagation = MS_PRIVATE | MS_REC },
	{ "rrelatime", .all = { 0, MOUNT_ATTR__ATIME } },
	{ "rro", .all = { MOUNT_ATTR_RDONLY, 0 } },
	{ "rrw", .all = { 0, MOUNT_ATTR_RDONLY } },
	{ "rshared", .propagation = MS_SHARED | MS_REC },
	{ "rslave", .propagation = MS_SLAVE | MS_REC },
	{ "rstrictatime", .all = { MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME } },
	{ "rsuid", .all = { 0, MOUNT_ATTR_NOSUID } },
	{ "rsymfollow", .all = { 0, MOUNT_ATTR_NOSYMFOLLOW } },
	{ "rsync", .super = "sync" },
	{ "runbindable", .propagation = MS_UNBINDABLE | MS_REC },
	{ "rw", .top = { 0, MOUNT_ATTR_RDONLY } },
	{ "shared", .propagation = MS_SHARED },
	{ "silent" },
	{ "slave", .propagation = MS_SLAVE },
	{ "src-nofollow", .other = 'S' },
	{ "strictatime", .top = { MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME } },
	{ "suid", .top = { 0, MOUNT_ATTR_NOSUID } },
	{ "symfollow", .top = { 0, MOUNT_ATTR_NOSYMFOLLOW } },
	{ "sync", .super = "sync" },
	{ "tmpcopyup", .other = 'c' },
	{ "unbindable", .propagation = MS_UNBINDABLE },
};

static char other_of(const struct mount_options *o)
{
	const struct {
		bool is;
		char letter;
	} rows[] = {
		{ o->bind && o->recursive, 'B' }, { o->bind, 'b' },
		{ o->remount, 'r' },              { o->copy_up, 'c' },
		{ o->has_idmap, 'i' },            { o->tree_flags == TREE_COPY_SYMLINK, 's' },
		{ o->tree_flags == TREE_NOFOLLOW, 'S' },
		{ o->target_flags == TARGET_NOFOLLOW, 't' },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].is)
			return rows[i].letter;
	return 0;
}

static void compare(const struct expected *row, const struct mount_options *o)
{
	const uint64_t found[] = { o->top.set, o->top.clear, o->all.set, o->all.clear,
				   o->propagation_count ? o->propagations[0] : 0 };
	const uint64_t wanted[] = { row->top.set, row->top.clear, row->all.set, row->all.clear,
				    row->propagation };

	if (memcmp(found, wanted, sizeof found) != 0 || other_of(o) != row->other)
		fail_msg("%s: other bits", row->name);
	if (!str_equal(o->super.count ? o->super.items[0] : NULL, row->super))
		fail_msg("%s: other superblock flags", row->name);
	assert_int_equal(o->data.count, 0);
}

static void test_every_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		autoparsed p = parse(NULL, expected[i].name);

		assert_int_equal(p.status, 0);
		compare(&expected[i], &p.options);
	}
}

/* Engines read the list from `features` and refuse what is not in it: rro, idmap. */
static void test_the_names_are_complete_and_sorted(void **state)
{
	const char *const *names = mount_option_names();
	size_t count = 0;

	(void)state;
	for (; names[count]; count++)
		if (count)
			assert_true(strcmp(names[count - 1], names[count]) < 0);
	assert_int_equal(count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(names[i], expected[i].name);
}

/* "ro" from a default and "rw" from the user: the user's, which comes later, counts. */
static void test_the_last_one_wins(void **state)
{
	static const struct {
		const char *options;
		struct mount_attrs top;
	} rows[] = {
		{ "ro rw", { 0, MOUNT_ATTR_RDONLY } },
		{ "rw ro", { MOUNT_ATTR_RDONLY, 0 } },
		{ "noatime relatime", { MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME } },
		{ "relatime noatime", { MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME } },
		{ "noatime strictatime", { MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME } },
		{ "strictatime atime", { 0, MOUNT_ATTR__ATIME } },
		{ "nosuid nodev suid", { MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID } },
		{ "noexec rro", { MOUNT_ATTR_NOEXEC, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoparsed p = parse(NULL, rows[i].options);

		assert_memory_equal(&p.options.top, &rows[i].top, sizeof rows[i].top);
	}
}

static void test_superblock_flags_are_said_once(void **state)
{
	autoparsed p = parse("ext4", "sync async sync dirsync lazytime nolazytime mand");

	(void)state;
	assert_int_equal(p.options.super.count, 3);
	assert_string_equal(p.options.super.items[0], "sync");
	assert_string_equal(p.options.super.items[1], "dirsync");
	assert_string_equal(p.options.super.items[2], "mand");
}

/* All of them in the order given: "private" then "shared" is a new group of peers. */
static void test_propagations_keep_their_order(void **state)
{
	autoparsed p = parse("bind", "rprivate shared");

	(void)state;
	assert_int_equal(p.options.propagation_count, 2);
	assert_int_equal(p.options.propagations[0], MS_PRIVATE | MS_REC);
	assert_int_equal(p.options.propagations[1], MS_SHARED);
}

/* What is no option of tare's is the file system's: sizes and modes that got lost would give a
 * container a /dev/shm of another size. */
static void test_data(void **state)
{
	static const struct {
		const char *option, *data[4];
	} rows[] = {
		{ "size=65536k", { "size=65536k" } },
		{ "newinstance", { "newinstance" } },
		{ "mode=755,size=1m,,uid=0", { "mode=755", "size=1m", "uid=0" } },
		{ "context=\"system_u:object_r:t:s0:c1,c2\"", { "context=system_u:object_r:t:s0:c1,c2" } },
		{ "lowerdir=/a\\,b:/c,upperdir=/u", { "lowerdir=/a\\,b:/c", "upperdir=/u" } },
		{ "x=\"unclosed,y", { "x=\"unclosed,y" } },
		{ "\"", { "\"" } },
		{ "a=\"\"", { "a=" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoparsed p = parse("tmpfs", rows[i].option);

		for (size_t k = 0; k < p.options.data.count; k++)
			if (!str_equal(p.options.data.items[k], rows[i].data[k]))
				fail_msg("%s: %s", rows[i].option, p.options.data.items[k]);
		assert_null(rows[i].data[p.options.data.count]);
	}
}

/* A typing error in an option of a bind mount must not pass in silence: it may have been "nosuid". */
static void test_data_for_a_bind_mount_is_refused(void **state)
{
	autoparsed by_option = parse("none", "nosuid rbind size=1m");
	autoparsed by_type = parse("bind", "nosiud");

	(void)state;
	assert_int_equal(by_option.status, -EINVAL);
	assert_non_null(strstr(by_option.e.text, "/mounts/3/options/2: \"size=1m\""));
	assert_int_equal(by_type.status, -EINVAL);
	assert_non_null(strstr(by_type.e.text, "/mounts/3/options/0"));
	assert_non_null(strstr(by_type.e.text, "did you mean \"nosuid\"?"));
}

/* The pointer of the error that says that id maps are to come. */
static void test_idmap_is_found_in_all_its_forms(void **state)
{
	static const char *const forms[] = { "idmap", "ridmap", "idmap=uids=0-1000-1;gids=0-1000-1",
					     "ridmap=uids=@0-1-1" };

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		autoarena arena = { 0 };
		autoparsed p = parse("bind", arena_printf(&arena, "ro %s", forms[i]));

		assert_int_equal(p.status, 0);
		assert_true(p.options.has_idmap);
		assert_int_equal(p.options.idmap_index, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_the_names_are_complete_and_sorted),
		cmocka_unit_test(test_the_last_one_wins),
		cmocka_unit_test(test_superblock_flags_are_said_once),
		cmocka_unit_test(test_propagations_keep_their_order),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_data_for_a_bind_mount_is_refused),
		cmocka_unit_test(test_idmap_is_found_in_all_its_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
