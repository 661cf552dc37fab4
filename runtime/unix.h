/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets by path without the 107 bytes' limit of sockaddr_un: what is too long
 * goes through /proc/self/fd. Each function returns a descriptor or -errno.
 */
#pragma once

/* A socket (type with SOCK_NONBLOCK if wanted; SOCK_CLOEXEC is added) connected to dir/path.
 * "@name" with dir AT_FDCWD is an abstract address. */
int unix_connect(int dir, const char *path, int type);
/* A stream connected to path; -EAGAIN when nobody accepts it for so long. */
int unix_connect_within(const char *path, int milliseconds);
/* A socket bound to dir/name, replacing what was there. */
int unix_bind(int dir, const char *name, int type);
