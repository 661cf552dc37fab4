/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/settle.h"

#include "spec/check.h"
#include "spec/spec.h"

enum { MODE_BITS = 07777 };

/* capset(2) and PR_CAP_AMBIENT_RAISE fail as a whole for one capability too many, where
 * the specification wants the others to be granted. */
static void settle_capabilities(struct spec_capabilities *caps)
{
	caps->effective &= caps->permitted;
	caps->inheritable &= caps->bounding;
	caps->ambient &= caps->permitted & caps->inheritable;
}

/* Engines leave the file's type in the mode; a FIFO has no numbers. */
static void settle_device(struct spec_device *device)
{
	device->file_mode &= MODE_BITS;
	if (device->type == 'p')
		device->major = device->minor = 0;
}

/* A list element, which is const to everyone but this file. */
static struct spec_device *devices(struct spec_linux *linux)
{
	return (struct spec_device *)linux->devices;
}

void settle_process(void *subject)
{
	struct spec_process *process = subject;

	settle_capabilities(&process->capabilities);
}

void settle_config(void *subject)
{
	struct spec *spec = subject;
	struct spec_seccomp *seccomp = &spec->linux.seccomp;

	settle_process(&spec->process);
	for (size_t i = 0; i < spec->linux.device_count; i++)
		settle_device(&devices(&spec->linux)[i]);
	if (!uses_notify(seccomp))
		seccomp->listener_path = seccomp->listener_metadata = NULL;
}
