/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/calls.h"

void calls_note(struct calls *calls, uint32_t arch, int32_t number)
{
	for (size_t i = 0; i < calls->count; i++)
		if (calls->items[i].number == number && calls->items[i].arch == arch)
			return;
	if (calls->count < CALLS_MOST)
		calls->items[calls->count++] = (struct call){ arch, number };
}
