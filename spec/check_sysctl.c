/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spec/check.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"

enum { NAME_LONGEST = 64 }; /* of a host or domain, uname(2) */

/* Which namespace makes a kernel parameter the container's own. */
struct owner {
	const char *name; /* ends in '/': all below it */
	enum ns_kind kind;
};
static const struct owner owners[] = {
	{ "net/", NS_NETWORK },
	{ "fs/mqueue/", NS_IPC },
	{ "kernel/msgmax", NS_IPC },
	{ "kernel/msgmnb", NS_IPC },
	{ "kernel/msgmni", NS_IPC },
	{ "kernel/auto_msgmni", NS_IPC },
	{ "kernel/msg_next_id", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "kernel/sem_next_id", NS_IPC },
	{ "kernel/shmall", NS_IPC },
	{ "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC },
	{ "kernel/shm_next_id", NS_IPC },
	{ "kernel/shm_rmid_forced", NS_IPC },
	{ "kernel/domainname", NS_UTS },
	{ "user/", NS_USER },
	{ NULL, NS_KINDS },
};

static bool owns(const struct owner *owner, const char *name)
{
	size_t length = strlen(owner->name);

	if (owner->name[length - 1] == '/')
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

/* sysctl(8): the first separator is the separator, so that the other can be part of a name, as in
 * "net/ipv4/conf/eth0.100/forwarding" and "net.ipv4.conf.eth0/100.forwarding". */
char *spec_sysctl_path(struct arena *arena, const char *key)
{
	char *path = arena_strdup(arena, key);

	if (path[strcspn(path, "./")] != '.')
		return path;
	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

/* Words of letters, digits, '_', '-', '@' and ':', one separator or dot between two; an interface's
 * name may hold more, but no more is needed and every other sign has been used for a trick. */
static bool is_path(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-@:";

	for (;;) {
		size_t length = strspn(path, letters);

		if (!length)
			return false;
		path += length;
		if (!*path)
			return true;
		if (!strchr("/.", *path++))
			return false;
	}
}

static const char *owner_problem(struct reader *r, const struct spec *spec, const char *name)
{
	const struct owner *owner = owner_of(name);

	if (strcmp(name, "kernel/hostname") == 0)
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
	const char *path = spec_sysctl_path(r->arena, pair->key);

	if (!is_path(path))
		return "must be a name such as \"net.ipv4.ip_forward\" or "
		       "\"net/ipv4/ip_forward\"";
	if (strpbrk(pair->value, "+\n"))
		return "must not have a '+' or a newline in its value";
	if (strcmp(path, "kernel/domainname") == 0 && strlen(pair->value) > NAME_LONGEST)
		return "must not be longer than 64 bytes";
	return owner_problem(r, spec, path);
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
