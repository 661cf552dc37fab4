/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what it may do: the effective capabilities, in hexadecimal. */
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	syscall(SYS_capget, &header, data);
	printf("%08x%08x\n", data[1].effective, data[0].effective);
	return 0;
}
