/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/update_options.h"
#include "spec/load.h"

static int load(struct invocation *in, int fd, const struct spec_resources **ret_resources,
		struct err *e)
{
	struct problems problems = { 0 };
	int r = spec_load_resources(in->context->arena, fd, &problems, ret_resources, e);

	for (size_t i = 0; r == 0 && i < problems.count; i++)
		log_line(LOG_LEVEL_WARNING, "%s: %s", problems.items[i].pointer,
			 problems.items[i].text);
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
	return load(in, fd, ret_resources, e);
}

/* What cannot be done is refused, and what the kernel no longer does is told of. */
static int check(const struct options *o, struct err *e)
{
	const char *given = update_option_given(o);

	if (o->l3_cache_schema || o->mem_bw_schema)
		return err_say(e, EOPNOTSUPP, "%s: this version of tare cannot change Intel RDT limits",
			       o->l3_cache_schema ? "--l3-cache-schema" : "--mem-bw-schema");
	if (o->kernel_memory || o->kernel_memory_tcp)
		log_line(LOG_LEVEL_WARNING, "%s is ignored: the memory limit counts kernel memory "
					    "too", o->kernel_memory ? "--kernel-memory"
								    : "--kernel-memory-tcp");
	if (o->resources && given)
		return err_say(e, EINVAL, "--resources and %s exclude each other", given);
	if (!o->resources && !given && !o->kernel_memory && !o->kernel_memory_tcp)
		return err_say(e, EINVAL, "no limit to change: use --resources, or an option that "
					  "names one");
	return 0;
}

int command_update(struct invocation *in, struct err *e)
{
	const struct spec_resources *resources;
	int r = check(in->options, e);

	if (r == 0 && in->options->resources)
		r = from_file(in, in->options->resources, &resources, e);
	else if (r == 0)
		r = from_options(in, &resources, e);
	return r < 0 ? r : container_update(in->context, in->argv[0], resources, e);
}
