/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitlist.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* Reads one number and steps behind it. */
static int take_number(const char **text, uint64_t *ret_number)
{
	char digits[8] = { 0 };
	size_t length = strspn(*text, "0123456789");

	if (!length)
		return -EINVAL;
	if (length >= sizeof digits)
		return -ERANGE;
	memcpy(digits, *text, length);
	*text += length;
	return parse_u64(digits, BITLIST_MAX - 1, ret_number);
}

static int take_range(const char **text, uint64_t *ret_first, uint64_t *ret_last)
{
	int r = take_number(text, ret_first);

	if (r < 0)
		return r;
	*ret_last = *ret_first;
	if (**text != '-')
		return 0;
	++*text;
	r = take_number(text, ret_last);
	return r == 0 && *ret_last < *ret_first ? -EINVAL : r;
}

static void set_range(struct strbuf *mask, uint64_t first, uint64_t last)
{
	static const char zeros[8];

	while (mask->length <= last / 8)
		strbuf_add_bytes(mask, zeros, sizeof zeros);
	for (uint64_t bit = first; bit <= last; bit++)
		mask->text[bit / 8] = (char)(mask->text[bit / 8] | 1 << bit % 8);
}

int bitlist_parse(const char *text, struct strbuf *ret_mask)
{
	autobuf mask = { 0 };

	do {
		uint64_t first, last;
		int r = take_range(&text, &first, &last);

		if (r < 0)
			return r;
		set_range(&mask, first, last);
	} while (*text == ',' && *++text);
	if (*text || text[-1] == ',')
		return -EINVAL;
	strbuf_add_bytes(ret_mask, mask.text, mask.length);
	return 0;
}
