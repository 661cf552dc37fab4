/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/config.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/update_options.h"
#include "spec/load.h"

static int load(struct invocation *in, int fd, const struct spec_resources **ret_resources,
		struct err *e)
{
	struct problems problems = { 0 };
	int r = spec_load_resources(in->context->arena, fd, &problems, ret_resources, e);

	if (r == 0)
		config_warn("", &problems);
	return r;
}

static int from_file(struct invocation *in, const char *file,
		     const struct spec_resources **ret_resources, struct err *e)
{
	bool standard_input = str_equal(file, "-");
	autofd opened = standard_input ? -1 : open(file, O_RDONLY | O_CLOEXEC);

	if (opened < 0 && !standard_input)
		return err_set(e, errno, "--resources: open %s", file);
	if (load(in, standard_input ? STDIN_FILENO : opened, ret_resources, e) < 0)
		return err_prefix(e, "--resources %s", file);
	return 0;
}

/* The document is tare's own: who typed an option never saw its fields. */
static int name_option(struct arena *arena, struct err *e)
{
	const char *rest, *option = update_option_named(e->text, &rest);

	return option ? err_say(e, e->code, "%s%s", option, arena_strdup(arena, rest)) : -e->code;
}

static int from_options(struct invocation *in, const struct spec_resources **ret_resources,
			struct err *e)
{
	autobuf json = { 0 };
	autofd fd = -1;
	int r = update_options_json(in->options, &json, e);

	if (r < 0)
		return r;
	fd = memfd_sealed("tare-resources", json.text, json.length);
	if (fd < 0)
		return err_set(e, -fd, "memfd");
	return load(in, fd, ret_resources, e) < 0 ? name_option(in->context->arena, e) : 0;
}

/* The lines for Intel RDT, each for the one resource that its option names. */
static const struct schema_row {
	const char *option, *begin;
	size_t offset; /* into struct options */
} schema_rows[] = {
	{ "--l3-cache-schema", "L3", offsetof(struct options, l3_cache_schema) },
	{ "--mem-bw-schema", "MB:", offsetof(struct options, mem_bw_schema) },
};
enum { SCHEMAS = sizeof schema_rows / sizeof *schema_rows };

static int schemata(struct invocation *in, struct strings *ret_lines, struct err *e)
{
	const char **lines = arena_array(in->context->arena, SCHEMAS, sizeof *lines);
	size_t count = 0;

	for (size_t i = 0; i < SCHEMAS; i++) {
		const struct schema_row *row = &schema_rows[i];
		const char *line =
			*(const char *const *)((const char *)in->options + row->offset);

		if (!line || !*line)
			continue;
		if (!str_starts(line, row->begin) || strchr(line, '\n'))
			return err_say(e, EINVAL, "%s: \"%s\" is not one line that begins with "
						  "\"%s\"", row->option, line, row->begin);
		lines[count++] = line;
	}
	*ret_lines = (struct strings){ lines, count };
	return 0;
}

/* What the kernel no longer does is told of. */
static int check(const struct options *o, bool schemata, struct err *e)
{
	const char *given = update_option_given(o);

	if (o->kernel_memory || o->kernel_memory_tcp)
		log_line(LOG_LEVEL_WARNING, "%s is ignored: the memory limit counts kernel memory "
					    "too", o->kernel_memory ? "--kernel-memory"
								    : "--kernel-memory-tcp");
	if (o->resources && given)
		return err_say(e, EINVAL, "--resources and %s exclude each other", given);
	if (!o->resources && !given && !schemata && !o->kernel_memory && !o->kernel_memory_tcp)
		log_line(LOG_LEVEL_WARNING, "no limit to change: --resources, or an option that "
					    "names one, does");
	return 0;
}

int command_update(struct invocation *in, struct err *e)
{
	struct update_request ask = { 0 };
	int r = schemata(in, &ask.schemata, e);

	if (r == 0)
		r = check(in->options, ask.schemata.count, e);
	if (r == 0 && in->options->resources)
		r = from_file(in, in->options->resources, &ask.resources, e);
	else if (r == 0 && (update_option_given(in->options) || !ask.schemata.count))
		r = from_options(in, &ask.resources, e);
	return r < 0 ? r : container_update(in->context, in->argv[0], &ask, e);
}
