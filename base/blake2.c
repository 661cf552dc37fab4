/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blake2.h"

#include <stdbool.h>
#include <string.h>

enum { ROUNDS = 12, WORDS = 16 };

/* The first 64 bits of the fractional parts of the square roots of the first eight primes. */
static const uint64_t initial[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* Which word of the block a round takes when; rounds 10 and 11 are 0 and 1 again. */
static const uint8_t schedule[10][WORDS] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

/* Columns, then diagonals of the four by four working words. */
static const uint8_t quarters[8][4] = {
	{ 0, 4, 8, 12 }, { 1, 5, 9, 13 }, { 2, 6, 10, 14 }, { 3, 7, 11, 15 },
	{ 0, 5, 10, 15 }, { 1, 6, 11, 12 }, { 2, 7, 8, 13 }, { 3, 4, 9, 14 },
};

static uint64_t turned(uint64_t word, unsigned bits)
{
	return word >> bits | word << (64 - bits);
}

static void mix(uint64_t v[WORDS], const uint8_t at[4], uint64_t x, uint64_t y)
{
	uint64_t *a = &v[at[0]], *b = &v[at[1]], *c = &v[at[2]], *d = &v[at[3]];

	*a += *b + x;
	*d = turned(*d ^ *a, 32);
	*c += *d;
	*b = turned(*b ^ *c, 24);
	*a += *b + y;
	*d = turned(*d ^ *a, 16);
	*c += *d;
	*b = turned(*b ^ *c, 63);
}

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word = 0;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | bytes[i];
	return word;
}

static void compress(struct blake2 *b, const uint8_t *block, bool last)
{
	uint64_t v[WORDS], words[WORDS];

	for (int i = 0; i < WORDS; i++)
		words[i] = word_at(block + 8 * i);
	memcpy(v, b->state, sizeof b->state);
	memcpy(v + 8, initial, sizeof initial);
	v[12] ^= b->length;
	v[14] ^= last ? UINT64_MAX : 0;
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < 8; i++)
			mix(v, quarters[i], words[schedule[round % 10][2 * i]],
			    words[schedule[round % 10][2 * i + 1]]);
	for (int i = 0; i < 8; i++)
		b->state[i] ^= v[i] ^ v[i + 8];
}

struct blake2 blake2_begin(void)
{
	struct blake2 b = { 0 };

	memcpy(b.state, initial, sizeof initial);
	/* The parameter block: digest length, no key, fanout 1, depth 1. */
	b.state[0] ^= 0x01010000 ^ BLAKE2_SIZE;
	return b;
}

void blake2_add(struct blake2 *b, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	while (length > 0) {
		size_t take = BLAKE2_BLOCK - b->filled;

		if (take == 0) {
			b->length += BLAKE2_BLOCK;
			compress(b, b->block, false);
			b->filled = 0;
			continue;
		}
		take = take < length ? take : length;
		memcpy(b->block + b->filled, at, take);
		b->filled += take;
		at += take;
		length -= take;
	}
}

void blake2_end(struct blake2 *b, uint8_t ret_digest[BLAKE2_SIZE])
{
	memset(b->block + b->filled, 0, BLAKE2_BLOCK - b->filled);
	b->length += b->filled;
	compress(b, b->block, true);
	for (int i = 0; i < BLAKE2_SIZE; i++)
		ret_digest[i] = (uint8_t)(b->state[i / 8] >> 8 * (i % 8));
}
