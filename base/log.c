/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

static const struct level_row {
	const char *name; /* as logrus spells them: engines compare the text */
	int priority;     /* syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

struct sink {
	void (*write)(enum log_level, const char *message);
	enum log_level level;
	int fd;            /* -1: none of its own */
	const char *ident; /* syslog, journald */
	bool to_stderr;    /* who reads stderr has read the line already */
};

static void write_plain(enum log_level, const char *message);
static struct sink sink = { write_plain, LOG_LEVEL_WARNING, STDERR_FILENO, NULL, true };

/* A log that cannot be written must not fail what is logged. */
static void put(const struct strbuf *line)
{
	(void)fd_write_all(sink.fd, line->text, line->length);
}

static void write_plain(enum log_level level, const char *message)
{
	autobuf line = { 0 };

	strbuf_addf(&line, "tare: %s: %s\n", levels[level].name, message);
	put(&line);
}

/* RFC 3339 with the zone's offset, "Z" for UTC. */
static void add_time(struct strbuf *line)
{
	char text[40], zone[8];
	time_t now = time(NULL);
	struct tm local;

	if (!localtime_r(&now, &local))
		return;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
	strftime(zone, sizeof zone, "%z", &local);
	if (str_equal(zone, "+0000"))
		strbuf_addf(line, "%sZ", text);
	else
		strbuf_addf(line, "%s%.3s:%.2s", text, zone, zone + 3);
}

static void write_json(enum log_level level, const char *message)
{
	autobuf line = { 0 };

	strbuf_addf(&line, "{\"level\":\"%s\",\"msg\":", levels[level].name);
	json_add_string(&line, message);
	strbuf_add(&line, ",\"time\":\"");
	add_time(&line);
	strbuf_add(&line, "\"}\n");
	put(&line);
}

static void write_text(enum log_level level, const char *message)
{
	autobuf line = { 0 };

	strbuf_add(&line, "time=\"");
	add_time(&line);
	strbuf_addf(&line, "\" level=%s msg=", levels[level].name);
	json_add_string(&line, message);
	strbuf_add(&line, "\n");
	put(&line);
}

static void write_syslog(enum log_level level, const char *message)
{
	syslog(levels[level].priority, "%s", message);
}

/* Journal native protocol: fields of one datagram, a line each. Control characters would end a
 * field. */
static void write_journal(enum log_level level, const char *message)
{
	autobuf fields = { 0 };

	strbuf_addf(&fields, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=", levels[level].priority,
		    sink.ident);
	for (; *message; message++)
		strbuf_addf(&fields, "%c", *message == '\n' ? ' ' : *message);
	strbuf_add(&fields, "\n");
	(void)send(sink.fd, fields.text, fields.length, MSG_NOSIGNAL);
}

static int open_file(const char *name, struct sink *ret_sink, struct err *e)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0)
		return err_set(e, errno, "--log %s: open", name);
	ret_sink->fd = fd;
	return 0;
}

static int open_syslog(const char *name, struct sink *ret_sink, struct err *e)
{
	openlog(*name ? name : "tare", LOG_PID | LOG_NDELAY, LOG_USER);
	*ret_sink = (struct sink){ write_syslog, ret_sink->level, -1, name, false };
	return 0;
}

static int open_journal(const char *name, struct sink *ret_sink, struct err *e)
{
	static const struct sockaddr_un journal = { AF_UNIX, "/run/systemd/journal/socket" };
	autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(e, errno, "--log journald:%s: socket", name);
	if (connect(fd, (const struct sockaddr *)&journal, sizeof journal) < 0)
		return err_set(e, errno, "--log journald:%s: connect to %s", name,
			       journal.sun_path);
	*ret_sink = (struct sink){ write_journal, ret_sink->level, fd_take(&fd),
				   *name ? name : "tare", false };
	return 0;
}

/* Where a log can go. The last row takes every name that none before it takes. */
static const struct target {
	const char *prefix;
	int (*open)(const char *name, struct sink *ret_sink, struct err *e);
} targets[] = {
	{ "file:", open_file },
	{ "syslog:", open_syslog },
	{ "journald:", open_journal },
	{ "", open_file },
};

static int open_target(const char *file, struct sink *ret_sink, struct err *e)
{
	const struct target *target = targets;

	while (!str_starts(file, target->prefix))
		target++;
	return target->open(file + strlen(target->prefix), ret_sink, e);
}

int log_open(const char *file, enum log_format format, enum log_level level, struct err *e)
{
	struct sink opened = { write_text, level, STDERR_FILENO, NULL, false };
	int r;

	if (format == LOG_FORMAT_JSON)
		opened.write = write_json;
	else if (!file)
		opened.write = write_plain;
	opened.to_stderr = !file;
	r = file ? open_target(file, &opened, e) : 0;
	if (r < 0)
		return r;
	if (sink.fd != STDERR_FILENO)
		fd_close(&sink.fd);
	sink = opened;
	return 0;
}

bool log_enabled(enum log_level level)
{
	return level <= sink.level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	autofree char *message = NULL;
	va_list args;
	int r;

	if (!log_enabled(level))
		return;
	va_start(args, fmt);
	r = vasprintf(&message, fmt, args);
	va_end(args);
	if (r < 0)
		memory_out();
	sink.write(level, message);
}

void log_failure(const char *command, const struct err *e)
{
	autobuf line = { 0 };

	if (sink.write != write_plain)
		sink.write(LOG_LEVEL_ERROR, e->text);
	if (!sink.to_stderr || sink.write == write_plain) {
		strbuf_addf(&line, "tare: %s%s%s\n", command ? command : "", command ? ": " : "",
			    e->text);
		(void)fd_write_all(STDERR_FILENO, line.text, line.length);
	}
}
