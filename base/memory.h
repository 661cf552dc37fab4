/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of memory. Hardly a function could go on without what it asked for, so none is asked to: the command ends
 * as if it had been killed, which every other command can cope with, but it says why.
 */
#pragma once

/* One line on standard error, and exit status 1. */
_Noreturn void memory_out(void);
