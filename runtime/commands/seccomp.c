/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/profile.h"
#include "runtime/record.h"
#include "seccomp/explain.h"

/* The profile is an argument: who names it by an option would be told that a file of a system call's name is not there. */
static int refuse_options(const struct options *o, struct err *e)
{
	if (!o->bundle && !o->config && !o->output && !o->merge && !o->attach)
		return 0;
	return err_say(e, EINVAL, "explain: takes a profile or a config.json as its first argument, and "
				  "none of the options of record");
}

static int explain(struct invocation *in, struct err *e)
{
	const struct spec_seccomp *profile;
	const char *pointer;
	autobuf out = { 0 };
	int r = refuse_options(in->options, e);

	if (r == 0)
		r = profile_load(in->context->arena, in->argv[1], &profile, &pointer, e);
	if (r < 0)
		return r;
	for (int i = 2; i < in->argc; i++)
		seccomp_explain(profile, pointer, in->argv[i], &out);
	return print_text(&out, e);
}

static bool goes_to_a_file(const char *path)
{
	return path && !str_equal(path, "-");
}

/* A recording may be the work of a day: whether it can be written is asked before it begins. */
static int check_output(const char *path, struct err *e)
{
	autofree char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return err_set(e, ENOMEM, "--output %s", path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(e, EISDIR, "--output %s", path);
	if (faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS) < 0)
		return err_set(e, errno, "--output %s", path);
	return 0;
}

static int write_profile(const char *path, const struct spec_seccomp *profile, struct err *e)
{
	autobuf text = { 0 };
	int r;

	profile_print(profile, &text);
	if (!goes_to_a_file(path))
		return print_text(&text, e);
	r = file_replace(AT_FDCWD, path, 0644, text.text, text.length);
	return r < 0 ? err_set(e, -r, "--output %s", path) : 0;
}

static int attach(struct invocation *in, const struct spec_seccomp *base,
		  const struct spec_seccomp **ret_profile, struct err *e)
{
	if (in->options->bundle || in->options->config)
		return err_say(e, EINVAL, "--attach is for a container that is there: neither "
					  "--bundle nor --config can be used with it");
	return container_attend(in->context, in->argv[1], base, ret_profile, e);
}

static int record(struct invocation *in, struct err *e)
{
	const struct options *o = in->options;
	const struct create_request request = {
		.id = in->argv[1],
		.bundle = o->bundle,
		.config = o->config,
	};
	const struct spec_seccomp *base = NULL, *profile;
	const char *pointer;
	int status = 0, r = 0;

	if (goes_to_a_file(o->output))
		r = check_output(o->output, e);
	if (r == 0 && o->merge)
		r = profile_load(in->context->arena, o->merge, &base, &pointer, e);
	if (r == 0 && o->attach)
		r = attach(in, base, &profile, e);
	else if (r == 0)
		r = container_record(in->context, &request, base, &profile, &status, e);
	if (r == 0)
		r = write_profile(o->output, profile, e);
	return r < 0 ? r : status;
}

static const struct {
	const char *name;
	int least, most;
	command_function *run;
} verbs[] = {
	{ "explain", 3, -1, explain },
	{ "record", 2, 2, record },
};

int command_seccomp(struct invocation *in, struct err *e)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (!str_equal(in->argv[0], verbs[i].name))
			continue;
		if (in->argc < verbs[i].least ||
		    (verbs[i].most >= 0 && in->argc > verbs[i].most))
			return err_say(e, EINVAL, "%s: too %s arguments; see tare-seccomp(1)",
				       in->argv[0], in->argc < verbs[i].least ? "few" : "many");
		return verbs[i].run(in, e);
	}
	return err_say(e, EINVAL, "\"%s\": must be explain or record", in->argv[0]);
}
