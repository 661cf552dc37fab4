/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start gate: a listening SOCK_SEQPACKET named `gate` in the state directory, which
 * tare-init holds until `start` comes (HACKING.md, Meeting). Its other two functions,
 * launch_gate_waits() and launch_open_gate(), are in launch.h.
 *
 * Invariant: as long as the gate can be connected to, the workload has not been executed.
 */
#pragma once

struct err;

/* Makes the gate in the state directory dir: the OPEN_GATE step. */
int gate_listen(int dir, int *ret_socket, struct err *e);
/* Takes the name away; absent is fine. */
void gate_remove(int dir);
