/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/bitlist.h"
#include "base/err.h"
#include "cgroups/internal.h"
#include "cgroups/unit.h"
#include "cgroups/marshal.h"
#include "cgroups/variant.h"
#include "spec/spec.h"

/* The properties of one value of one file. A value that the kernel will refuse has none. */
typedef void property_function(struct unit_properties *, const char *name, const char *value);

void unit_property(struct unit_properties *p, const char *text)
{
	/* Powers of two: the count tells when the room is used up. */
	if ((p->count & (p->count - 1)) == 0) {
		const char **items = arena_array(p->arena, p->count ? 2 * p->count : 1,
						 sizeof *items);

		if (p->count)
			memcpy(items, p->items, p->count * sizeof *items);
		p->items = items;
	}
	p->items[p->count++] = text;
}

/* A number, or "max", which systemd writes as the largest. */
static bool number_of(const char *value, uint64_t *ret_number)
{
	*ret_number = UINT64_MAX;
	return str_equal(value, "max") || parse_u64(value, UINT64_MAX, ret_number) == 0;
}

static void number(struct unit_properties *p, const char *name, const char *value)
{
	uint64_t n;

	if (number_of(value, &n))
		unit_property(p, arena_printf(p->arena, "%s=uint64 %" PRIu64, name, n));
}

/* systemd takes no 0 for a number of tasks; the file itself gets it. */
static void tasks(struct unit_properties *p, const char *name, const char *value)
{
	number(p, name, str_equal(value, "0") ? "1" : value);
}

/* systemd's word for an idle cgroup is a weight of 0, since its version 252. */
static void idle(struct unit_properties *p, const char *name, const char *value)
{
	if (!str_equal(value, "0"))
		number(p, name, "0");
}

/* systemd keeps whole percents of a CPU on disk: rounded up, no reload takes any away. */
static uint64_t per_second(uint64_t quota, uint64_t period)
{
	const uint64_t second = 1000000, percent = 10000;
	uint64_t n;

	if (quota > UINT64_MAX / second - period)
		return UINT64_MAX;
	n = (quota * second + period - 1) / period;
	return (n + percent - 1) / percent * percent;
}

static void cpu_max(struct unit_properties *p, const char *name, const char *value)
{
	struct strings words = cgroup_split(p->arena, value);
	uint64_t quota, period = 100000;

	if (!words.count || !number_of(words.items[0], &quota) ||
	    (words.count > 1 && parse_u64(words.items[1], UINT32_MAX, &period) < 0) || !period)
		return;
	unit_property(p, arena_printf(p->arena, "CPUQuotaPeriodUSec=uint64 %" PRIu64, period));
	unit_property(p, arena_printf(p->arena, "%s=uint64 %" PRIu64, name,
				      quota == UINT64_MAX ? quota : per_second(quota, period)));
}

/* "0-3,7" as the bytes of a mask; none for an empty line, which is what takes a mask back. */
static void cpus(struct unit_properties *p, const char *name, const char *value)
{
	autobuf mask = { 0 }, text = { 0 };
	size_t length;

	if (*value != '\n' && bitlist_parse(value, &mask) < 0)
		return;
	for (length = mask.length; length > 1 && !mask.text[length - 1];)
		length--;
	strbuf_addf(&text, "%s=@ay [", name);
	for (size_t i = 0; i < length; i++)
		strbuf_addf(&text, "%s0x%02x", i ? ", " : "", (unsigned char)mask.text[i]);
	strbuf_add(&text, "]");
	unit_property(p, arena_strdup(p->arena, text.text));
}

static void device_property(struct unit_properties *p, const char *name, const char *device,
			    const char *value)
{
	uint64_t n;

	if (number_of(value, &n))
		unit_property(p, arena_printf(p->arena,
					      "%s=@a(st) [('/dev/block/%s', %" PRIu64 ")]", name,
					      device, n));
}

/* "default 50" and "50" are for all devices, "8:0 50" for one. */
static void io_weight(struct unit_properties *p, const char *name, const char *value)
{
	struct strings words = cgroup_split(p->arena, value);

	if (words.count == 1)
		number(p, name, words.items[0]);
	else if (words.count == 2 && str_equal(words.items[0], "default"))
		number(p, name, words.items[1]);
	else if (words.count == 2)
		device_property(p, "IODeviceWeight", words.items[0], words.items[1]);
}

static const struct key_row {
	const char *key, *name;
} io_keys[] = {
	{ "rbps=", "IOReadBandwidthMax" },
	{ "wbps=", "IOWriteBandwidthMax" },
	{ "riops=", "IOReadIOPSMax" },
	{ "wiops=", "IOWriteIOPSMax" },
	{ "target=", "IODeviceLatencyTargetUSec" },
};

/* "8:0 rbps=1048576 wiops=max" */
static void io_keyed(struct unit_properties *p, const char *name, const char *value)
{
	struct strings words = cgroup_split(p->arena, value);

	for (size_t i = 1; i < words.count; i++)
		for (size_t k = 0; k < sizeof io_keys / sizeof *io_keys; k++)
			if (str_starts(words.items[i], io_keys[k].key))
				device_property(p, io_keys[k].name, words.items[0],
						words.items[i] + strlen(io_keys[k].key));
}

/* Scopes have the policy since systemd 253; before, a reload takes the file back. */
static void oom_group(struct unit_properties *p, const char *name, const char *value)
{
	unit_property(p, arena_printf(p->arena, "%s='%s'", name,
				      str_equal(value, "1") ? "kill" : "continue"));
}

/* Files that systemd writes too. What it never touches needs no property. */
static const struct property_row {
	const char *file, *name;
	property_function *convert;
} property_rows[] = {
	{ "pids.max", "TasksMax", tasks },
	{ "memory.min", "MemoryMin", number },
	{ "memory.low", "MemoryLow", number },
	{ "memory.high", "MemoryHigh", number },
	{ "memory.max", "MemoryMax", number },
	{ "memory.swap.max", "MemorySwapMax", number },
	{ "memory.oom.group", "OOMPolicy?", oom_group },
	{ "memory.zswap.max", "MemoryZSwapMax?", number },
	{ "cpu.idle", "CPUWeight?", idle },
	{ "cpu.weight", "CPUWeight", number },
	{ "cpu.max", "CPUQuotaPerSecUSec", cpu_max },
	{ "cpuset.cpus", "AllowedCPUs", cpus },
	{ "cpuset.mems", "AllowedMemoryNodes", cpus },
	{ "io.weight", "IOWeight", io_weight },
	{ "io.max", "", io_keyed },
	{ "io.latency", "", io_keyed },
};

static void limit_properties(const struct cgroup_limit *limit, const char *file,
			     const char *value, struct unit_properties *p)
{
	for (size_t i = 0; i < sizeof property_rows / sizeof *property_rows; i++)
		if (str_equal(file, property_rows[i].file))
			property_rows[i].convert(p, property_rows[i].name, value);
}

/* Of a choice of files systemd knows one at most: see cgroup_write(). */
void unit_limit_properties(const struct cgroup_limits *limits, struct unit_properties *p)
{
	for (size_t i = 0; i < limits->count; i++) {
		const char *file = limits->items[i].file, *value = limits->items[i].value;

		for (; *file; file += strcspn(file, "|") + (strchr(file, '|') != NULL)) {
			limit_properties(&limits->items[i],
					 arena_strndup(p->arena, file, strcspn(file, "|")),
					 arena_strndup(p->arena, value, strcspn(value, "|")), p);
			value += strchr(value, '|') ? strcspn(value, "|") + 1 : 0;
		}
	}
}

/* The seconds of "TimeoutStopSec" as microseconds, which is what the bus has. */
static int to_microseconds(const struct variant *v, uint64_t *ret_usec)
{
	const double most = 18446744073709.0;
	double seconds = (double)v->number;

	if (*v->type == 'd')
		memcpy(&seconds, &v->number, sizeof seconds);
	else if (!strchr("yqut", *v->type) && (int64_t)v->number < 0)
		return -EINVAL;
	if (!strchr("ynqiuxtd", *v->type) || !(seconds >= 0 && seconds < most))
		return -EINVAL;
	*ret_usec = *v->type == 'd' ? (uint64_t)(seconds * 1e6) : v->number * 1000000;
	return 0;
}

/* "TimeoutStopSec", not "TimeoutStopUSec". */
static bool is_seconds(const char *name)
{
	size_t length = strlen(name);

	return length > 3 && strcmp(name + length - 3, "Sec") == 0 &&
	       islower((unsigned char)name[length - 4]);
}

static bool is_name(const char *name)
{
	size_t length = 0;

	while (isalpha((unsigned char)name[length]))
		length++;
	return length >= 3 && !name[length];
}

static int annotation_text(const char *name, const char *value, struct unit_properties *p,
			   struct err *e)
{
	struct variant v;
	uint64_t usec;
	int r;

	if (!is_name(name))
		return err_say(e, EINVAL, "\"%s\" is not the name of a property", name);
	r = variant_parse(p->arena, value, &v, e);
	if (r < 0)
		return r;
	if (!is_seconds(name)) {
		unit_property(p, arena_printf(p->arena, "%s=%s", name, value));
		return 0;
	}
	if (to_microseconds(&v, &usec) < 0)
		return err_say(e, EINVAL, "\"%s\" is not a number of seconds", value);
	unit_property(p, arena_printf(p->arena, "%.*sUSec=uint64 %" PRIu64, (int)strlen(name) - 3,
				      name, usec));
	return 0;
}

int unit_annotation(const struct pair *annotation, struct unit_properties *p, struct err *e)
{
	static const char prefix[] = "org.systemd.property.";

	if (!str_starts(annotation->key, prefix))
		return 0;
	if (annotation_text(annotation->key + sizeof prefix - 1, annotation->value, p, e) < 0)
		return err_prefix(e, "/annotations/%s", annotation->key);
	return 0;
}

static int write_property(struct arena *arena, const char *text, bool optional,
			  struct strbuf *body, struct err *e)
{
	size_t length = strcspn(text, "=?");
	const char *value = strchr(text, '=') + 1;
	struct variant v;

	if (text[length] == '?' && !optional)
		return 0;
	if (variant_parse(arena, value, &v, e) < 0)
		return -e->code;
	bus_align(body, 8);
	bus_put_string(body, arena_strndup(arena, text, length));
	bus_put_signature(body, v.type);
	variant_write(&v, body);
	return 0;
}

int unit_properties_write(struct arena *arena, const struct strings *properties, bool optional,
			  struct strbuf *body, struct err *e)
{
	size_t begun = bus_array_begin(body, 8);

	for (size_t i = 0; i < properties->count; i++)
		if (write_property(arena, properties->items[i], optional, body, e) < 0)
			return -e->code;
	bus_array_end(body, begun, 8);
	return 0;
}
