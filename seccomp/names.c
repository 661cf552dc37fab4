/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "seccomp/internal.h"
#include "seccomp/seccomp.h"
#include "spec/names.h"

/* The tables of spec/names.h decide what a config may say; here are the same words as lists, in the
 * alphabetical order that the features document has. */
const char *const *seccomp_action_names(void)
{
	static const char *const names[] = {
		"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
		"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE",
		"SCMP_ACT_TRAP", NULL,
	};

	return names;
}

const char *const *seccomp_operator_names(void)
{
	static const char *const names[] = {
		"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT",
		"SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL,
	};

	return names;
}

const char *const *seccomp_arch_names(void)
{
	static const char *const names[] = {
		"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
		"SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
		"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",
		"SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE",
		"SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH",
		"SCMP_ARCH_SHEB", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", NULL,
	};

	return names;
}

/* The youngest flag is the last but for its list without: kernels before 5.19 do not have it. */
static const char *const all_flags[] = {
	"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL,
};
static const char *const old_flags[] = {
	"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
	NULL,
};

const char *const *seccomp_known_flags(void)
{
	return all_flags;
}

/* The kernel looks at the flags before it looks for the filter, which is not there: EFAULT is a
 * yes. */
bool seccomp_accepts(uint32_t flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

const char *const *seccomp_supported_flags(void)
{
	static const char *const none[] = { NULL };
	unsigned old = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
		       SECCOMP_FILTER_FLAG_TSYNC;

	if (!seccomp_accepts(old))
		return none;
	return seccomp_accepts(SECCOMP_FILTER_FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE_RECV)
		       ? all_flags
		       : old_flags;
}

const char *seccomp_lacking_flag(uint32_t flags)
{
	for (const struct name_value *row = seccomp_flags; row->name; row++) {
		uint32_t flag = (uint32_t)row->value;

		if (flag == FLAG_WAIT_KILLABLE_RECV)
			flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		if (flags & (uint32_t)row->value && !seccomp_accepts(flag))
			return row->name;
	}
	return NULL;
}

const char *seccomp_library_version(struct arena *arena)
{
	const struct scmp_version *v = seccomp_version();

	return arena_printf(arena, "%u.%u.%u", v->major, v->minor, v->micro);
}
