/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "runtime/operations.h"

/* The kernel's own range (signal(7)): a libc keeps some of it to itself and says SIGRTMIN later. */
enum { KERNEL_RTMIN = 34, KERNEL_RTMAX = 64 };

#define ROW(name) { #name, SIG##name }
static const struct name_value signals[] = {
	ROW(HUP),    ROW(INT),	 ROW(QUIT), ROW(ILL),  ROW(TRAP),   ROW(ABRT),	ROW(IOT),
	ROW(BUS),    ROW(FPE),	 ROW(KILL), ROW(USR1), ROW(SEGV),   ROW(USR2),	ROW(PIPE),
	ROW(ALRM),   ROW(TERM),	 ROW(CHLD), ROW(CONT), ROW(STOP),   ROW(TSTP),	ROW(TTIN),
	ROW(TTOU),   ROW(URG),	 ROW(XCPU), ROW(XFSZ), ROW(VTALRM), ROW(PROF),	ROW(WINCH),
	ROW(IO),     ROW(POLL),	 ROW(PWR),  ROW(SYS),  { "CLD", SIGCHLD },
	{ "STKFLT", 16 },
	{ NULL, 0 },
};
#undef ROW

static int by_name(const char *name, int *ret_signal)
{
	for (const struct name_value *row = signals; row->name; row++)
		if (strcasecmp(row->name, name) == 0) {
			*ret_signal = (int)row->value;
			return 0;
		}
	return -EINVAL;
}

/* "RTMIN", "RTMIN+3", "RTMAX-2". */
static int real_time(const char *name, int *ret_signal)
{
	bool from_max = strncasecmp(name, "RTMAX", 5) == 0;
	char sign = from_max ? '-' : '+';
	uint64_t offset = 0;

	if (!from_max && strncasecmp(name, "RTMIN", 5) != 0)
		return -EINVAL;
	name += 5;
	if (*name && (*name != sign ||
		      parse_u64(name + 1, KERNEL_RTMAX - KERNEL_RTMIN, &offset) < 0))
		return -EINVAL;
	*ret_signal = from_max ? KERNEL_RTMAX - (int)offset : KERNEL_RTMIN + (int)offset;
	return 0;
}

int signal_parse(const char *text, int *ret_signal)
{
	uint64_t number;
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;

	if (parse_u64(text, KERNEL_RTMAX, &number) == 0) {
		*ret_signal = (int)number;
		return 0;
	}
	return by_name(name, ret_signal) == 0 ? 0 : real_time(name, ret_signal);
}
