/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON strings for writers that need no document model: the log and the printed plan.
 * Pure: makes no system call.
 */
#pragma once

struct strbuf;

/* Appends text as a JSON string with its quotation marks. What is not UTF-8 becomes U+FFFD, so that
 * the result is always valid, whatever a file name holds. */
void json_add_string(struct strbuf *, const char *text);
