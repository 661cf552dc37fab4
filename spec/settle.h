/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left to do once every field of a document is known and valid: values that
 * the specification says to drop or ignore because of other values.
 */
#pragma once

/* struct spec */
void settle_config(void *spec);
/* struct spec_process */
void settle_process(void *process);
