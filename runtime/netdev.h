/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a network device of the runtime's network namespace into a container's
 * (config-linux.md#network-devices): its permanent global addresses are kept, it is renamed if
 * asked, and brought up. It is never moved back: the kernel does that, or not, when the namespace ends.
 */
#pragma once

struct err;

/* name NULL: host_name. target: the container's network namespace. */
int netdev_move(const char *host_name, const char *name, int target, struct err *e);
