/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/namespaces.h"

#include <linux/sched.h>

#include "spec/spec.h"

const struct ns_row ns_rows[] = {
	[NS_USER] = { "user", "user", CLONE_NEWUSER },
	[NS_PID] = { "pid", "pid", CLONE_NEWPID },
	[NS_NETWORK] = { "network", "net", CLONE_NEWNET },
	[NS_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
	[NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
	[NS_UTS] = { "uts", "uts", CLONE_NEWUTS },
	[NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
	[NS_TIME] = { "time", "time", CLONE_NEWTIME },
	[NS_KINDS] = { NULL, NULL, 0 },
};
