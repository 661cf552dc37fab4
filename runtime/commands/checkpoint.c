/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/operations.h"

static struct criu_wishes wishes_of(const struct options *o)
{
	return (struct criu_wishes){
		.image_path = o->image_path,
		.work_path = o->work_path,
		.manage_cgroups_mode = o->manage_cgroups_mode,
		.network_lock = o->network_lock,
		.empty_ns = o->empty_ns,
		.tcp_established = o->tcp_established,
		.tcp_close = o->tcp_close,
		.ext_unix_sk = o->ext_unix_sk,
		.shell_job = o->shell_job,
		.file_locks = o->file_locks,
		.link_remap = o->link_remap,
		.auto_dedup = o->auto_dedup,
		.lazy_pages = o->lazy_pages,
	};
}

int command_checkpoint(struct invocation *in, struct err *e)
{
	const struct options *o = in->options;
	struct checkpoint_request request = {
		.id = in->argv[0],
		.criu = wishes_of(o),
		.parent_path = o->parent_path,
		.page_server = o->page_server,
		.status_fd = o->status_fd ? (int)o->status_fd : -1,
		.leave_running = o->leave_running,
		.pre_dump = o->pre_dump,
		.tcp_skip_in_flight = o->tcp_skip_in_flight,
	};

	return container_checkpoint(in->context, &request, e);
}

int command_restore(struct invocation *in, struct err *e)
{
	const struct options *o = in->options;
	struct restore_request request = {
		.create = {
			.id = in->argv[0],
			.bundle = o->bundle,
			.config = o->config,
			.console_socket = o->console_socket,
			.pid_file = o->pid_file,
			.pidfd_socket = o->pidfd_socket,
			.no_pivot = o->no_pivot,
			.no_new_keyring = o->no_new_keyring,
			.no_subreaper = o->no_subreaper,
			.detach = o->detach,
			.keep = o->keep,
		},
		.criu = wishes_of(o),
		.lsm_profile = o->lsm_profile,
		.lsm_mount_context = o->lsm_mount_context,
	};
	int status = 0;
	int r = container_restore(in->context, &request, &status, e);

	return r < 0 ? r : status;
}
