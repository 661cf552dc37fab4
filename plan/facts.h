/* SPDX-License-Identifier: Apache-2.0 */
/* A row of the opcode list of plan/format.h as data, for the check and the printers. */
#pragma once
#include <stdint.h>

#include "plan/format.h"

struct op_facts {
	const char *name;
	uint8_t lanes;            /* enum plan_lane */
	const char *args;         /* names, divided by blanks */
	uint8_t kinds[PLAN_ARGS]; /* enum plan_arg */
};

/* NULL for what is no opcode. */
const struct op_facts *plan_op_facts(unsigned op);
