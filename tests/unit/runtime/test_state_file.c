/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime/state.h"
#include "runtime/state_file.h"
#include "spec/spec.h"

static const struct pair annotations[] = { { "a.b", "\"quoted\"\n" }, { "\xc3\xa4", "" } };

static struct container example(void)
{
	return (struct container){
		.id = "web", .bundle = "/b \"x\"", .rootfs = "/b/rootfs",
		.created = "2026-01-02T03:04:05.000000006Z",
		.owner = "root", .owner_uid = UINT32_MAX,
		.pid = 4194304, .start_time = 123456789012345, .pidfd_inode = 1ull << 40,
		.cgroup = "/tare/web", .namespaces = 0x7e020000, .oci_version = "1.3.0",
		.annotations = annotations, .annotation_count = 2, .terminal = true,
		.saved = STATUS_RUNNING, .dir = 77, .locked = true,
	};
}

static void assert_same(const struct container *a, const struct container *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->bundle, b->bundle);
	assert_string_equal(a->rootfs, b->rootfs);
	assert_string_equal(a->created, b->created);
	assert_string_equal(a->owner, b->owner);
	assert_int_equal(a->owner_uid, b->owner_uid);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->start_time, b->start_time);
	assert_int_equal(a->pidfd_inode, b->pidfd_inode);
	assert_true(str_equal(a->cgroup, b->cgroup));
	assert_int_equal(a->namespaces, b->namespaces);
	assert_string_equal(a->oci_version, b->oci_version);
	assert_int_equal(a->terminal, b->terminal);
	assert_int_equal(a->saved, b->saved);
	assert_int_equal(a->annotation_count, b->annotation_count);
	for (size_t i = 0; i < a->annotation_count; i++) {
		assert_string_equal(a->annotations[i].key, b->annotations[i].key);
		assert_string_equal(a->annotations[i].value, b->annotations[i].value);
	}
}

/* What create wrote, every later command works with: a member that is lost or changed (the start
 * time, say) would let kill hit a stranger. */
static void what_is_written_is_read_back(void **state)
{
	autoarena arena = { 0 };
	autobuf text = { 0 };
	struct container c = example(), read = { .dir = 5 };
	struct err e = { 0 };

	assert_int_equal(state_print(&c, &text, &e), 0);
	assert_int_equal(state_parse(&arena, text.text, text.length, &read, &e), 0);
	assert_same(&c, &read);
	assert_int_equal(read.dir, 5);
	assert_false(read.locked);
}

/* A container without a cgroup, before it has a process. */
static void absent_is_not_empty(void **state)
{
	autoarena arena = { 0 };
	autobuf text = { 0 };
	struct container c = example(), read = { 0 };
	struct err e = { 0 };

	c.cgroup = NULL;
	c.pid = 0;
	c.annotation_count = 0;
	c.saved = STATUS_CREATING;
	assert_int_equal(state_print(&c, &text, &e), 0);
	assert_int_equal(state_parse(&arena, text.text, text.length, &read, &e), 0);
	assert_same(&c, &read);
	assert_null(read.cgroup);
}

static char *replaced(struct arena *arena, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);

	assert_non_null(at);
	return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* An upgrade and a downgrade leave containers running: their state must stay readable. */
static void unknown_members_are_skipped(void **state)
{
	autoarena arena = { 0 };
	autobuf text = { 0 };
	struct container c = example(), read = { 0 };
	struct err e = { 0 };
	char *newer;

	state_print(&c, &text, &e);
	newer = replaced(&arena, text.text, "{", "{\"future\": {\"deep\": [1, null]},");
	assert_int_equal(state_parse(&arena, newer, strlen(newer), &read, &e), 0);
	assert_same(&c, &read);
}

static const struct damage {
	const char *old, *new, *named;
} damages[] = {
	{ "\"pid\": 4194304", "\"pid\": \"4194304\"", "\"pid\" must be a process id" },
	{ "\"pid\": 4194304", "\"pid\": -1", "\"pid\"" },
	{ "\"pid\": 4194304", "\"pid\": 4294967297", "\"pid\"" },
	{ "\"pid\"", "\"dip\"", "\"pid\"" },
	{ "\"id\": \"web\"", "\"id\": 3", "\"id\" must be a string" },
	{ "\"running\"", "\"walking\"", "\"status\" must be a status" },
	{ "\"terminal\": true", "\"terminal\": 1", "\"terminal\" must be true or false" },
	{ "\"startTime\": ", "\"startTime\": -", "\"startTime\"" },
	{ "\"ownerUid\": 4294967295", "\"ownerUid\": 4294967296", "\"ownerUid\"" },
	{ "\"cgroup\": \"/tare/web\"", "\"cgroup\": 0", "\"cgroup\" must be a string or null" },
	{ "\"annotations\": {", "\"annotations\": {\"n\": 1,", "\"annotations\"" },
	{ "{", "[", "line 2" },
	{ "}", "", "line " },
};

/* A disk that was full, a hand that slipped: the message must say what is wrong, and nothing of it
 * may be believed. */
static void damage_is_named(void **state)
{
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		autoarena arena = { 0 };
		autobuf text = { 0 };
		struct container c = example(), read = { .pid = 42 };
		struct err e = { 0 };
		char *bad;

		state_print(&c, &text, &e);
		bad = replaced(&arena, text.text, damages[i].old, damages[i].new);
		assert_int_equal(state_parse(&arena, bad, strlen(bad), &read, &e), -EBADMSG);
		if (!strstr(e.text, damages[i].named))
			fail_msg("%s: said \"%s\"", damages[i].new, e.text);
		assert_int_equal(read.pid, 42);
	}
}

/* A bundle's path may be any bytes; JSON cannot hold them, and half a state would be worse than
 * none. */
static void other_bytes_are_refused(void **state)
{
	autobuf text = { 0 };
	struct container c = example();
	struct err e = { 0 };

	c.bundle = "/b\xff";
	assert_int_equal(state_print(&c, &text, &e), -EILSEQ);
	assert_non_null(strstr(e.text, "bundle"));
	assert_int_equal(text.length, 0);
}

/* Engines and hooks parse these; the members of runtime.md#state must be there with its types. */
static void documents_have_their_members(void **state)
{
	autobuf hooks = { 0 }, people = { 0 };
	struct container c = example();

	c.annotation_count = 1;
	container_document(&c, STATUS_CREATED, false, &hooks);
	assert_string_equal(hooks.text,
			    "{\"ociVersion\":\"1.3.0\",\"id\":\"web\",\"status\":\"created\","
			    "\"pid\":4194304,\"bundle\":\"/b \\\"x\\\"\","
			    "\"annotations\":{\"a.b\":\"\\\"quoted\\\"\\n\"}}");
	container_document(&c, STATUS_RUNNING, true, &people);
	assert_non_null(strstr(people.text, "\n  \"rootfs\": \"/b/rootfs\",\n"));
	assert_non_null(strstr(people.text, "\n  \"pid\": 4194304,\n"));
	assert_non_null(strstr(people.text, "\n  \"owner\": \"root\"\n}"));
}

/* The number of a process that ended may be anybody's: nobody must be led to signal it. */
static void stopped_has_no_pid(void **state)
{
	autobuf text = { 0 };
	struct container c = example();

	container_document(&c, STATUS_STOPPED, false, &text);
	assert_non_null(strstr(text.text, "\"pid\":0,"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(absent_is_not_empty),
		cmocka_unit_test(unknown_members_are_skipped),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(other_bytes_are_refused),
		cmocka_unit_test(documents_have_their_members),
		cmocka_unit_test(stopped_has_no_pid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
