/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of config.json's objects. A new field of the specification is a member in
 * spec/spec.h and a row in one of table_*.c.
 */
#pragma once
#include "spec/fields.h"

extern const struct object config_object;    /* struct spec */
extern const struct object mounts_object;    /* struct spec, of which mounts alone */
extern const struct object process_object;   /* struct spec_process */
extern const struct object hooks_object;     /* struct spec_hooks[HOOK_KINDS] */
extern const struct object linux_object;     /* struct spec_linux */
extern const struct object resources_object; /* struct spec_resources */
extern const struct object seccomp_object;   /* struct spec_seccomp */
extern const struct object id_mapping_object; /* struct id_mapping */
