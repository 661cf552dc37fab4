/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "runtime/process.h"
#include "spec/spec.h"

static bool wants_mount_label(const struct compile *c)
{
	return c->spec->linux.mount_label && *c->spec->linux.mount_label;
}

/* What the parser knows and this version does not do is refused, never ignored in silence. */
static const struct unsupported {
	bool (*wanted)(const struct compile *);
	const char *pointer;
} unsupported[] = {
	{ wants_mount_label, "/linux/mountLabel" },
};

int support_compile(struct compile *c, struct err *e)
{
	for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
		if (unsupported[i].wanted(c))
			return err_say(e, EOPNOTSUPP, "%s: this version of tare does not do it",
				       unsupported[i].pointer);
	return 0;
}
