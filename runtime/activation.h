/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that reach the workload: --preserve-fds, and those of socket
 * activation (sd_listen_fds(3)), which come first.
 */
#pragma once
#include <stdint.h>

#include "base/text.h"

struct arena;
struct err;

struct activation {
	uint32_t preserve_fds; /* descriptors 3..3+n-1 in all */
	struct strings env;    /* LISTEN_FDS, LISTEN_PID=1, LISTEN_FDNAMES for the workload */
};
/* Reads LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES of the environment. -EBADF when one of the
 * descriptors is not open. */
int activation_probe(struct arena *, uint32_t preserve_fds, struct activation *ret_activation,
		     struct err *e);
