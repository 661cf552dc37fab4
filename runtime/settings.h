/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global options -> where the state is, where the log goes.
 */
#pragma once

struct command;
struct context;
struct err;
struct options;

/* Opens the log that the options ask for. */
int settings_log(const struct options *, struct err *e);
/* Checks the rest and fills the context; a stateless command may go without a root. */
int settings_context(const struct options *, const struct command *, struct context *ret_context,
		     struct err *e);
