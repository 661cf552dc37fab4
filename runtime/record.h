/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that is run to learn which system calls it needs.
 */
#pragma once
#include "base/text.h"

struct container;
struct context;
struct create_request;
struct err;
struct request;
struct seccomp_filter;
struct spec;
struct spec_seccomp;

/* What create_request.recording says: the filter that asks, and whose answers it waits for. */
struct recording {
	const struct seccomp_filter *filter;
	const char *listener;
	bool no_new_privileges; /* out: the config's */
};
/* The spec with the recording's filter in place of its own profile; in the arena. */
const struct spec *recording_apply(struct context *, struct recording *, const struct spec *);

/* Writes down in the state directory that the container is recorded, so that what exec adds is too. */
int recording_keep(const struct recording *, const struct container *, struct err *e);
/* For exec: the recording's filter in *request and *spec, if there is one. */
int recording_recall(struct context *, const struct container *, const struct spec **spec,
		     struct request *, struct err *e);

/* Runs a container to its end under observation. The profile allows what was called and what base, which
 * may be NULL, allowed already. */
int container_record(struct context *, const struct create_request *,
		     const struct spec_seccomp *base, const struct spec_seccomp **ret_profile,
		     int *ret_status, struct err *e);
/* The same for a container that is there: what it calls until its end, or until tare is told to end. Of one that is not
 * started yet that is all its program calls. */
int container_attend(struct context *, const char *id, const struct spec_seccomp *base,
		     const struct spec_seccomp **ret_profile, struct err *e);
