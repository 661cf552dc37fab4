/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.process, the hooks and the meeting points of the two lanes -> steps. Pure.
 * The order of the calls is in runtime/build.c.
 */
#pragma once
#include "plan/format.h"
#include "plan/request.h"
#include "spec/spec.h"

compile_function state_compile;      /* STATE creating */
compile_function gate_open_compile;  /* OPEN_GATE (create only) */
compile_function hook_outputs_compile; /* OPEN, HOOK_OUTPUT: for the hooks that run inside */
compile_function clone_compile;      /* OOM_SCORE, CLONE */
compile_function resctrl_compile;    /* RESCTRL, before CLONE */
compile_function identity_compile;   /* STATE creating, now with the pid; RESCTRL_JOIN */
compile_function join_compile;       /* exec: SETNS through the pidfd, NS_ROOT, FORK into the pid namespace */
compile_function done_compile;       /* DONE: the errand ends without a program */
compile_function net_devices_compile; /* SYNC, NET_DEVICE */
compile_function session_compile;    /* SESSION, KEYRING */
compile_function hooks_compile;      /* prestart, createRuntime, createContainer */
compile_function console_compile;    /* CONSOLE, TAKE_CONSOLE */
compile_function process_compile;    /* RLIMIT, SCHEDULER, IO_PRIORITY, PERSONALITY, labels */
compile_function initial_affinity_compile; /* exec: HOST_AFFINITY, inherited over CLONE */
compile_function placement_compile;  /* AFFINITY, MEMORY_POLICY */
compile_function program_compile;    /* GROUPS, CWD, PROGRAM */
compile_function gate_compile;       /* create: SYNC, GATE; run and exec: SYNC */
compile_function privileges_compile; /* SECCOMP, BOUNDING, IDS, CAPABILITIES, startContainer, EXEC */
compile_function made_compile;       /* MADE */

/* The resctrl group that a container is put in. */
const char *resctrl_group_name(const struct spec *, const char *id);

/* One step a hook of this kind; default_env is used where the hook has none (NULL: an empty one). */
void hook_steps(struct compile *, enum hook_kind, enum plan_lane, const struct strings *default_env);
