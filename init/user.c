/* SPDX-License-Identifier: Apache-2.0 */
/* Acting as the workload's user for a moment: file system ids carry the access checks, and with
 * them the kernel lowers and raises the effective capabilities over files. */
#include <linux/capability.h>

#include "init/init.h"

void user_enter(uint32_t uid, uint32_t gid)
{
	if (gid)
		SYS(setfsgid, gid);
	if (uid)
		SYS(setfsuid, uid);
}

/* Raised by the kernel where this was root; whoever was not gets back what it is permitted. */
static void capabilities_raise(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (SYS(capget, &header, data) < 0)
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted;
	SYS(capset, &header, data);
}

void user_leave(uint32_t uid, uint32_t gid)
{
	long own = uid ? SYS(geteuid, 0) : 0;

	if (uid)
		SYS(setfsuid, own);
	if (gid)
		SYS(setfsgid, SYS(getegid, 0));
	if (own)
		capabilities_raise();
}
