/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config.json that `tare spec` writes: a container that runs `sh` as root with few
 * capabilities, or, rootless, as the calling user in a user namespace of its own. Pure.
 *
 * Invariant: spec_parse() takes the document without a problem.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct strbuf;

/* Appends the document, indented by tabs, with a newline at its end. uid and gid are mapped to 0 when rootless. */
void spec_template(bool rootless, uint32_t uid, uint32_t gid, struct strbuf *ret_json);
