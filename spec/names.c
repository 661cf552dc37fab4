/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "spec/spec.h"

/* Newer than the oldest kernel headers tare is built with, or never in one. */
enum { POLICY_WEIGHTED_INTERLEAVE = 6, POLICY_ISO = 4, FILTER_WAIT_KILLABLE = 1 << 5 };

#define ROW(name) { #name, name }
#define END { NULL, 0 }

const struct name_value capability_names[] = {
	ROW(CAP_CHOWN), ROW(CAP_DAC_OVERRIDE), ROW(CAP_DAC_READ_SEARCH),
	ROW(CAP_FOWNER), ROW(CAP_FSETID), ROW(CAP_KILL), ROW(CAP_SETGID),
	ROW(CAP_SETUID), ROW(CAP_SETPCAP), ROW(CAP_LINUX_IMMUTABLE),
	ROW(CAP_NET_BIND_SERVICE), ROW(CAP_NET_BROADCAST), ROW(CAP_NET_ADMIN),
	ROW(CAP_NET_RAW), ROW(CAP_IPC_LOCK), ROW(CAP_IPC_OWNER),
	ROW(CAP_SYS_MODULE), ROW(CAP_SYS_RAWIO), ROW(CAP_SYS_CHROOT),
	ROW(CAP_SYS_PTRACE), ROW(CAP_SYS_PACCT), ROW(CAP_SYS_ADMIN),
	ROW(CAP_SYS_BOOT), ROW(CAP_SYS_NICE), ROW(CAP_SYS_RESOURCE),
	ROW(CAP_SYS_TIME), ROW(CAP_SYS_TTY_CONFIG), ROW(CAP_MKNOD),
	ROW(CAP_LEASE), ROW(CAP_AUDIT_WRITE), ROW(CAP_AUDIT_CONTROL),
	ROW(CAP_SETFCAP), ROW(CAP_MAC_OVERRIDE), ROW(CAP_MAC_ADMIN),
	ROW(CAP_SYSLOG), ROW(CAP_WAKE_ALARM), ROW(CAP_BLOCK_SUSPEND),
	ROW(CAP_AUDIT_READ), ROW(CAP_PERFMON), ROW(CAP_BPF),
	ROW(CAP_CHECKPOINT_RESTORE), END,
};

const struct name_value rlimit_names[] = {
	ROW(RLIMIT_CPU), ROW(RLIMIT_FSIZE), ROW(RLIMIT_DATA), ROW(RLIMIT_STACK),
	ROW(RLIMIT_CORE), ROW(RLIMIT_RSS), ROW(RLIMIT_NPROC),
	ROW(RLIMIT_NOFILE), ROW(RLIMIT_MEMLOCK), ROW(RLIMIT_AS),
	ROW(RLIMIT_LOCKS), ROW(RLIMIT_SIGPENDING), ROW(RLIMIT_MSGQUEUE),
	ROW(RLIMIT_NICE), ROW(RLIMIT_RTPRIO), ROW(RLIMIT_RTTIME), END,
};

const struct name_value namespace_names[] = {
	{ "user", NS_USER },   { "pid", NS_PID }, { "network", NS_NETWORK },
	{ "mount", NS_MOUNT }, { "ipc", NS_IPC }, { "uts", NS_UTS },
	{ "cgroup", NS_CGROUP }, { "time", NS_TIME }, END,
};

const struct name_value hook_names[] = {
	{ "prestart", HOOK_PRESTART },
	{ "createRuntime", HOOK_CREATE_RUNTIME },
	{ "createContainer", HOOK_CREATE_CONTAINER },
	{ "startContainer", HOOK_START_CONTAINER },
	{ "poststart", HOOK_POSTSTART },
	{ "poststop", HOOK_POSTSTOP },
	END,
};

const struct name_value seccomp_actions[] = {
	{ "SCMP_ACT_KILL", SECCOMP_KILL },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_ERRNO },
	{ "SCMP_ACT_TRACE", SECCOMP_TRACE },
	{ "SCMP_ACT_ALLOW", SECCOMP_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_NOTIFY },
	END,
};

const struct name_value seccomp_operators[] = {
	{ "SCMP_CMP_NE", SECCOMP_NE }, { "SCMP_CMP_LT", SECCOMP_LT },
	{ "SCMP_CMP_LE", SECCOMP_LE }, { "SCMP_CMP_EQ", SECCOMP_EQ },
	{ "SCMP_CMP_GE", SECCOMP_GE }, { "SCMP_CMP_GT", SECCOMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SECCOMP_MASKED_EQ }, END,
};

/* A number to tell them apart: what an architecture is to libseccomp is seccomp/'s business. */
const struct name_value seccomp_architectures[] = {
	{ "SCMP_ARCH_X86", 0 },       { "SCMP_ARCH_X86_64", 1 },
	{ "SCMP_ARCH_X32", 2 },       { "SCMP_ARCH_ARM", 3 },
	{ "SCMP_ARCH_AARCH64", 4 },   { "SCMP_ARCH_MIPS", 5 },
	{ "SCMP_ARCH_MIPS64", 6 },    { "SCMP_ARCH_MIPS64N32", 7 },
	{ "SCMP_ARCH_MIPSEL", 8 },    { "SCMP_ARCH_MIPSEL64", 9 },
	{ "SCMP_ARCH_MIPSEL64N32", 10 }, { "SCMP_ARCH_PPC", 11 },
	{ "SCMP_ARCH_PPC64", 12 },    { "SCMP_ARCH_PPC64LE", 13 },
	{ "SCMP_ARCH_S390", 14 },     { "SCMP_ARCH_S390X", 15 },
	{ "SCMP_ARCH_PARISC", 16 },   { "SCMP_ARCH_PARISC64", 17 },
	{ "SCMP_ARCH_RISCV64", 18 },  { "SCMP_ARCH_LOONGARCH64", 19 },
	{ "SCMP_ARCH_M68K", 20 },     { "SCMP_ARCH_SH", 21 },
	{ "SCMP_ARCH_SHEB", 22 },     END,
};

const struct name_value seccomp_flags[] = {
	ROW(SECCOMP_FILTER_FLAG_TSYNC), ROW(SECCOMP_FILTER_FLAG_LOG),
	ROW(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", FILTER_WAIT_KILLABLE }, END,
};

const struct name_value scheduler_policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL }, ROW(SCHED_FIFO), ROW(SCHED_RR), ROW(SCHED_BATCH),
	{ "SCHED_ISO", POLICY_ISO }, ROW(SCHED_IDLE), ROW(SCHED_DEADLINE), END,
};

const struct name_value scheduler_flags[] = {
	ROW(SCHED_FLAG_RESET_ON_FORK), ROW(SCHED_FLAG_RECLAIM),
	ROW(SCHED_FLAG_DL_OVERRUN), ROW(SCHED_FLAG_KEEP_POLICY),
	ROW(SCHED_FLAG_KEEP_PARAMS), ROW(SCHED_FLAG_UTIL_CLAMP_MIN),
	ROW(SCHED_FLAG_UTIL_CLAMP_MAX), END,
};

const struct name_value io_classes[] = {
	ROW(IOPRIO_CLASS_RT), ROW(IOPRIO_CLASS_BE), ROW(IOPRIO_CLASS_IDLE), END,
};

const struct name_value memory_policy_modes[] = {
	ROW(MPOL_DEFAULT), ROW(MPOL_BIND), ROW(MPOL_INTERLEAVE),
	{ "MPOL_WEIGHTED_INTERLEAVE", POLICY_WEIGHTED_INTERLEAVE },
	ROW(MPOL_PREFERRED), ROW(MPOL_PREFERRED_MANY), ROW(MPOL_LOCAL), END,
};

const struct name_value memory_policy_flags[] = {
	ROW(MPOL_F_NUMA_BALANCING), ROW(MPOL_F_RELATIVE_NODES), ROW(MPOL_F_STATIC_NODES), END,
};

const struct name_value personality_domains[] = {
	{ "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 }, END,
};

/* The recursive forms are not in the specification, but engines write them. */
const struct name_value rootfs_propagations[] = {
	{ "shared", MS_SHARED },   { "slave", MS_SLAVE },
	{ "private", MS_PRIVATE }, { "unbindable", MS_UNBINDABLE },
	{ "rshared", MS_SHARED | MS_REC },   { "rslave", MS_SLAVE | MS_REC },
	{ "rprivate", MS_PRIVATE | MS_REC }, { "runbindable", MS_UNBINDABLE | MS_REC }, END,
};

const struct name_value device_types[] = {
	{ "c", 'c' }, { "b", 'b' }, { "u", 'u' }, { "p", 'p' }, END,
};

const struct name_value device_rule_types[] = {
	{ "a", 'a' }, { "c", 'c' }, { "b", 'b' }, END,
};

bool word_like(const char *a, const char *b)
{
	if (strcasecmp(a, b) == 0)
		return true;
	while (*a && *a == *b)
		a++, b++;
	return strcmp(*a ? a + 1 : a, *b ? b + 1 : b) == 0 || /* changed */
	       strcmp(a, *b ? b + 1 : b) == 0 ||              /* lost */
	       strcmp(*a ? a + 1 : a, b) == 0 ||              /* added */
	       (*a && *b && a[0] == b[1] && a[1] == b[0] &&
		strcmp(a + 2, b + 2) == 0); /* swapped */
}

const char *name_like(const struct name_value *table, const char *text)
{
	for (; table->name; table++)
		if (word_like(table->name, text))
			return table->name;
	return NULL;
}
