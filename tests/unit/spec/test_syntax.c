/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "mutate.h"
#include "spec/spec.h"

#define HEAD "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"

/* Who edits by hand forgets commas and quotes: the message must lead to the place. */
static void leads_to_the_place(void **state)
{
	static const struct {
		const char *json, *pointer, *text;
	} cases[] = {
		{ "", "", "is empty" },
		{ " \n", "", "is empty" },
		{ "\xef\xbb\xbf{}", "", "begins with a byte order mark" },
		{ "{", "", "line 1, column 1" },
		{ "[]", "", "must be an object, not an array" },
		{ "{}x", "", "end of file expected" },
		{ "{\"a\": {\"b\": [1, 2, {\"c\": tru}]}}", "/a/b/2/c", "not valid JSON" },
		{ "{\"a\": [\"x\" \"y\"]}", "/a/0", "not valid JSON" },
		{ "{\n\n \"a\": 'x'}", "/a", "line 3, column" },
		{ "{\"a\": 1, \"b\": {\"c/d\": 1, \"c/d\": 2}}", "/b/c~1d", "is there twice" },
		{ "{\"a\": 1, \"a\": 2}", "/a", "is there twice (line 1" },
		{ "{\"a\": \"x\\u0000y\"}", "/a", "a NUL character in a string" },
		{ "{\"a\": [\"\\\\\\u0000\"]}", "/a/0", "a NUL character in a string" },
		{ "{\"a\": 01}", "/a", "not valid JSON" },
		{ "{\"a\": 1e999}", "/a", "real number overflow" },
		{ "{\"a\": \"\xff\"}", "/a", "not valid JSON" },
		{ "{\"a\": \"x", "/a", "not valid JSON" },
		{ "{\"a\": \"x\\", "/a", "not valid JSON" },
		{ "{\"a\": -}", "/a", "not valid JSON" },
		{ "{\"a\": 99999999999999999999", "/a", "not valid JSON" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parsed p;

		parse_string(cases[i].json, &p);
		assert_null(p.spec);
		assert_true(p.problems.count > 0);
		if (strcmp(p.problems.items[0].pointer, cases[i].pointer) != 0 ||
		    !strstr(p.problems.items[0].text, cases[i].text))
			fail_msg("%s: %s", cases[i].json, p.message);
		arena_clear(&p.arena);
	}
}

/* A member that is there twice hides no other mistake, and is judged no further itself. */
static void member_that_is_there_twice(void **state)
{
	static const struct {
		const char *json, *second;
	} cases[] = {
		{ HEAD "\"hostname\":\"a\",\"hostname\":\"b\",\"mounts\":5}", "/mounts" },
		{ HEAD "\"hostname\":\"a\",\"hostname\":\"b\",\"mounts\":tru}", "/mounts" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parsed p;

		parse_string(cases[i].json, &p);
		assert_null(p.spec);
		assert_int_equal(p.problems.count, 2);
		assert_string_equal(p.problems.items[0].pointer, "/hostname");
		assert_string_equal(p.problems.items[1].pointer, cases[i].second);
		arena_clear(&p.arena);
	}
}

/* A backslash and the letters u0000 are no NUL; a config that says so is fine. */
static void escaped_backslash(void **state)
{
	struct parsed p;

	parse_string(HEAD "\"annotations\":{\"k\":\"\\\\u0000\"}}", &p);
	assert_non_null(p.spec);
	assert_string_equal(spec_annotation(p.spec, "k"), "\\u0000");
	assert_null(spec_annotation(p.spec, "other"));
	arena_clear(&p.arena);
}

/* "Unlimited" is 2^64 - 1 in what every engine writes. */
static void keeps_64_bits(void **state)
{
	struct parsed p;

	parse_string(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"rlimits\":[{\"type\":"
			  "\"RLIMIT_CORE\",\"soft\":9223372036854775808,\"hard\":"
			  "18446744073709551615}]},\"other\":18446744073709551616}",
		     &p);
	assert_non_null(p.spec);
	assert_true(p.spec->process.rlimits[0].soft == UINT64_C(1) << 63);
	assert_true(p.spec->process.rlimits[0].hard == UINT64_MAX);
	arena_clear(&p.arena);
}

/* A large number where a text belongs is an integer to the reader of the message, not what it
 * is on the inside. */
static void large_number_for_text(void **state)
{
	struct parsed p;

	parse_string(HEAD "\"hostname\":18446744073709551615}", &p);
	assert_string_equal(p.message, "/hostname: must be a string, not an integer");
	arena_clear(&p.arena);
}

/* A message goes on one line of a log, whatever a config holds. */
static void one_line(void **state)
{
	struct parsed p;

	parse_string(HEAD "\"linux\":{\"rootfsPropagation\":\"a\\nb\\u001b[2J"
			  "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
			  "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
			  "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
			  "\u00e4\u00e4\u00e4\u00e4\"}}",
		     &p);
	assert_null(strchr(p.problems.items[0].text, '\n'));
	assert_null(strchr(p.problems.items[0].text, 27));
	assert_non_null(strstr(p.problems.items[0].text, "\u00e4...\""));
	arena_clear(&p.arena);
}

static int file_with(const char *text)
{
	int fd = memfd_sealed("config", text, strlen(text));

	assert_true(fd >= 0);
	return fd;
}

/* `exec --process` and `update --resources` take a part of a config: its pointers begin there. */
static void parts(void **state)
{
	autofd process_fd = file_with("{\"cwd\":\"x\",\"args\":[\"a\"]}");
	autofd resources_fd = file_with("{\"pids\":{\"limit\":5}}");
	autoarena arena = { 0 };
	struct problems problems = { 0 };
	const struct spec_process *process = NULL;
	const struct spec_resources *resources = NULL;
	struct err e = { 0 };

	assert_int_equal(spec_load_process(&arena, process_fd, &problems, &process, &e), -22);
	assert_string_equal(e.text, "/cwd: must be an absolute path");
	assert_null(process);
	assert_int_equal(spec_load_resources(&arena, resources_fd, &problems, &resources, &e), 0);
	assert_true(resources->present && resources->has_pids_limit);
	assert_int_equal(resources->pids_limit, 5);
}

/* `mounts add` takes the list of a config or what has it as a member; a pointer leads to the mount both times. */
static void mounts_alone(void **state)
{
	static const char *const texts[] = {
		" [{\"destination\":\"/a\"},{\"source\":\"/x\"}]",
		"{\"mounts\":[{\"destination\":\"/a\"},{\"source\":\"/x\"}]}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		autofd fd = file_with(texts[i]), good = file_with("[{\"destination\":\"/a\"}]");
		autoarena arena = { 0 };
		struct problems problems = { 0 };
		const struct spec *spec = NULL;
		struct err e = { 0 };

		assert_int_equal(spec_load_mounts(&arena, fd, &problems, &spec, &e), -22);
		assert_string_equal(e.text, "/mounts/1/destination: is required");
		assert_null(spec);
		assert_int_equal(spec_load_mounts(&arena, good, &problems, &spec, &e), 0);
		assert_int_equal(spec->mount_count, 1);
		assert_string_equal(spec->mounts[0].destination, "/a");
	}
}

/* A directory or a closed descriptor for a config is a plain message, not a crash. */
static void unreadable(void **state)
{
	autoarena arena = { 0 };
	struct problems problems = { 0 };
	const struct spec *spec = NULL;
	struct err e = { 0 };

	assert_int_equal(spec_load(&arena, -1, &problems, &spec, &e), -9);
	assert_int_equal(problems.errors, 1);
	assert_non_null(strstr(e.text, "cannot read"));
	assert_null(spec);
}

/* A message is one line, and what a document holds is no terminal's to obey. */
static void controls_are_masked(void **state)
{
	static const char *const texts[] = {
		"{\"a\":1 \x12}", "{\"a\":1 \x1b[31m}", "{\"a\\nb\\u001b[1m\":1}",
		"{\"hostname\":1,\"hooks\":{\"a\\nb\\u007f\":[]}}", "{\"linux\":{\"sysctl\":{\"a\\nb\":1}}}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct parsed p;

		parse_string(texts[i], &p);
		assert_true(p.problems.count > 0);
		for (size_t k = 0; k < p.problems.count; k++) {
			assert_null(strpbrk(p.problems.items[k].pointer, "\n\x12\x1b\x7f"));
			assert_null(strpbrk(p.problems.items[k].text, "\n\x12\x1b\x7f"));
		}
		arena_clear(&p.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_are_masked),
		cmocka_unit_test(leads_to_the_place), cmocka_unit_test(escaped_backslash),
		cmocka_unit_test(member_that_is_there_twice),
		cmocka_unit_test(keeps_64_bits),      cmocka_unit_test(large_number_for_text),
		cmocka_unit_test(one_line),	      cmocka_unit_test(parts),
		cmocka_unit_test(mounts_alone),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
