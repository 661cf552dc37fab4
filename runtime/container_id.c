/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "runtime/state.h"

enum { ID_MAX = 1024 };

static const char id_characters[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_+.-";

int container_id_check(const char *id, struct err *e)
{
	size_t length = strlen(id);

	if (length == 0)
		return err_say(e, EINVAL, "container ID cannot be empty");
	if (length > ID_MAX)
		return err_say(e, EINVAL, "invalid container ID format: longer than %d characters",
			       ID_MAX);
	if (strspn(id, id_characters) != length || str_equal(id, ".") || str_equal(id, ".."))
		return err_say(e, EINVAL,
			       "invalid container ID format: \"%.100s\" (allowed are letters, "
			       "digits and _ + . -, but not \".\" or \"..\")",
			       id);
	return 0;
}
