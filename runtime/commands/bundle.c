/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands/bundle.h"

#include <errno.h>

#include "base/err.h"
#include "plan/findings.h"
#include "plan/request.h"
#include "runtime/build.h"
#include "runtime/command.h"
#include "runtime/context.h"
#include "runtime/host_root.h"
#include "runtime/lsm.h"
#include "runtime/probe.h"
#include "runtime/reach.h"
#include "spec/sound.h"
#include "spec/spec.h"

int bundle_host(struct invocation *in, struct err *e)
{
	if (in->options->assume)
		return host_assume(in->context, in->options->assume, e);
	if (host_probe(in->context, e) < 0)
		return -e->code;
	host_probe_terminal(in->context);
	return 0;
}

/* What cannot be known without looking, and is not assumed. */
static int look(struct invocation *in, const struct spec *spec, struct request *request,
		struct err *e)
{
	int r = lsm_probe(in->context, spec, &spec->process, request->findings, e);

	return r < 0 ? r : reach_probe(in->context, spec, request, e);
}

int bundle_plan(struct invocation *in, const struct config *config, struct findings *findings,
		struct plan_header **ret_plan, struct err *e)
{
	struct request request = {
		.kind = REQUEST_CREATE,
		.id = "ID",
		.bundle = config->bundle,
		.rootfs = config->rootfs,
		.host_root = host_root_path(in->context->arena, "/run/tare", "ID"),
		.init_pidfd = -1,
		.findings = findings,
	};

	const struct spec_process *process = &config->spec->process;
	int r = 0;

	if (!process->present) {
		err_say(e, EINVAL, "/process: must be there to create a container");
		r = findings_note(findings, -EINVAL, e);
		process = &stand_in_process;
	}
	if (r == 0 && !in->options->assume)
		r = findings_note(findings, look(in, config->spec, &request, e), e);
	return r < 0 ? r : build_plan(in->context, config->spec, process, &request, ret_plan, e);
}
