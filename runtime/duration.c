/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/duration.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"

/* Nanoseconds, so that fractions of all units are whole. */
static const struct name_value units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60000000000 },
	{ "h", 3600000000000 },
	{ NULL, 0 },
};
enum { NS_IN_MS = 1000000 };

/* The unit that text begins with; its length goes to *ret_length. "m" is none of "ms". */
static const struct name_value *unit_at(const char *text, size_t *ret_length)
{
	const struct name_value *found = NULL;

	*ret_length = 0;
	for (const struct name_value *unit = units; unit->name; unit++) {
		if (!str_starts(text, unit->name) || strlen(unit->name) <= *ret_length)
			continue;
		found = unit;
		*ret_length = strlen(unit->name);
	}
	return found;
}

/* Digits as a number of at most a year's nanoseconds. */
static int digits_at(const char *text, size_t length, uint64_t *ret_number)
{
	char digits[20];

	if (length >= sizeof digits)
		return -ERANGE;
	memcpy(digits, text, length);
	digits[length] = '\0';
	return parse_u64(digits, INT64_MAX, ret_number);
}

/* What the digits behind the point are worth, downward from a tenth of the unit. */
static uint64_t fraction_at(const char *text, size_t length, uint64_t unit)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < length; i++) {
		unit /= 10;
		sum += unit * (uint64_t)(text[i] - '0');
	}
	return sum;
}

/* One "1.5h"; *text is moved behind it. */
static int part_at(const char **text, uint64_t *ret_ns)
{
	const char *at = *text, *fraction = NULL;
	size_t whole = strspn(at, "0123456789"), more = 0, width;
	const struct name_value *unit;
	uint64_t number;
	int r;

	if (at[whole] == '.') {
		fraction = at + whole + 1;
		more = strspn(fraction, "0123456789");
	}
	unit = unit_at(fraction ? fraction + more : at + whole, &width);
	if (!whole || !unit || (fraction && !more))
		return -EINVAL;
	r = digits_at(at, whole, &number);
	if (r < 0)
		return r;
	if (__builtin_mul_overflow(number, unit->value, ret_ns))
		return -ERANGE;
	*ret_ns += fraction ? fraction_at(fraction, more, unit->value) : 0;
	*text = (fraction ? fraction + more : at + whole) + width;
	return 0;
}

int duration_parse(const char *text, int *ret_ms)
{
	uint64_t sum = 0, part;
	int r = *text ? 0 : -EINVAL;

	while (r == 0 && *text) {
		r = part_at(&text, &part);
		if (r == 0 && __builtin_add_overflow(sum, part, &sum))
			r = -ERANGE;
	}
	if (r < 0)
		return r;
	if (!sum || sum > (uint64_t)INT_MAX * NS_IN_MS)
		return -ERANGE;
	*ret_ms = (int)((sum + NS_IN_MS - 1) / NS_IN_MS);
	return 0;
}
