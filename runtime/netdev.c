/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fd.h"
#include "runtime/netlink.h"

enum { ADDRESSES_MAX = 64, INDICES_TRIED = 1000 };

struct address {
	struct ifaddrmsg head;
	unsigned char local[16], broadcast[4];
	size_t length;
	bool has_broadcast;
};

struct addresses {
	unsigned index; /* of the device asked for */
	struct address items[ADDRESSES_MAX];
	size_t count;
	bool too_many;
};

static void note_index(void *user, const struct nlmsghdr *message)
{
	*(unsigned *)user = (unsigned)((const struct ifinfomsg *)NLMSG_DATA(message))->ifi_index;
}

/* The index of a device by name: > 0, or -errno. */
static int find(int socket, const char *name, unsigned *ret_index)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	struct netlink_request request;

	netlink_begin(&request, RTM_GETLINK, 0, &head, sizeof head);
	netlink_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return netlink_query(socket, &request, note_index, ret_index);
}

static void take_attribute(struct address *address, uint32_t *flags, const struct rtattr *a)
{
	size_t length = RTA_PAYLOAD(a);

	/* IFA_LOCAL is the address of a point-to-point IPv4 device, IFA_ADDRESS the peer's then. */
	if ((a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && !address->length)) &&
	    length <= sizeof address->local) {
		memcpy(address->local, RTA_DATA(a), length);
		address->length = length;
	} else if (a->rta_type == IFA_BROADCAST && length == sizeof address->broadcast) {
		memcpy(address->broadcast, RTA_DATA(a), length);
		address->has_broadcast = true;
	} else if (a->rta_type == IFA_FLAGS && length == sizeof *flags) {
		memcpy(flags, RTA_DATA(a), length);
	}
}

static void take_address(void *user, const struct nlmsghdr *message)
{
	struct addresses *addresses = user;
	const struct ifaddrmsg *head = NLMSG_DATA(message);
	struct address address = { .head = *head };
	uint32_t flags = head->ifa_flags;
	size_t left = IFA_PAYLOAD(message);

	if (head->ifa_index != addresses->index || head->ifa_scope != RT_SCOPE_UNIVERSE)
		return;
	for (const struct rtattr *a = IFA_RTA(head); RTA_OK(a, left); a = RTA_NEXT(a, left))
		take_attribute(&address, &flags, a);
	if (!(flags & IFA_F_PERMANENT) || !address.length)
		return;
	addresses->too_many = addresses->count == ADDRESSES_MAX;
	if (!addresses->too_many)
		addresses->items[addresses->count++] = address;
}

static int list_addresses(int socket, struct addresses *addresses)
{
	struct ifaddrmsg head = { .ifa_family = AF_UNSPEC };
	struct netlink_request request;
	int r;

	netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, &head, sizeof head);
	r = netlink_query(socket, &request, take_address, addresses);
	return r == 0 && addresses->too_many ? -E2BIG : r;
}

static int move_as(int socket, unsigned index, const char *name, int target, uint32_t new_index)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, 0, &head, sizeof head);
	netlink_attribute(&request, IFLA_NET_NS_FD, &target, sizeof target);
	netlink_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
	netlink_attribute(&request, IFLA_NEW_IFINDEX, &new_index, sizeof new_index);
	return netlink_call(socket, &request);
}

/* By its number the device is found again whatever name the kernel makes of "eth%d". */
static int move(int socket, unsigned index, const char *name, int target, unsigned *ret_index)
{
	for (unsigned i = 0; i < INDICES_TRIED; i++) {
		int r = move_as(socket, index, name, target, index + i);

		if (r == 0)
			*ret_index = index + i;
		if (r != -EBUSY)
			return r;
	}
	return -EBUSY;
}

static int add_address(int socket, unsigned index, const struct address *address)
{
	struct ifaddrmsg head = { .ifa_family = address->head.ifa_family,
				  .ifa_prefixlen = address->head.ifa_prefixlen,
				  .ifa_scope = address->head.ifa_scope,
				  .ifa_index = index };
	struct netlink_request request;
	int r;

	netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
	netlink_attribute(&request, IFA_LOCAL, address->local, address->length);
	netlink_attribute(&request, IFA_ADDRESS, address->local, address->length);
	if (address->has_broadcast)
		netlink_attribute(&request, IFA_BROADCAST, address->broadcast,
				  sizeof address->broadcast);
	r = netlink_call(socket, &request);
	return r == -EEXIST ? 0 : r;
}

static int bring_up(int socket, unsigned index)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC,
				  .ifi_index = (int)index,
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, 0, &head, sizeof head);
	return netlink_call(socket, &request);
}

/* A socket keeps the network namespace it was made in. */
static int open_there(int target, int *ret_socket, struct err *e)
{
	autofd own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), socket = -1;

	if (own < 0)
		return err_set(e, errno, "open /proc/self/ns/net");
	if (setns(target, CLONE_NEWNET) < 0) {
		err_set(e, errno, "setns into the container's network namespace");
		return err_hint(e, "moving a device of the host takes CAP_NET_ADMIN over the host");
	}
	socket = netlink_open();
	if (setns(own, CLONE_NEWNET) < 0)
		return err_set(e, errno, "setns back to the own network namespace");
	if (socket < 0)
		return err_set(e, -socket, "netlink socket");
	*ret_socket = fd_take(&socket);
	return 0;
}

static int settle(int there, unsigned index, const struct addresses *addresses)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < addresses->count; i++)
		r = add_address(there, index, &addresses->items[i]);
	return r < 0 ? r : bring_up(there, index);
}

/* The kernel would find that out too late: the device would be there, and by another name. */
static int check_name(int there, const char *name, struct err *e)
{
	unsigned taken;

	if (find(there, name, &taken) < 0)
		return 0;
	return err_say(e, EEXIST, "the container has a network device %s already", name);
}

static int look(int here, const char *host_name, struct addresses *addresses, struct err *e)
{
	int r = find(here, host_name, &addresses->index);

	if (r == 0)
		r = list_addresses(here, addresses);
	return r < 0 ? err_set(e, -r, "network device %s", host_name) : 0;
}

int netdev_move(const char *host_name, const char *name, int target, struct err *e)
{
	autofd here = netlink_open(), there = -1;
	struct addresses addresses = { 0 };
	unsigned index = 0;
	int r;

	if (here < 0)
		return err_set(e, -here, "netlink socket");
	if (!name)
		name = host_name;
	r = look(here, host_name, &addresses, e);
	if (r == 0)
		r = open_there(target, &there, e);
	if (r == 0)
		r = check_name(there, name, e);
	if (r < 0)
		return r;
	r = move(here, addresses.index, name, target, &index);
	if (r < 0)
		return err_set(e, -r, "network device %s: move it into the container as %s", host_name,
			       name);
	r = settle(there, index, &addresses);
	return r < 0 ? err_set(e, -r, "%s: its addresses in the container", name) : 0;
}
