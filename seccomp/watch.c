/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/watch.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "base/fd.h"
#include "plan/format.h"
#include "seccomp/internal.h"
#include "seccomp/seccomp.h"

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
/* Of a 64-bit argument the half that holds the flags; the other half comes first on big endian. */
#define LOW_HALF (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)

struct seccomp_filter seccomp_watch_filter(struct arena *arena)
{
	const struct sock_filter program[] = {
		FIELD(arch),
		UNLESS(seccomp_arch_native(), 5),
		FIELD(nr),
		UNLESS(SYS_sendmsg, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[2]) + LOW_HALF),
		UNLESS(REPORT_FD_FLAGS, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	uint32_t flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	char *copy = arena_alloc(arena, sizeof program);

	memcpy(copy, program, sizeof program);
	if (seccomp_accepts(flags | FLAG_WAIT_KILLABLE_RECV))
		flags |= FLAG_WAIT_KILLABLE_RECV;
	return (struct seccomp_filter){ copy, sizeof program, flags };
}

static const char *arch_name(uint32_t token)
{
	for (const char *const *name = seccomp_arch_names(); *name; name++)
		if (seccomp_arch_token(*name) == token)
			return *name;
	return NULL;
}

const char *seccomp_native_name(void)
{
	const char *name = arch_name(seccomp_arch_native());

	return name ? name : "native";
}

/* libseccomp's tokens are the kernel's audit numbers, but x32 has the one of x86-64 there. */
const char *seccomp_call_name(struct arena *arena, uint32_t audit_arch, int number,
			      const char **ret_arch)
{
	bool x32 = audit_arch == SCMP_ARCH_X86_64 && number & X32_BIT;
	uint32_t token = x32 ? SCMP_ARCH_X32 : audit_arch;
	autofree char *name = seccomp_syscall_resolve_num_arch(token, number);

	*ret_arch = arch_name(token);
	return name ? arena_strdup(arena, name) : NULL;
}
