/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BLAKE2b-256 (RFC 7693) without a key: for names and checksums of what is kept on disk. Twice as
 * fast as SHA-256 where the processor has no instructions for either. Pure.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { BLAKE2_SIZE = 32, BLAKE2_BLOCK = 128 };

struct blake2 {
	uint64_t state[8];
	uint64_t length;              /* bytes taken, those in block not counted */
	uint8_t block[BLAKE2_BLOCK];  /* not mixed in yet: the last block is told apart */
	size_t filled;
};

struct blake2 blake2_begin(void);
void blake2_add(struct blake2 *, const void *bytes, size_t length);
void blake2_end(struct blake2 *, uint8_t ret_digest[BLAKE2_SIZE]);
