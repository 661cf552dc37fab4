/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz"
			     "0123456789+/";

/* Four characters are three bytes; padding at the end stands for one or two that are not there. */
static int group(const char *text, size_t padding, struct strbuf *bytes)
{
	uint32_t bits = 0;
	char three[3];

	for (size_t i = 0; i < 4; i++) {
		const char *digit = i < 4 - padding ? strchr(digits, text[i]) : digits;

		if (!digit)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)(digit - digits);
	}
	if (bits & ((1u << 8 * padding) - 1))
		return -EINVAL;
	for (size_t i = 0; i < 3; i++)
		three[i] = (char)(bits >> (16 - 8 * i));
	strbuf_add_bytes(bytes, three, 3 - padding);
	return 0;
}

static size_t padding_of(const char *text, size_t length)
{
	if (length < 4 || text[length - 1] != '=')
		return 0;
	return text[length - 2] == '=' ? 2 : 1;
}

int base64_parse(const char *text, struct strbuf *ret_bytes)
{
	size_t length = strlen(text), padding = padding_of(text, length);
	autobuf bytes = { 0 };

	if (length % 4)
		return -EINVAL;
	for (size_t i = 0; i < length; i += 4)
		if (group(text + i, i + 4 == length ? padding : 0, &bytes) < 0)
			return -EINVAL;
	strbuf_add_bytes(ret_bytes, bytes.text ? bytes.text : "", bytes.length);
	return 0;
}
