/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/update_options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime/command.h"

enum value_kind { VALUE_BYTES, VALUE_NUMBER, VALUE_TEXT };

/* Rows of one object stand together. */
static const struct update_row {
	const char *option;
	size_t offset; /* into struct options */
	const char *object, *member;
	enum value_kind kind;
} rows[] = {
#define ROW(option, field, object, member, kind) \
	{ option, offsetof(struct options, field), object, member, VALUE_##kind }
	ROW("--memory", memory, "memory", "limit", BYTES),
	ROW("--memory-reservation", memory_reservation, "memory", "reservation", BYTES),
	ROW("--memory-swap", memory_swap, "memory", "swap", BYTES),
	ROW("--pids-limit", pids_limit, "pids", "limit", NUMBER),
	ROW("--cpu-share", cpu_share, "cpu", "shares", NUMBER),
	ROW("--cpu-quota", cpu_quota, "cpu", "quota", NUMBER),
	ROW("--cpu-period", cpu_period, "cpu", "period", NUMBER),
	ROW("--cpu-burst", cpu_burst, "cpu", "burst", NUMBER),
	ROW("--cpu-idle", cpu_idle, "cpu", "idle", NUMBER),
	ROW("--cpu-rt-period", cpu_rt_period, "cpu", "realtimePeriod", NUMBER),
	ROW("--cpu-rt-runtime", cpu_rt_runtime, "cpu", "realtimeRuntime", NUMBER),
	ROW("--cpuset-cpus", cpuset_cpus, "cpu", "cpus", TEXT),
	ROW("--cpuset-mems", cpuset_mems, "cpu", "mems", TEXT),
	ROW("--blkio-weight", blkio_weight, "blockIO", "weight", NUMBER),
#undef ROW
};
enum { ROWS = sizeof rows / sizeof *rows };

static const char *value_of(const struct options *options, const struct update_row *row)
{
	return *(const char *const *)((const char *)options + row->offset);
}

const char *update_option_given(const struct options *options)
{
	for (size_t i = 0; i < ROWS; i++)
		if (value_of(options, &rows[i]))
			return rows[i].option;
	return NULL;
}

/* What follows "/NAME", NULL if it does not begin so. */
static const char *behind(const char *text, const char *name)
{
	return text && *text == '/' && str_starts(text + 1, name) ? text + 1 + strlen(name) : NULL;
}

const char *update_option_named(const char *message, const char **ret_rest)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *rest = behind(behind(message, rows[i].object), rows[i].member);

		if (!rest || *rest != ':')
			continue;
		*ret_rest = rest;
		return rows[i].option;
	}
	return NULL;
}

/* "k", "KB", "KiB": powers of 1024 all, as engines have always meant them. */
static int unit_shift(const char *unit, unsigned *ret_shift)
{
	static const char letters[] = "bkmgtp";
	const char *at = *unit ? strchr(letters, tolower((unsigned char)*unit)) : letters;
	const char *rest = *unit ? unit + 1 : unit;

	if (!at)
		return -EINVAL;
	if (at > letters && tolower((unsigned char)*rest) == 'i' && rest[1])
		rest++;
	if (at > letters && tolower((unsigned char)*rest) == 'b')
		rest++;
	*ret_shift = 10 * (unsigned)(at - letters);
	return *rest ? -EINVAL : 0;
}

/* The digits behind the point, as bytes of a unit. */
static int fraction(const char *digits, size_t length, unsigned shift, uint64_t *ret_bytes)
{
	uint64_t value = 0, scale = 1;

	if (length == 0)
		return -EINVAL;
	/* More digits than these are less than a byte of the largest unit is worth writing. */
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)digits[i]))
			return -EINVAL;
		if (i >= 3)
			continue;
		value = value * 10 + (uint64_t)(digits[i] - '0');
		scale *= 10;
	}
	*ret_bytes = (value << shift) / scale;
	return 0;
}

int bytes_parse(const char *text, long long *ret_bytes)
{
	size_t whole = strspn(text, "0123456789"), more = 0;
	const char *point = text[whole] == '.' ? text + whole + 1 : NULL;
	char digits[24];
	uint64_t value, part = 0;
	unsigned shift;
	int r;

	if (strcmp(text, "-1") == 0) {
		*ret_bytes = -1;
		return 0;
	}
	if (whole == 0 || whole >= sizeof digits)
		return -EINVAL;
	memcpy(digits, text, whole);
	digits[whole] = '\0';
	if (point)
		more = strspn(point, "0123456789");
	r = unit_shift(point ? point + more : text + whole, &shift);
	if (r == 0)
		r = parse_u64(digits, (uint64_t)INT64_MAX >> shift, &value);
	if (r == 0 && point)
		r = fraction(point, more, shift, &part);
	if (r == 0 && (value << shift) > (uint64_t)INT64_MAX - part)
		r = -ERANGE;
	if (r == 0)
		*ret_bytes = (int64_t)(value << shift) + (int64_t)part;
	return r;
}

static int add_bytes(const char *text, struct strbuf *json)
{
	long long bytes;
	int r = bytes_parse(text, &bytes);

	if (r == 0)
		strbuf_addf(json, "%lld", bytes);
	return r;
}

/* What is beyond the field's own range is for the reader to say. */
static int add_number(const char *text, struct strbuf *json)
{
	int64_t number;
	uint64_t large;
	int r = parse_u64(text, UINT64_MAX, &large);

	if (r == 0) {
		strbuf_addf(json, "%" PRIu64, large);
		return 0;
	}
	r = parse_i64(text, INT64_MIN, INT64_MAX, &number);
	if (r == 0)
		strbuf_addf(json, "%" PRId64, number);
	return r;
}

static int add_text(const char *text, struct strbuf *json)
{
	json_add_string(json, text);
	return 0;
}

static const struct {
	int (*add)(const char *text, struct strbuf *json);
	const char *wanted;
} kinds[] = {
	[VALUE_BYTES] = { add_bytes, "a number of bytes such as 1048576 or 64m, or -1" },
	[VALUE_NUMBER] = { add_number, "a whole number" },
	[VALUE_TEXT] = { add_text, "" },
};

static int add_value(const struct update_row *row, const char *text, struct strbuf *json,
		     struct err *e)
{
	int r;

	strbuf_addf(json, "\"%s\":", row->member);
	r = kinds[row->kind].add(text, json);
	return r < 0 ? err_say(e, -r, "%s: \"%s\" is not %s", row->option, text,
			       kinds[row->kind].wanted)
		     : 0;
}

int update_options_json(const struct options *options, struct strbuf *ret_json, struct err *e)
{
	const char *object = NULL;
	int r = 0;

	strbuf_add(ret_json, "{");
	for (size_t i = 0; r == 0 && i < ROWS; i++) {
		const char *text = value_of(options, &rows[i]);
		bool same = object && strcmp(object, rows[i].object) == 0;

		if (!text)
			continue;
		if (same)
			strbuf_add(ret_json, ",");
		else
			strbuf_addf(ret_json, "%s\"%s\":{", object ? "}," : "", rows[i].object);
		object = rows[i].object;
		r = add_value(&rows[i], text, ret_json, e);
	}
	strbuf_add(ret_json, object ? "}}" : "}");
	return r;
}
