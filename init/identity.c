/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, ids and capabilities of the workload. */
#include <linux/capability.h>
#include <linux/prctl.h>

#include "init/init.h"

int run_GROUPS(struct init *in, const uint64_t *arg)
{
	size_t length;
	const void *gids = blob(in, arg[0], &length);

	return CHECK(in, setgroups, length / sizeof(uint32_t), gids);
}

/* Dropping takes CAP_SETPCAP, but what is not there needs no dropping. */
static int bounding_drop(struct init *in, unsigned capability)
{
	long r = SYS(prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);

	if (r == -EPERM && SYS(prctl, PR_CAPBSET_READ, capability, 0, 0, 0) == 0)
		return 0;
	return (int)r;
}

int run_BOUNDING(struct init *in, const uint64_t *arg)
{
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < 64; i++)
		if (!(arg[0] >> i & 1))
			r = bounding_drop(in, i);
	/* Behind the last capability this kernel knows. */
	return r < 0 && r != -EINVAL ? fail(in, CALL_prctl, r, "PR_CAPBSET_DROP", NULL) : 0;
}

static int id_failed(struct init *in, enum plan_call call, uint64_t id, long error)
{
	struct digits digits;

	return fail(in, call, error, decimal(&digits, id), NULL);
}

int run_IDS(struct init *in, const uint64_t *arg)
{
	long r;

	/* CAPABILITIES follows: until then the permitted ones stay. */
	if (arg[0] && CHECK(in, prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -1;
	r = SYS(setresgid, arg[1], arg[1], arg[1]);
	if (r < 0)
		return id_failed(in, CALL_setresgid, arg[1], r);
	r = SYS(setresuid, arg[0], arg[0], arg[0]);
	if (r < 0)
		return id_failed(in, CALL_setresuid, arg[0], r);
	in->uid = (uint32_t)arg[0];
	in->gid = (uint32_t)arg[1];
	hide();
	return 0;
}

struct capabilities {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static void capabilities_fill(struct capabilities *ret_sets, const uint64_t *arg)
{
	ret_sets->header.version = _LINUX_CAPABILITY_VERSION_3;
	ret_sets->header.pid = 0;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		ret_sets->data[i].effective = (uint32_t)(arg[0] >> 32 * i);
		ret_sets->data[i].permitted = (uint32_t)(arg[1] >> 32 * i);
		ret_sets->data[i].inheritable = (uint32_t)(arg[2] >> 32 * i);
	}
}

static int warn_missing(struct init *in, uint64_t missing)
{
	struct digits digits;
	char text[160] = "";
	struct line list = { text, 0, sizeof text };

	for (uint64_t i = 0; i < 64; i++) {
		if (!(missing >> i & 1))
			continue;
		line_add(&list, " ");
		line_add(&list, decimal(&digits, i));
	}
	FAIL(in, none, -EPERM, "cannot be given:", text);
	return warn(in);
}

/* config.md: what cannot be granted is a warning. Nested or rootless, tare has less than it may be
 * asked for. */
static int capabilities_trim(struct init *in, struct capabilities *sets)
{
	struct capabilities own = { .header = sets->header };
	uint64_t missing = 0;
	int r = check(in, CALL_capset, SYS(capget, &own.header, own.data));

	for (int i = 0; r == 0 && i < _LINUX_CAPABILITY_U32S_3; i++) {
		struct __user_cap_data_struct *want = &sets->data[i];
		uint32_t have = own.data[i].permitted;

		missing |= (uint64_t)((want->permitted | want->inheritable) & ~have) << 32 * i;
		want->permitted &= have;
		want->effective &= have;
		want->inheritable &= have;
	}
	return r < 0 || !missing ? r : warn_missing(in, missing);
}

static int ambient_raise(struct init *in, unsigned capability)
{
	struct digits digits;
	long r = SYS(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);

	if (r >= 0)
		return 0;
	FAIL(in, prctl, r, "PR_CAP_AMBIENT_RAISE ", decimal(&digits, capability));
	/* Only what is permitted and inheritable can be ambient. */
	return r == -EPERM ? warn(in) : -1;
}

/* capset(2) has taken from the ambient set what is not both permitted and inheritable. */
static int may_be_ambient(const struct capabilities *given)
{
	uint32_t both = 0;

	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		both |= given->data[i].permitted & given->data[i].inheritable;
	return both != 0;
}

/* What was not given cannot be ambient, and was warned of. */
static int ambient_set(struct init *in, uint64_t ambient, const struct capabilities *given)
{
	int r = 0;

	if (may_be_ambient(given))
		r = CHECK(in, prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	for (unsigned i = 0; r >= 0 && i < 64; i++)
		if (ambient >> i & 1 && given->data[i / 32].permitted >> i % 32 & 1)
			r = ambient_raise(in, i);
	return r;
}

int run_CAPABILITIES(struct init *in, const uint64_t *arg)
{
	struct capabilities sets;
	long r;

	capabilities_fill(&sets, arg);
	r = SYS(capset, &sets.header, sets.data);
	if (r == -EPERM) {
		if (capabilities_trim(in, &sets) < 0)
			return -1;
		r = SYS(capset, &sets.header, sets.data);
	}
	return r < 0 ? fail(in, CALL_capset, r, NULL) : ambient_set(in, arg[3], &sets);
}
