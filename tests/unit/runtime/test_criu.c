/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime/criu_log.h"
#include "runtime/criu_messages.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_wishes.h"
#include "runtime/descriptors.h"
#include "runtime/mountinfo.h"
#include "runtime/operations.h"
#include "spec/spec.h"

/* The bytes are what protoc's own encoder makes of the same fields: another program reads them. */
static void test_encode(void **state)
{
	static const struct criu_mount mounts[] = { { "/data", "data" }, { "/a", "b" } };
	static const char *const external[] = { "net[7]:x" };
	const struct criu_request request = {
		.type = CRIU_DUMP,
		.options = { .images_dir_fd = 300,
			     .pid = 1,
			     .leave_running = true,
			     .mounts = { mounts, 2 },
			     .external = { external, 1 } },
	};
	static const uint8_t expected[] =
		"\x08\x01\x12\x2f\x08\xac\x02\x10\x01\x18\x01"
		"\xba\x01\x0d\x0a\x05/data\x12\x04""data\xba\x01\x07\x0a\x02/a\x12\x01""b"
		"\x90\x02\x00\xaa\x02\x08net[7]:x";
	autobuf bytes = { 0 };

	wire_encode(criu_request_fields, &request, &bytes);
	assert_int_equal(bytes.length, sizeof expected - 1);
	assert_memory_equal(bytes.text, expected, bytes.length);
}

/* A question about the version has no options: with them CRIU would miss the image's directory. */
static void test_bare_request(void **state)
{
	const struct criu_request request = { .type = CRIU_VERSION };
	autobuf bytes = { 0 };

	wire_encode(criu_request_fields, &request, &bytes);
	assert_int_equal(bytes.length, 2);
	assert_memory_equal(bytes.text, "\x08\x0a", 2);
}

static int decode(const char *bytes, size_t length, struct arena *arena,
		  struct criu_response *ret_response)
{
	*ret_response = (struct criu_response){ 0 };
	return wire_decode(arena, criu_response_fields, bytes, length, ret_response);
}
#define DECODE(bytes, arena, response) decode(bytes, sizeof(bytes) - 1, arena, response)

static void test_decode(void **state)
{
	autoarena arena = { 0 };
	struct criu_response r;

	/* NOTIFY "setup-namespaces" of process 316, with a field that nobody knows in front. */
	assert_int_equal(DECODE("\xf8\x07\x05\x08\x06\x10\x01\x2a\x15\x0a\x10setup-namespaces\x10\xbc\x02",
				&arena, &r), 0);
	assert_int_equal(r.type, CRIU_NOTIFY);
	assert_true(r.success);
	assert_string_equal(r.notify.script, "setup-namespaces");
	assert_int_equal(r.notify.pid, 316);
	/* A refusal: errno and text; unknown fields of 8, 4 and counted bytes are passed over. */
	assert_int_equal(DECODE("\x08\x01\x10\x00\x38\x10\x4a\x03" "bad"
				"\xf9\x07" "12345678\xfd\x07" "1234\xfa\x07\x02" "ab", &arena, &r), 0);
	assert_false(r.success);
	assert_int_equal(r.error, 16);
	assert_string_equal(r.message, "bad");
	assert_int_equal(DECODE("\x08\x0a\x10\x01\x52\x06\x08\x03\x10\x11\x20\x01", &arena, &r), 0);
	assert_int_equal(r.version.major * 10000 + r.version.minor * 100 + r.version.sublevel, 31701);
}

/* An answer that lies about its lengths must not make tare read beyond it. */
static void test_hostile(void **state)
{
	static const struct { const char *bytes; size_t length; } rows[] = {
		{ "\x08", 1 },                        /* a key without its value */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, /* a number without end */
		{ "\x4a\x7f" "a", 3 },                /* longer than what is there */
		{ "\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\x4a\x02" "a\0", 4 },              /* a text with a NUL in it */
		{ "\x2a\x04\x0a\x09" "ab", 6 },       /* the inner one is longer than the outer */
		{ "\x0a\x01" "a", 3 },                /* bytes where a number belongs */
		{ "\x0b", 1 }, { "\x0f", 1 },         /* kinds that nobody sends */
		{ "\xf9\x07" "1234567", 9 },
	};
	autoarena arena = { 0 };
	struct criu_response r;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(decode(rows[i].bytes, rows[i].length, &arena, &r), -EBADMSG);
}

/* Any cut and any changed byte of a good answer: decoded or refused, never a crash. */
static void test_damaged(void **state)
{
	static const char good[] = "\x08\x06\x10\x01\x22\x02\x08\x05\x2a\x07\x0a\x03" "abc\x10\x01"
				   "\x38\x10\x4a\x03" "bad\x52\x04\x08\x03\x10\x11";
	char bytes[sizeof good];
	struct criu_response r;

	for (size_t cut = 0; cut < sizeof good; cut++)
		for (int value = 0; value < 256; value++) {
			autoarena arena = { 0 };
			char *copy = malloc(cut + 1); /* of its very size, for the sanitizers */

			memcpy(bytes, good, sizeof good);
			bytes[cut] = (char)value;
			memcpy(copy, bytes, cut + 1);
			decode(copy, cut + 1, &arena, &r);
			free(copy);
		}
}

static const struct spec *empty_spec(void)
{
	static const struct pair quiet[] = { { "org.criu.config", "" } };
	static const struct spec spec = { .annotations = { quiet, 1 },
					  .linux.namespaces[NS_MOUNT].present = true };

	return &spec;
}

/* The request that each option makes: a name that went to the wrong field would be done in silence. */
static void test_checkpoint_options(void **state)
{
	const struct checkpoint_request ask = {
		.criu = { .tcp_established = true, .tcp_close = true, .ext_unix_sk = true,
			  .shell_job = true, .file_locks = true, .link_remap = true,
			  .auto_dedup = true, .lazy_pages = true, .empty_ns = "network",
			  .network_lock = "nftables", .manage_cgroups_mode = "full" },
		.parent_path = "../first", .page_server = "[::1]:27", .status_fd = -1,
		.leave_running = true, .pre_dump = true, .tcp_skip_in_flight = true,
	};
	struct criu_request request = { .type = CRIU_PRE_DUMP };
	autoarena arena = { 0 };
	autobuf text = { 0 };
	struct err e;

	assert_int_equal(criu_checkpoint_options(&arena, &ask, empty_spec(), &request.options, &e), 0);
	wire_print(criu_request_fields, &request, &text);
	assert_string_equal(text.text,
			    "type: 4\nopts.leave_running: 1\nopts.ext_unix_sk: 1\n"
			    "opts.tcp_established: 1\nopts.shell_job: 1\nopts.file_locks: 1\n"
			    "opts.log_level: 4\nopts.log_file: \"dump.log\"\n"
			    "opts.ps.address: \"::1\"\nopts.ps.port: 27\nopts.notify_scripts: 1\n"
			    "opts.parent_img: \"../first\"\nopts.track_mem: 1\nopts.auto_dedup: 1\n"
			    "opts.link_remap: 1\nopts.manage_cgroups: 1\nopts.ext_sharing: 1\n"
			    "opts.ext_masters: 1\nopts.manage_cgroups_mode: 4\n"
			    "opts.empty_ns: 1073741824\nopts.tcp_skip_in_flight: 1\n"
			    "opts.lazy_pages: 1\nopts.orphan_pts_master: 1\nopts.tcp_close: 1\n"
			    "opts.network_lock: 2\n");
}

static void test_restore_options(void **state)
{
	static const struct pair named[] = { { "org.criu.config", "/etc/mine.conf" } };
	const struct spec spec = { .annotations = { named, 1 },
				   .linux.namespaces[NS_MOUNT].present = true };
	const struct restore_request ask = { .lsm_profile = "apparmor:p", .lsm_mount_context = "c" };
	struct criu_request request = { .type = CRIU_RESTORE };
	autoarena arena = { 0 };
	autobuf text = { 0 };
	struct err e;

	assert_int_equal(criu_restore_options(&arena, &ask, &spec, &request.options, &e), 0);
	wire_print(criu_request_fields, &request, &text);
	assert_string_equal(text.text,
			    "type: 2\nopts.log_level: 4\nopts.log_file: \"restore.log\"\n"
			    "opts.notify_scripts: 1\nopts.rst_sibling: 1\nopts.ext_sharing: 1\n"
			    "opts.ext_masters: 1\nopts.manage_cgroups_mode: 0\n"
			    "opts.orphan_pts_master: 1\nopts.config_file: \"/etc/mine.conf\"\n"
			    "opts.lsm_profile: \"apparmor:p\"\nopts.lsm_mount_context: \"c\"\n");
}

static void test_refused_options(void **state)
{
	static const struct {
		struct checkpoint_request ask;
		const char *text;
	} rows[] = {
		{ { .criu = { .network_lock = "no" }, .status_fd = -1 },
		  "--network-lock: \"no\" is not known" },
		{ { .criu = { .manage_cgroups_mode = "" }, .status_fd = -1 },
		  "--manage-cgroups-mode: \"\" is not known" },
		{ { .criu = { .empty_ns = "pid" }, .status_fd = -1 },
		  "--empty-ns: \"pid\" is not known" },
		{ { .page_server = "host", .status_fd = -1 },
		  "--page-server: \"host\" is not ADDRESS:PORT" },
		{ { .page_server = ":27", .status_fd = -1 },
		  "--page-server: \":27\" is not ADDRESS:PORT" },
		{ { .page_server = "a:65536", .status_fd = -1 },
		  "--page-server: \"a:65536\" is not ADDRESS:PORT" },
		{ { .parent_path = "/x", .status_fd = -1 },
		  "--parent-path /x: must be relative to the image's directory, so that images can be "
		  "moved together" },
		{ { .status_fd = 987 }, "--status-fd 987: Bad file descriptor" },
	};
	autoarena arena = { 0 };
	struct criu_options options;
	struct err e;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(criu_checkpoint_options(&arena, &rows[i].ask, empty_spec(), &options, &e) < 0);
		assert_string_equal(e.text, rows[i].text);
	}
}

/* What decides stands in front of what follows from it; noise is neither. */
static void test_log(void **state)
{
	autoarena arena = { 0 };

	assert_string_equal(
		criu_log_errors(&arena,
				"(00.01) Error (criu/tun.c:85): tun: Unable to create tun: gone\n"
				"(00.02) mnt: Error is a word (only)\n"
				"(00.03)     12: Error (criu/sk-inet.c:191): inet: Connected TCP socket\n"
				"(00.03)     12: Error (criu/sk-inet.c:191): inet: Connected TCP socket\n"
				"(00.04) Error (criu/util.c:642): exited, status=1\n"
				"(00.05) Error (criu/cr-dump.c:1635): Dump files failed\n"
				"(00.06) Error (criu/cr-dump.c:2053): Dumping FAILED.\n"),
		"inet: Connected TCP socket; Dump files failed");
	assert_null(criu_log_errors(&arena, "(00.01) all is well\n"));
	assert_null(criu_log_errors(&arena, ""));
}

static void test_named_mount(void **state)
{
	static const struct spec_mount mounts[] = {
		{ .destination = "/" }, { .destination = "/data" }, { .destination = "/data/in" },
	};
	const struct spec spec = { .mounts = mounts, .mount_count = 3 };

	assert_int_equal(criu_mount_named(&spec, "mnt: 12:./data doesn't have a root"), 1);
	assert_int_equal(criu_mount_named(&spec, "No mapping for /data/in mountpoint"), 2);
	assert_int_equal(criu_mount_named(&spec, "Can't open /database"), -1);
	assert_int_equal(criu_mount_named(&spec, "Can't open /some/data2"), -1);
}

/* What is misread here would be taken for the container's own, and be missing or doubled in the image. */
static void test_mountinfo(void **state)
{
	const char *text = "36 35 98:0 /mnt1 /mnt\\040two\\134 rw master:1 - ext3 /dev/root rw\n"
			   "broken\n\n"
			   "37 36 0:5 / / ro - tmpfs none rw";
	autoarena arena = { 0 };
	struct mount_line line;

	assert_true(mount_line_next(&arena, &text, &line));
	assert_int_equal(line.id, 36);
	assert_string_equal(line.device, "98:0");
	assert_string_equal(line.point, "/mnt two\\");
	assert_true(mount_line_next(&arena, &text, &line));
	assert_int_equal(line.id, 37);
	assert_string_equal(line.point, "/");
	assert_false(mount_line_next(&arena, &text, &line));
}

static void test_external_descriptors(void **state)
{
	const char *const names[DESCRIPTORS] = { "/dev/null", "pipe:[3]", "file[2a:1b]" };
	autoarena arena = { 0 };
	struct strings list = descriptors_external(&arena, names);

	assert_false(descriptor_is_external(names[0]));
	assert_false(descriptor_is_external(NULL));
	assert_false(descriptor_is_external("/tmp/pipe:[3]"));
	assert_true(descriptor_is_external(names[1]));
	assert_true(descriptor_is_external("socket:[9]"));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0], "file[2a:1b]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_bare_request),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_checkpoint_options),
		cmocka_unit_test(test_restore_options),
		cmocka_unit_test(test_refused_options),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_named_mount),
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_external_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
