/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

/* Standard error is a file while a test runs, so that it can be read. */
struct capture {
	char log[32], stderr_file[32];
	int stderr_copy;
};

static int start(void **state)
{
	struct capture *c = calloc(1, sizeof *c);
	int fd;

	strcpy(c->log, "/tmp/tare-log.XXXXXX");
	strcpy(c->stderr_file, "/tmp/tare-err.XXXXXX");
	fd = mkstemp(c->log);
	fd_close(&fd);
	fd = mkstemp(c->stderr_file);
	c->stderr_copy = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	fd_close(&fd);
	*state = c;
	return 0;
}

static int end(void **state)
{
	struct capture *c = *state;
	struct err e;

	log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING, &e);
	dup2(c->stderr_copy, STDERR_FILENO);
	fd_close(&c->stderr_copy);
	unlink(c->log);
	unlink(c->stderr_file);
	free_pointer(state);
	return 0;
}

static void assert_file(const char *path, const char *begin, const char *end_text)
{
	autobuf text = { 0 };

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 16, &text), 0);
	if (!*begin) {
		assert_int_equal(text.length, 0);
		return;
	}
	assert_memory_equal(text.text, begin, strlen(begin));
	assert_true(text.length >= strlen(end_text));
	assert_string_equal(text.text + text.length - strlen(end_text), end_text);
}

static struct err failure(void)
{
	struct err e;

	err_say(&e, ENOENT, "container \"x\" does not exist");
	return e;
}

/* Engines take the last "error" line of the JSON log as the reason for a failure; the user reads stderr. */
static void json_file(void **state)
{
	struct capture *c = *state;
	struct err e = failure();

	assert_int_equal(log_open(c->log, LOG_FORMAT_JSON, LOG_LEVEL_WARNING, &e), 0);
	log_line(LOG_LEVEL_DEBUG, "not this");
	log_failure("state", &e);
	assert_file(c->log, "{\"level\":\"error\",\"msg\":\"container \\\"x\\\" does not exist\",\"time\":\"2",
		    "\"}\n");
	assert_file(c->stderr_file, "tare: state: container \"x\" does not exist\n", "exist\n");
}

/* The text form is what log collectors split into time, level and msg. */
static void text_file(void **state)
{
	struct capture *c = *state;
	struct err e = failure();

	assert_int_equal(log_open(c->log, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG, &e), 0);
	log_line(LOG_LEVEL_DEBUG, "seen %d", 1);
	assert_file(c->log, "time=\"2", " level=debug msg=\"seen 1\"\n");
	assert_file(c->stderr_file, "", "");
	log_failure("state", &e);
	assert_file(c->log, "time=\"2", " level=error msg=\"container \\\"x\\\" does not exist\"\n");
}

/* Without a log each failure is one line, not two. */
static void standard_error(void **state)
{
	struct capture *c = *state;
	struct err e = failure();

	assert_int_equal(log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING, &e), 0);
	log_line(LOG_LEVEL_WARNING, "careful");
	log_failure(NULL, &e);
	assert_file(c->stderr_file,
		    "tare: warning: careful\ntare: container \"x\" does not exist\n", "exist\n");
}

/* --log-format json without a log: whoever reads stderr gets JSON and nothing else. */
static void json_on_standard_error(void **state)
{
	struct capture *c = *state;
	struct err e = failure();

	assert_int_equal(log_open(NULL, LOG_FORMAT_JSON, LOG_LEVEL_WARNING, &e), 0);
	log_failure("state", &e);
	assert_file(c->stderr_file, "{\"level\":\"error\",\"msg\":\"container", "\"}\n");
}

/* file:PATH is PATH, and a log is appended to: engines keep one for all calls. */
static void file_prefix_appends(void **state)
{
	struct capture *c = *state;
	char name[48] = "file:";
	struct err e = failure();

	strcat(name, c->log);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(log_open(name, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, &e), 0);
		log_line(LOG_LEVEL_INFO, "line %d", i);
	}
	assert_file(c->log, "time=", " level=info msg=\"line 1\"\n");
	{
		autobuf text = { 0 };

		assert_int_equal(file_read(AT_FDCWD, c->log, 1 << 16, &text), 0);
		assert_non_null(strstr(text.text, "msg=\"line 0\"\n"));
	}
}

/* A log that cannot be opened is told, not skipped: the user would look for messages in vain. */
static void cannot_open(void **state)
{
	struct err e = { 0 };

	assert_int_equal(log_open("/nonexistent/x", LOG_FORMAT_TEXT, LOG_LEVEL_INFO, &e), -ENOENT);
	assert_non_null(strstr(e.text, "--log /nonexistent/x"));
}

/* Levels in order: a less important message than asked for costs nothing and shows nothing. */
static void levels(void **state)
{
	struct err e;

	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
		assert_int_equal(log_open(NULL, LOG_FORMAT_TEXT, (enum log_level)level, &e), 0);
		for (int line = LOG_LEVEL_ERROR; line <= LOG_LEVEL_DEBUG; line++)
			assert_int_equal(log_enabled((enum log_level)line), line <= level);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(json_file),	   TEST(text_file),	     TEST(standard_error),
		TEST(json_on_standard_error), TEST(file_prefix_appends), TEST(cannot_open),
		TEST(levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
