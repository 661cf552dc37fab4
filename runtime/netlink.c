/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

void netlink_begin(struct netlink_request *request, int type, int flags, const void *header,
		   size_t size)
{
	*request = (struct netlink_request){
		.head = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
			  .nlmsg_type = (uint16_t)type,
			  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			  .nlmsg_seq = 1 },
	};
	memcpy(request->body, header, size);
}

int netlink_attribute(struct netlink_request *request, int type, const void *data, size_t length)
{
	size_t at = NLMSG_ALIGN(request->head.nlmsg_len);
	struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(length),
				    .rta_type = (unsigned short)type };

	if (length > UINT16_MAX || at + RTA_SPACE(length) > sizeof *request)
		return -EMSGSIZE;
	memcpy((char *)request + at, &attribute, sizeof attribute);
	memcpy((char *)request + at + RTA_LENGTH(0), data, length);
	request->head.nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
	return 0;
}

struct answers {
	void (*visit)(void *user, const struct nlmsghdr *);
	void *user;
	bool done;
	int result;
};

static void answer(struct answers *answers, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == NLMSG_DONE) {
		answers->done = true;
	} else if (message->nlmsg_type == NLMSG_ERROR) {
		answers->done = true;
		answers->result = ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
	} else if (answers->visit) {
		answers->visit(answers->user, message);
		answers->done = !(message->nlmsg_flags & NLM_F_MULTI);
	}
}

/* One datagram of answers. */
static int receive(int socket, struct answers *answers)
{
	_Alignas(struct nlmsghdr) char buffer[16384];
	ssize_t got = recv(socket, buffer, sizeof buffer, MSG_TRUNC);
	size_t left = (size_t)got;

	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (left > sizeof buffer)
		return -EMSGSIZE;
	for (const struct nlmsghdr *m = (const void *)buffer; NLMSG_OK(m, left) && !answers->done;
	     m = NLMSG_NEXT(m, left))
		answer(answers, m);
	return 0;
}

static int transact(int socket, struct netlink_request *request, struct answers *answers)
{
	if (send(socket, request, request->head.nlmsg_len, MSG_NOSIGNAL) < 0)
		return -errno;
	while (!answers->done) {
		int r = receive(socket, answers);

		if (r < 0)
			return r;
	}
	return answers->result;
}

int netlink_call(int socket, struct netlink_request *request)
{
	struct answers answers = { 0 };

	request->head.nlmsg_flags |= NLM_F_ACK;
	return transact(socket, request, &answers);
}

int netlink_query(int socket, struct netlink_request *request,
		  void (*visit)(void *user, const struct nlmsghdr *), void *user)
{
	struct answers answers = { .visit = visit, .user = user };

	return transact(socket, request, &answers);
}
