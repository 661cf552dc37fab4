/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spec/check.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"

/* Which namespace makes a kernel parameter the container's own. */
struct owner {
	const char *name; /* ends in '.': all below it */
	enum ns_kind kind;
};
static const struct owner owners[] = {
	{ "net.", NS_NETWORK },
	{ "fs.mqueue.", NS_IPC },
	{ "kernel.msgmax", NS_IPC },
	{ "kernel.msgmnb", NS_IPC },
	{ "kernel.msgmni", NS_IPC },
	{ "kernel.auto_msgmni", NS_IPC },
	{ "kernel.msg_next_id", NS_IPC },
	{ "kernel.sem", NS_IPC },
	{ "kernel.sem_next_id", NS_IPC },
	{ "kernel.shmall", NS_IPC },
	{ "kernel.shmmax", NS_IPC },
	{ "kernel.shmmni", NS_IPC },
	{ "kernel.shm_next_id", NS_IPC },
	{ "kernel.shm_rmid_forced", NS_IPC },
	{ "kernel.domainname", NS_UTS },
	{ "user.", NS_USER },
	{ NULL, NS_KINDS },
};

static bool owns(const struct owner *owner, const char *name)
{
	size_t length = strlen(owner->name);

	if (owner->name[length - 1] == '.')
		return strncmp(owner->name, name, length) == 0;
	return strcmp(owner->name, name) == 0;
}

static const struct owner *owner_of(const char *name)
{
	for (const struct owner *owner = owners; owner->name; owner++)
		if (owns(owner, name))
			return owner;
	return NULL;
}

/* Components of letters, digits, '_', '-', '@' and ':', one separator between two; an interface's
 * name may hold more, but no more is needed and every other sign has been used for a trick. */
static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-@:";
	const char *separators = strchr(name, '/') ? "/" : ".";

	for (;;) {
		size_t length = strspn(name, letters);

		if (!length)
			return false;
		name += length;
		if (!*name)
			return true;
		if (*name++ != *separators)
			return false;
	}
}

static const char *with_dots(struct arena *arena, const char *name)
{
	char *copy = arena_strdup(arena, name);

	for (char *c = copy; *c; c++)
		if (*c == '/')
			*c = '.';
	return copy;
}

static const char *owner_problem(struct reader *r, const struct spec *spec, const char *name)
{
	const struct owner *owner = owner_of(name);

	if (strcmp(name, "kernel.hostname") == 0)
		return "must be set by the field \"hostname\"";
	if (!owner)
		return "is not a parameter of any namespace: setting it would change the host";
	if (spec_has_namespace(spec, owner->kind) || in_doubt(r, "/linux/namespaces"))
		return NULL;
	return arena_printf(r->arena,
			    "needs a %s namespace in linux.namespaces: without one it would be "
			    "the host's that changes",
			    name_of(namespace_names, owner->kind));
}

static const char *problem_of(struct reader *r, const struct spec *spec, const struct pair *pair)
{
	if (!is_name(pair->key))
		return "must be a name such as \"net.ipv4.ip_forward\" or "
		       "\"net/ipv4/ip_forward\", with one kind of separator";
	if (strpbrk(pair->value, "+\n"))
		return "must not have a '+' or a newline in its value";
	return owner_problem(r, spec, with_dots(r->arena, pair->key));
}

void check_sysctl(struct reader *r, const struct spec *spec)
{
	for (size_t i = 0; i < spec->linux.sysctl.count; i++) {
		const struct pair *pair = &spec->linux.sysctl.items[i];
		const char *text = problem_of(r, spec, pair);

		if (text)
			broken(r, "/linux/sysctl", text, "/%s",
			       pointer_token(r->arena, pair->key));
	}
}
