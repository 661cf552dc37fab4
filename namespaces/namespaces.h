/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec -> steps for everything a container's namespaces, root file system and
 * device nodes need. Pure: opens nothing, mounts nothing.
 *
 * The order of the calls is in runtime/build.c.
 */
#pragma once
#include <stdint.h>
#include "plan/request.h"

/* CLONE_NEW* of a namespace kind, and its names; by enum ns_kind, a row of NULLs ends it. */
struct ns_row {
	const char *oci;  /* "network" */
	const char *proc; /* "net" */
	uint64_t flag;    /* CLONE_NEWNET */
};
extern const struct ns_row ns_rows[];

/* Flags for the one clone3(): new namespaces, unless a joined user namespace must own them. */
uint64_t ns_clone_flags(const struct spec *);

compile_function ns_open_compile;      /* before CLONE: OPEN_NS, TIME_OFFSETS */
compile_function given_compile;        /* host lane, ahead of CLONE: USERNS, HOST_TREE, HOST_FS, HOST_IDMAP */
compile_function ns_maps_compile;      /* host lane, behind CLONE: ID_MAP, then RELEASE */
compile_function ns_enter_compile;     /* init lane: SETNS, UNSHARE, FORK, NS_ROOT, LOOPBACK_UP */
compile_function rootfs_open_compile;  /* init lane: PROPAGATION, ROOT, the null device for masks */
compile_function mounts_compile;       /* init lane: one group of steps for each of mounts[] */
compile_function devices_compile;      /* default and listed nodes, links, ptmx, notify dir */
compile_function late_compile;         /* what mounts_compile left for the end: ATTR */
compile_function unmount_compile;      /* UNMOUNT for each of mounts[], the last first */
compile_function rootfs_enter_compile; /* PIVOT, ROOT_PROPAGATION, ROOT_READONLY */
compile_function masks_compile;        /* maskedPaths, readonlyPaths */
compile_function names_compile;        /* HOSTNAME, DOMAINNAME */
compile_function sysctl_compile;       /* PROCFS, WRITE_PROC */

/* All places of the host that a container's mounts show: the rootfs first, then the notify
 * directory and the sources of bind mounts. */
struct arena;
struct strings host_places(struct arena *, const struct spec *, const struct request *);
