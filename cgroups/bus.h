/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to systemd: its private socket, which needs no bus, else the bus. No
 * library, no allocation of names on a bus where the private socket is there.
 *
 * Invariant: nothing waits beyond the deadline set when the connection was opened.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "cgroups/marshal.h"

struct err;

struct bus {
	int fd;
	bool daemon;       /* a bus with a greeting of its own stands between */
	bool greeted;      /* the answer to the authentication is read */
	uint32_t serial;   /* of the last call */
	int64_t deadline;  /* CLOCK_MONOTONIC, ms */
	struct strbuf out; /* what waits to be sent */
	struct strbuf in;
	size_t taken;      /* bytes of in that are done with */
};
#define BUS_NONE { .fd = -1 }

/* Of the user's manager or the system's. -ENOENT, -ECONNREFUSED or -EACCES when there is none to
 * talk to. timeout in ms. */
int bus_open(bool user, int timeout, struct bus *ret_bus, struct err *e);
void bus_close(struct bus *);
#define autobus __attribute__((cleanup(bus_close))) struct bus
/* Queues a call of systemd's manager object; its serial number. */
uint32_t bus_call_manager(struct bus *, const char *member, const char *signature,
			  const struct strbuf *body);
/* Sends what is queued and waits for the next message; it lives until the next call. -ETIMEDOUT. */
int bus_receive(struct bus *, struct bus_message *ret_message, struct err *e);
