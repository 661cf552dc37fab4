/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config.json that `tare spec` writes. Pure.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct strbuf;

/* A shell on a terminal, in new namespaces, with few capabilities and a read-only root. rootless:
 * for a caller without privileges, whose ids become root's in a user namespace. */
void spec_template(bool rootless, uid_t uid, gid_t gid, struct strbuf *ret_json);
