/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4), read strictly. Pure. */
#pragma once

struct strbuf;

/* Appends the bytes to *ret_bytes. Padding is required, blanks and line ends are not taken, bits that
 * stand for nothing must be zero: 0 or -EINVAL. */
int base64_parse(const char *text, struct strbuf *ret_bytes);
