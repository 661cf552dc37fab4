/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line and the configuration ask of CRIU, in its own terms.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "runtime/criu_messages.h"

struct arena;
struct checkpoint_request;
struct context;
struct criu_wishes;
struct err;
struct restore_request;
struct spec;

/* Where CRIU works: descriptors of tare's, and paths for messages. */
struct criu_places {
	const char *image_path, *work_path;
	int image, work;
	bool lent;
	gid_t gid; /* of the image, and its mode, before it was lent */
	mode_t mode;
};
#define CRIU_NOWHERE { .image = -1, .work = -1 }

/* Opens both directories; make: they are made where they are missing. */
int criu_places_open(const struct criu_wishes *, bool make, struct criu_places *ret_places,
		     struct err *e);
/* Lets a group look things up in the image until it is closed: CRIU restores a container with a user
 * namespace with the rights of its root. */
int criu_places_lend(struct criu_places *, gid_t gid, struct err *e);
void criu_places_close(struct criu_places *);
#define autoplaces __attribute__((cleanup(criu_places_close))) struct criu_places

/* Fill the options that do not depend on the container. The spec names a configuration file of CRIU's
 * (org.criu.config), else the first that is there of /etc/criu/{tare,crun,runc}.conf counts. */
int criu_checkpoint_options(struct arena *, const struct checkpoint_request *, const struct spec *,
			    struct criu_options *ret_options, struct err *e);
int criu_restore_options(struct arena *, const struct restore_request *, const struct spec *,
			 struct criu_options *ret_options, struct err *e);
/* Refuses what the CRIU or the kernel at hand cannot do and would pass over in silence, and settles what
 * depends on the programs that are there. */
int criu_check_wishes(const struct context *, struct criu_options *, struct err *e);
