/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tare is and what it was built with.
 */
#pragma once

struct strbuf;

#define TARE_VERSION_SPEC "1.3.0" /* the newest runtime-spec that is implemented */

/* "0.1.0". */
const char *version_number(void);
/* The commit tare was built from, NULL outside a repository. */
const char *version_commit(void);
/* `tare --version`; engines parse the first line and "spec:". */
void version_text(struct strbuf *);
