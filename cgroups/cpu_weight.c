/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/internal.h"

/*
 * The conversion that runc, crun and Kubernetes agreed on:
 *
 *   l = log2(shares);  weight = ceil(10 ^ ((l * l + 125 * l) / 612 - 7 / 34))
 *
 * which takes 2 to 1, 1024 to 100 and 262144 to 10000. Done in integers, so that no
 * libm can round 100 up to 101.
 */
enum { FRACTION = 48, SHARES_LEAST = 2, SHARES_MOST = 262144, WEIGHT_MOST = 10000 };

typedef unsigned __int128 wide;

/* log2(value) with FRACTION bits behind the point, by repeated squaring. value: 1..2^31. */
static uint64_t log2_fixed(uint64_t value)
{
	unsigned whole = 63 - (unsigned)__builtin_clzll(value);
	uint64_t mantissa = value << (63 - whole); /* 1.0 is 2^63 */
	uint64_t result = whole;

	for (int bit = 0; bit < FRACTION; bit++) {
		wide square = (wide)mantissa * mantissa;
		unsigned carry = (unsigned)(square >> 127);

		result = result << 1 | carry;
		mantissa = (uint64_t)(square >> (63 + carry));
	}
	return result;
}

/* 612 times the exponent: l * l + 125 * l - 126. */
static wide exponent(uint64_t shares)
{
	wide l = log2_fixed(shares);

	return ((l * l) >> FRACTION) + 125 * l - ((wide)126 << FRACTION);
}

/* weight >= 10 ^ exponent, but for an error of the last bits: equality has to count. */
static bool reaches(unsigned weight, wide limit)
{
	wide slack = (wide)1 << 20;

	return (((wide)612 * log2_fixed(weight)) << FRACTION) / log2_fixed(10) + slack >= limit;
}

unsigned cgroup_cpu_weight(uint64_t shares)
{
	unsigned least = 1, most = WEIGHT_MOST;

	if (!shares)
		return 0;
	if (shares <= SHARES_LEAST)
		return 1;
	if (shares >= SHARES_MOST)
		return WEIGHT_MOST;
	while (least < most) {
		unsigned middle = (least + most) / 2;

		if (reaches(middle, exponent(shares)))
			most = middle;
		else
			least = middle + 1;
	}
	return least;
}

unsigned cgroup_io_weight(unsigned weight)
{
	return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}
