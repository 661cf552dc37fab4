/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "seccomp/cache.h"
#include "seccomp/seccomp.h"
#include "spec/load.h"
#include "spec/spec.h"

#define CONFIG(seccomp, annotations) \
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"annotations\":{" annotations "}," \
	"\"linux\":{\"seccomp\":{" seccomp "}}}"
#define MASKED(index, op, two) \
	"\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"]," \
	"\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":" index ",\"value\":7," \
	"\"valueTwo\":" two ",\"op\":\"" op "\"}]}]"
#define DENY_MKDIR \
	"\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"]," \
	"\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28}]"

struct place {
	struct arena arena;
	char path[32];
	int root, dir;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	strcpy(p->path, "/tmp/test-cache-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->root = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->dir = filter_cache_open(p->root, "@seccomp", true);
	assert_true(p->dir >= 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	fd_close(&p->dir);
	fd_close(&p->root);
	dir_remove_tree(AT_FDCWD, p->path);
	arena_clear(&p->arena);
	free(p);
	return 0;
}

static const struct spec *given(struct place *p, const char *json)
{
	const struct spec *spec = NULL;
	struct problems problems;
	struct err e = { 0 };

	if (spec_parse(&p->arena, json, strlen(json), &problems, &spec, &e) < 0)
		fail_msg("%s", e.text);
	return spec;
}

static struct filter_key key_of(struct place *p, const char *json)
{
	return filter_key(given(p, json), "salt");
}

static const char program[] = "eight by eight bytes";
static const struct seccomp_filter sample = { program, 16, 5 };

static void write_sample(struct place *p, const struct filter_key *key)
{
	assert_int_equal(filter_cache_write(p->dir, key, &sample), 0);
}

static int read_back(struct place *p, const struct filter_key *key)
{
	struct seccomp_filter filter;
	int r = filter_cache_read(p->dir, key, &p->arena, &filter);

	if (r < 0)
		return r;
	assert_int_equal(filter.size, sample.size);
	assert_int_equal(filter.flags, sample.flags);
	assert_memory_equal(filter.program, program, sample.size);
	return 0;
}

/* The name of the one file there. */
static const char *only_file(struct place *p)
{
	DIR *stream = opendir(arena_printf(&p->arena, "%s/@seccomp", p->path));
	const char *name = NULL;
	struct dirent *entry;

	while ((entry = readdir(stream)))
		if (*entry->d_name != '.')
			name = arena_strdup(&p->arena, entry->d_name);
	closedir(stream);
	assert_non_null(name);
	return name;
}

static size_t count_files(struct place *p)
{
	DIR *stream = opendir(arena_printf(&p->arena, "%s/@seccomp", p->path));
	size_t count = 0;
	struct dirent *entry;

	while ((entry = readdir(stream)))
		count += !str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..");
	closedir(stream);
	return count;
}

/* A user would lose what the cache is for: the second start of a profile takes as long as the first. */
static void test_round_trip(void **state)
{
	struct place *p = *state;
	struct filter_key key = key_of(p, CONFIG(DENY_MKDIR, ""));

	assert_int_equal(read_back(p, &key), -ENOENT);
	write_sample(p, &key);
	assert_int_equal(read_back(p, &key), 0);
}

/* A user would lose the profile: the container would run under another one's filter. */
static void test_keys_differ(void **state)
{
	static const char *const configs[] = {
		CONFIG(DENY_MKDIR, ""),
		CONFIG(DENY_MKDIR, "\"run.oci.seccomp_fail_unknown_syscall\":\"1\""),
		CONFIG(DENY_MKDIR, "\"run.oci.seccomp_bpf_data\":\"AAAA\""),
		CONFIG(DENY_MKDIR ",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]", ""),
		CONFIG(DENY_MKDIR ",\"architectures\":[\"SCMP_ARCH_X86\"]", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],"
		       "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28},{\"names\":[\"mkdirat\"],"
		       "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28}]", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdirmkdirat\"],"
		       "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28}]", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"],"
		       "\"action\":\"SCMP_ACT_ERRNO\"}]", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"],"
		       "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28,\"args\":[{\"index\":1,\"value\":2,"
		       "\"op\":\"SCMP_CMP_EQ\"}]}]", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"],"
		       "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28,\"args\":[{\"index\":1,\"value\":3,"
		       "\"op\":\"SCMP_CMP_EQ\"}]}]", ""),
		CONFIG(MASKED("1", "SCMP_CMP_MASKED_EQ", "1"), ""),
		CONFIG(MASKED("1", "SCMP_CMP_MASKED_EQ", "2"), ""),
		CONFIG(MASKED("2", "SCMP_CMP_MASKED_EQ", "1"), ""),
		CONFIG(MASKED("1", "SCMP_CMP_NE", "1"), ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_LOG\"", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ERRNO\"", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1", ""),
		CONFIG("\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38", ""),
	};
	struct place *p = *state;
	enum { COUNT = sizeof configs / sizeof *configs };
	struct filter_key keys[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		keys[i] = key_of(p, configs[i]);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < i; k++)
			if (memcmp(&keys[i], &keys[k], sizeof *keys) == 0)
				fail_msg("%s\nand\n%s\nhave one key", configs[i], configs[k]);
}

/* A user would lose the reason to trust an update: filters of an older tare or kernel would stay. */
static void test_salt_counts(void **state)
{
	struct place *p = *state;
	const struct spec *spec = given(p, CONFIG(DENY_MKDIR, ""));
	struct filter_key one = filter_key(spec, "6.1"), again = filter_key(spec, "6.1");
	struct filter_key other = filter_key(spec, "6.2");

	assert_memory_equal(&one, &again, sizeof one);
	assert_memory_not_equal(&one, &other, sizeof one);
}

/* A user would lose isolation: whoever flips a bit of a filter on disk decides what it forbids. */
static void test_damage_is_seen(void **state)
{
	struct place *p = *state;
	struct filter_key key = key_of(p, CONFIG(DENY_MKDIR, ""));
	const char *name;
	autobuf text = { 0 };

	write_sample(p, &key);
	name = only_file(p);
	assert_int_equal(file_read(p->dir, name, 1000, &text), 0);
	for (size_t i = 0; i < text.length; i++) {
		text.text[i] ^= 1;
		assert_int_equal(file_replace(p->dir, name, 0600, text.text, text.length), 0);
		assert_int_equal(read_back(p, &key), -EBADMSG);
		text.text[i] ^= 1;
	}
	for (size_t length = 0; length < text.length; length++) {
		assert_int_equal(file_replace(p->dir, name, 0600, text.text, length), 0);
		assert_int_equal(read_back(p, &key), -EBADMSG);
	}
	strbuf_add(&text, "x");
	assert_int_equal(file_replace(p->dir, name, 0600, text.text, text.length), 0);
	assert_int_equal(read_back(p, &key), -EBADMSG);
}

/* A user would lose isolation: a file that others may write, or a link to one, is anybody's filter. */
static void test_foreign_files_do_not_count(void **state)
{
	struct place *p = *state;
	struct filter_key key = key_of(p, CONFIG(DENY_MKDIR, ""));
	const char *name;

	write_sample(p, &key);
	name = only_file(p);
	fchmodat(p->dir, name, 0620, 0);
	assert_int_equal(read_back(p, &key), -EBADMSG);
	fchmodat(p->dir, name, 0600, 0);
	assert_int_equal(read_back(p, &key), 0);
	assert_int_equal(renameat(p->dir, name, p->dir, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", p->dir, name), 0);
	assert_int_equal(read_back(p, &key), -ELOOP);
	assert_int_equal(unlinkat(p->dir, name, 0), 0);
	assert_int_equal(mkfifoat(p->dir, name, 0600), 0);
	assert_int_equal(read_back(p, &key), -EBADMSG);
	if (geteuid() == 0) {
		assert_int_equal(renameat(p->dir, "elsewhere", p->dir, name), 0);
		assert_int_equal(fchownat(p->dir, name, 12345, -1, 0), 0);
		assert_int_equal(read_back(p, &key), -EBADMSG);
	}
}

/* A user would lose isolation: who may write the directory may put whole files there. */
static void test_foreign_directories_do_not_count(void **state)
{
	struct place *p = *state;

	fchmod(p->dir, 0770);
	assert_int_equal(filter_cache_open(p->root, "@seccomp", true), -EPERM);
	assert_int_equal(symlinkat("@seccomp", p->root, "link"), 0);
	assert_true(filter_cache_open(p->root, "link", true) < 0);
	assert_int_equal(filter_cache_open(p->root, "absent", false), -ENOENT);
}

/* A user would lose the disk below /run, bit by bit, to profiles that are made anew for each container. */
static void test_bounded(void **state)
{
	struct place *p = *state;
	struct filter_key first = { { 1 } }, key = { { 0 } };
	const struct timespec old[2] = { { 1, 0 }, { 1, 0 } };

	write_sample(p, &first);
	utimensat(p->dir, only_file(p), old, 0);
	for (int i = 0; i < FILTER_CACHE_MOST - 1; i++) {
		key.hash[1] = (uint8_t)i;
		write_sample(p, &key);
	}
	assert_int_equal(count_files(p), FILTER_CACHE_MOST);
	assert_int_equal(read_back(p, &first), 0);
	key.hash[2] = 1;
	write_sample(p, &key);
	assert_int_equal(count_files(p), FILTER_CACHE_MOST);
	assert_int_equal(read_back(p, &first), -ENOENT);
	assert_int_equal(read_back(p, &key), 0);
}

/* Writes the same filter again and again, and many others beside it. */
static pid_t start_writer(struct place *p, const struct filter_key *same, uint8_t own)
{
	struct filter_key other = { { own } };
	pid_t pid = fork();

	for (unsigned i = 0; pid == 0 && i < 60; i++) {
		other.hash[1] = (uint8_t)i;
		if (filter_cache_write(p->dir, same, &sample) < 0 ||
		    filter_cache_write(p->dir, &other, &sample) < 0)
			_exit(1);
	}
	if (pid == 0)
		_exit(0);
	return pid;
}

/* A user would lose a container now and then on a busy host, where many start at the same time: half a filter would be
 * read, or a write would fail because another made room. */
static void test_writers_race(void **state)
{
	struct filter_key same = { { 7 } };
	struct place *p = *state;
	pid_t writers[2];
	int status;

	write_sample(p, &same);
	for (uint8_t i = 0; i < 2; i++)
		writers[i] = start_writer(p, &same, i);
	while (waitpid(writers[0], &status, WNOHANG) == 0)
		assert_int_equal(read_back(p, &same), 0);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(writers[1], &status, 0), writers[1]);
	assert_int_equal(status, 0);
	assert_in_range(count_files(p), 1, FILTER_CACHE_MOST);
}

/* A user would lose what an annotation says of unknown calls, or of a filter made elsewhere. */
static void test_annotations(void **state)
{
	static const char unknown[] = "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":"
				      "[\"no_such_call\"],\"action\":\"SCMP_ACT_ERRNO\"}]";
	static const struct row {
		const char *annotations, *error; /* NULL: none */
		size_t size;                     /* 0: whatever it is */
	} rows[] = {
		{ "", NULL, 0 },
		{ "\"run.oci.seccomp_fail_unknown_syscall\":\"1\"", "/linux/seccomp/syscalls/0", 0 },
		{ "\"run.oci.seccomp_fail_unknown_syscall\":\"\"", "no_such_call", 0 },
		{ "\"run.oci.seccomp_fail_unknown_syscall\":\"0\"", NULL, 0 },
		{ "\"run.oci.seccomp_bpf_data\":\"BgAAAAAA/38=\"", NULL, 8 },
		{ "\"run.oci.seccomp_bpf_data\":\"BgAAAAAA/3\"", "not base64", 0 },
		{ "\"run.oci.seccomp_bpf_data\":\"BgAA\"", "whole number", 0 },
		{ "\"run.oci.seccomp_bpf_data\":\"\"", "whole number", 0 },
	};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *json = arena_printf(
			&p->arena, CONFIG("%s", "%s"), rows[i].annotations, unknown);
		struct seccomp_filter filter = { 0 };
		struct err e = { 0 };
		int r = seccomp_make(&p->arena, given(p, json), &filter, &e);

		assert_int_equal(r < 0, rows[i].error != NULL);
		if (rows[i].error)
			assert_non_null(strstr(e.text, rows[i].error));
		if (rows[i].size)
			assert_int_equal(filter.size, rows[i].size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keys_differ, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_salt_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_files_do_not_count, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_directories_do_not_count, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_writers_race, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_annotations, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
