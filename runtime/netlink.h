/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of rtnetlink(7) that moving a network device takes. A request is
 * built in a fixed buffer whose bounds are checked; every answer's length is checked
 * before it is read.
 */
#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

struct netlink_request {
	struct nlmsghdr head;
	unsigned char body[1024];
};

/* A NETLINK_ROUTE socket of the current network namespace, or -errno. */
int netlink_open(void);
/* Starts a request: its family's header (struct ifinfomsg, struct ifaddrmsg) is copied in. */
void netlink_begin(struct netlink_request *, int type, int flags, const void *header, size_t size);
/* Appends an attribute: 0, or -EMSGSIZE. */
int netlink_attribute(struct netlink_request *, int type, const void *data, size_t length);
/* Sends it and waits for the acknowledgement: 0, or the kernel's -errno. */
int netlink_call(int socket, struct netlink_request *);
/* Sends a request and hands each answer to visit, up to its end (NLMSG_DONE, or one message where it was no dump). */
int netlink_query(int socket, struct netlink_request *,
		  void (*visit)(void *user, const struct nlmsghdr *), void *user);
