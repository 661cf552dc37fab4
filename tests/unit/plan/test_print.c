/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "sample.h"

/* `tare plan` is how people see what tare is going to do, and what golden tests compare. */
static const char expected[] =
	"host  state               -                                          status=creating\n"
	"host  open-gate           -                                          ret=#0\n"
	"host  clone               /linux/namespaces                          flags=NEWUSER|NEWNS\n"
	"host  release             -\n"
	"host  sync                /hooks                                     number=1 direction=init->host\n"
	"host  hook                /hooks/prestart/0                          kind=prestart path=/bin/hook "
	"argv=[\"/bin/sh\",\"-c\",\"echo \\\"hello\\\"\"] timeout=-1\n"
	"host  sync                /hooks                                     number=2 direction=host->init\n"
	"init  root                /root/path                                 path=\"/b/root fs\" recursive=1 ret=#1\n"
	"init  fs                  /mounts/0 (destination /dev/shm)           type=tmpfs attr=NOSUID|STRICTATIME ret=#2\n"
	"init  attr                /mounts/0 (destination /dev/shm)           mount=#2 set=none clear=ATIME "
	"propagation=SLAVE recursive=1\n"
	"init  target              /mounts/0 (destination /dev/shm)           path=/dev/shm like=#2 mode=0755 "
	"flags=NO_SYMLINKS ret=#3\n"
	"init  attach              /mounts/0 (destination /dev/shm)           mount=#2 target=#3\n"
	"init  sync                /hooks                                     number=1 direction=init->host\n"
	"init  sync                /hooks                                     number=2 direction=host->init\n"
	"init  pivot               -                                          kind=pivot_root\n"
	"init  umask               -                                          mode=022\n"
	"init  keyring             -                                          name=_ses optional\n"
	"init  gate                -                                          listener=#0\n"
	"init  seccomp             /linux/seccomp                             filter=[16 bytes, 2 instructions] "
	"flags=LOG\n"
	"init  exec                /process/args                              argv=[\"/bin/sh\",\"-c\",\"echo "
	"\\\"hello\\\"\"] home=1\n";

static void test_text(void **state)
{
	autoarena arena = { 0 };
	autobuf out = { 0 };

	(void)state;
	plan_print(sample_plan(&arena), &out);
	assert_string_equal(out.text, expected);
}

static void print_one(struct plan *plan, struct strbuf *out)
{
	autoarena arena = { 0 };
	struct plan_header *sealed = NULL;
	struct err e = { 0 };

	sample_host(plan);
	sample_end(plan);
	assert_int_equal(plan_seal(plan, &arena, &sealed, &e), 0);
	plan_print(sealed, out);
}

/* A line must stay one line and a word one word, or a path with a newline could show steps that are
 * not there. */
static void test_odd_texts_are_quoted(void **state)
{
	static const struct {
		const char *path, *shown;
	} rows[] = {
		{ "/a b", "path=\"/a b\" " },
		{ "/a\ninit  exec", "path=\"/a\\ninit  exec\" " },
		{ "", "path=\"\" " },
		{ "#1", "path=\"#1\" " },
		{ "[x", "path=\"[x\" " },
		{ "a\\b", "path=\"a\\\\b\" " },
		{ "/plain=1,2", "path=/plain=1,2 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoplan plan = { 0 };
		autobuf out = { 0 };

		PLAN_INIT(&plan, OP_PROPAGATION, NULL, plan_str(&plan, rows[i].path), 0);
		print_one(&plan, &out);
		if (!strstr(out.text, rows[i].shown))
			fail_msg("no %s in %s", rows[i].shown, out.text);
	}
}

/* Flags without a name are shown as numbers, not left out. */
static void test_unknown_flags_are_shown(void **state)
{
	autoplan plan = { 0 };
	autobuf out = { 0 };

	(void)state;
	PLAN_INIT(&plan, OP_UNSHARE, NULL, CLONE_NEWNS | CLONE_NEWTIME | 1u << 3);
	PLAN_INIT(&plan, OP_TREE, NULL, plan_str(&plan, "/x"), AT_RECURSIVE | TREE_NOFOLLOW,
		  plan_slot(&plan));
	print_one(&plan, &out);
	assert_non_null(strstr(out.text, "flags=NEWNS|NEWTIME|0x8\n"));
	assert_non_null(strstr(out.text, "flags=RECURSIVE|NOFOLLOW "));
}

/* Programs read the JSON form: the same facts, each with its type. */
static void test_json(void **state)
{
	static const char *const parts[] = {
		",\n  \"slots\": 4,\n  \"preserveFds\": 0,\n  \"host\": [",
		"{\"op\":\"state\",\"why\":null,\"optional\":false,\"args\":{\"status\":\"creating\"}},",
		"\"args\":{\"flags\":\"NEWUSER|NEWNS\"}}",
		"\"args\":{\"number\":1,\"direction\":\"init->host\"}}",
		"\"argv\":[\"/bin/sh\",\"-c\",\"echo \\\"hello\\\"\"],\"env\":[],\"timeout\":-1}}",
		"\"userns\":null}}",
		"{\"op\":\"keyring\",\"why\":null,\"optional\":true,",
		"\"mode\":\"022\"",
		"\"filter\":{\"bytes\":16,\"instructions\":2},\"flags\":\"LOG\"",
		"\"init\": [",
	};
	autoarena arena = { 0 };
	autobuf out = { 0 };

	(void)state;
	plan_print_json(sample_plan(&arena), &out);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(out.text, parts[i]))
			fail_msg("no %s in %s", parts[i], out.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_odd_texts_are_quoted),
		cmocka_unit_test(test_unknown_flags_are_shown),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
