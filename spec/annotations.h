/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations that runtimes act on, one table for what `features` tells engines and for what a
 * config is told. Those of other runtimes that tare does not have are listed too: a container that
 * counts on a virtual machine around it must not quietly get none.
 */
#pragma once

enum annotation_kind {
	ANNOTATION_PLAIN,   /* acted on */
	ANNOTATION_UNSAFE,  /* acted on, and not to be taken from an image: it reaches the host's files,
			       or decides how the container is kept in */
	ANNOTATION_IGNORED, /* of another runtime: a warning, unless its value is empty */
	ANNOTATION_REFUSED, /* the same where without it the container would be less safe */
};

/* A name that ends in '.' stands for all that begin so. The last row's name is NULL. */
struct annotation {
	const char *name;
	enum annotation_kind kind;
	const char *instead; /* of an ignored one: what tare does, NULL for nothing */
};
extern const struct annotation annotations_known[];
