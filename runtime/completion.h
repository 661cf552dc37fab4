/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell completion, made of the rows of runtime/command.h. Pure.
 */
#pragma once

struct strbuf;

void completion_bash(struct strbuf *);
