/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interpreter of the classic BPF that seccomp filters are made of, for tests: what would the
 * kernel answer to this system call?
 */
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

/* The program's SECCOMP_RET_... value; UINT32_MAX for a program the kernel would not load. */
uint32_t bpf_run(const struct sock_filter *program, size_t count, const struct seccomp_data *data);
