/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container uses at one moment: the figures of its cgroup and of its network.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "cgroups/stats.h"

struct arena;
struct container;
struct err;
struct rdt_figures;
struct strbuf;

/* A line of /proc/PID/net/dev. */
struct interface {
	const char *name;
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};
struct sample {
	struct cgroup_stats cgroup;
	const struct rdt_figures *rdt; /* NULL for a container without a class of service */
	const struct interface *interfaces; /* of a network namespace of its own; without "lo" */
	size_t interface_count;
};

/* Whether one that was looked at lives and has a cgroup that can be measured. */
int sample_check(const struct container *, struct err *e);
int sample_take(struct arena *, const struct container *, int cgroup, struct sample *ret_sample,
		struct err *e);
/* The interfaces of a text like /proc/PID/net/dev. Pure. */
void sample_parse_interfaces(struct arena *, const char *text, struct sample *ret_sample);

/* One line of JSON: {"type":"stats","id":ID,"data":{...}}, the members that runc's events have. Pure. */
void sample_event(const char *id, const struct sample *, struct strbuf *ret_json);
/* {"type":"oom","id":ID}. Pure. */
void sample_oom_event(const char *id, struct strbuf *ret_json);

/* A container of a metrics text. */
struct measured {
	const char *id;
	struct sample sample;
};
/* All containers in the text format of OpenMetrics 1.0. Pure. */
void sample_metrics(const struct measured *, size_t count, struct strbuf *ret_text);
