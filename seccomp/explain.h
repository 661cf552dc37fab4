/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile decides about a system call, and which of its rules does. Read off the profile, with the
 * same order of precedence as the compiled filter. Pure.
 */
#pragma once

struct spec_seccomp;
struct strbuf;

/* Appends one paragraph: a line or more for each architecture that the profile has. prefix: of the
 * pointers, "/linux/seccomp" or "". */
void seccomp_explain(const struct spec_seccomp *, const char *prefix, const char *call,
		     struct strbuf *ret_text);
