/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/findings.h"
#include "runtime/context.h"
#include "spec/spec.h"

static bool is_set(const char *label)
{
	return label && *label;
}

/* A profile in the mode "unconfined", as Ubuntu has them for engines, is a name only. */
static bool is_confined(const char *label)
{
	return !str_starts(label, "unconfined") && !strstr(label, "(unconfined)");
}

/* The file is there whenever the module was built, but can be read only when it runs. */
static bool has_apparmor(struct host *host)
{
	autobuf label = { 0 };

	if (file_read(AT_FDCWD, "/proc/thread-self/attr/apparmor/current", 4096, &label) < 0)
		return false;
	host->confined = label.text && is_confined(label.text);
	return true;
}

/* The kernel has SELinux's file system only when it was booted with SELinux. */
static bool has_selinux(void)
{
	autobuf list = { 0 };

	return file_read(AT_FDCWD, "/proc/filesystems", 1 << 16, &list) == 0 && list.text &&
	       strstr(list.text, "\tselinuxfs\n");
}

static int absent(const char *field, const char *label, const char *module, const char *remedy,
		  struct err *e)
{
	err_say(e, EINVAL, "%s (%s): %s is not enabled on this host", field, label, module);
	return err_hint(e, "boot the kernel with %s, or leave the field out", remedy);
}

static int check_selinux(const char *field, const char *label, struct err *e)
{
	if (!is_set(label) || has_selinux())
		return 0;
	return absent(field, label, "SELinux", "\"security=selinux selinux=1\" and load a policy",
		      e);
}

static int check_apparmor(struct context *context, const char *profile, struct err *e)
{
	if (!is_set(profile) || has_apparmor(&context->host))
		return 0;
	return absent("/process/apparmorProfile", profile, "AppArmor",
		      "\"apparmor=1 security=apparmor\"", e);
}

int lsm_probe(struct context *context, const struct spec *spec,
	      const struct spec_process *process, struct findings *findings, struct err *e)
{
	const struct {
		const char *field, *label;
	} rows[] = { { "/process/selinuxLabel", process->selinux_label },
		     { "/linux/mountLabel", spec->linux.mount_label } };
	int r = findings_note(findings, check_apparmor(context, process->apparmor_profile, e), e);

	for (size_t i = 0; r == 0 && i < sizeof rows / sizeof *rows; i++)
		r = findings_note(findings, check_selinux(rows[i].field, rows[i].label, e), e);
	return r;
}
