/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log sink: the one file-scope variable of the project. Text on a
 * terminal or stderr is "tare: level: message"; in a file it is logrus-like text or
 * one JSON object a line ({"level","msg","time"}), which engines parse.
 */
#pragma once
#include <stdbool.h>

struct err;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* file: a path, "file:PATH", "syslog:IDENT", "journald:IDENT", or NULL for stderr. 0 or -errno with e filled. */
int log_open(const char *file, enum log_format, enum log_level, struct err *e);
bool log_enabled(enum log_level);
__attribute__((format(printf, 2, 3)))
void log_line(enum log_level, const char *fmt, ...);
/* The last word of a failed command: to the log, and to stderr too when the log is a file. */
void log_failure(const char *command, const struct err *e);
