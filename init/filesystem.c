/* SPDX-License-Identifier: Apache-2.0 */
/* New file systems: fsopen(2), its options one by one, fsmount(2). */
#include "init/init.h"

/* "s type message": the kernel's own words, one message a read, the first error is the cause. */
static const char *context_words(int fs, char *text, size_t size)
{
	long n;

	while ((n = SYS(read, fs, text, size - 1)) > 0) {
		text[n] = '\0';
		while (n && text[n - 1] == '\n')
			text[--n] = '\0';
		if (text[0] == 'e')
			return text_after(text, "e ") ? text + 2 : text;
	}
	return "";
}

static int fs_failed(struct init *in, enum plan_call call, long error, int fs, const char *object)
{
	char text[160];
	const char *words = context_words(fs, text, sizeof text);

	return fail(in, call, error, object, *words ? " (" : "", words, *words ? ")" : "", NULL);
}

static long set_string(int fs, const char *key, const char *value)
{
	return SYS(fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* fsconfig(2) takes no value beyond 255 bytes; overlay takes the layers of a long one singly. */
static long set_layers(int fs, char *layers)
{
	long r = 0;

	while (r == 0 && *layers) {
		char *end = (char *)text_find(layers, ':');
		char *next = end ? end + 1 : layers + strlen(layers);

		if (end)
			*end = '\0';
		r = set_string(fs, "lowerdir+", layers);
		layers = next;
	}
	return r;
}

enum { VALUE_MAX = 255, KEY_MAX = 64 };

static int set_long(struct init *in, int fs, const char *option)
{
	char layers[PATH_SIZE];
	const char *value = text_after(option, "lowerdir=");
	long r;

	if (!value || strlen(value) >= sizeof layers || text_find(value, '\\'))
		return FAIL(in, fsconfig, -E2BIG, option);
	memcpy(layers, value, strlen(value) + 1);
	r = set_layers(fs, layers);
	return r < 0 ? fs_failed(in, CALL_fsconfig, r, fs, option) : 0;
}

/* "key=value", or "key" for a flag. */
static int set_option(struct init *in, int fs, const char *option)
{
	const char *equals = text_find(option, '=');
	size_t length = equals ? (size_t)(equals - option) : 0;
	char key[KEY_MAX];
	long r;

	if (!equals) {
		r = SYS(fsconfig, fs, FSCONFIG_SET_FLAG, option, 0, 0);
		return r < 0 ? fs_failed(in, CALL_fsconfig, r, fs, option) : 0;
	}
	if (length >= sizeof key)
		return FAIL(in, fsconfig, -EINVAL, option);
	if (strlen(equals + 1) > VALUE_MAX)
		return set_long(in, fs, option);
	memcpy(key, option, length);
	key[length] = '\0';
	r = set_string(fs, key, equals + 1);
	return r < 0 ? fs_failed(in, CALL_fsconfig, r, fs, option) : 0;
}

static int set_options(struct init *in, int fs, uint64_t list)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < list_count(in, list); i++)
		r = set_option(in, fs, list_item(in, list, i));
	return r;
}

static int set_source(struct init *in, int fs, const char *source)
{
	long r = source && *source ? set_string(fs, "source", source) : 0;

	return r < 0 ? fs_failed(in, CALL_fsconfig, r, fs, source) : 0;
}

static int fs_mount(struct init *in, int fs, const char *type, uint64_t attr)
{
	long r = SYS(fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);

	if (r < 0)
		return fs_failed(in, CALL_fsconfig, r, fs, type);
	r = SYS(fsmount, fs, FSMOUNT_CLOEXEC, attr);
	return r < 0 ? fs_failed(in, CALL_fsmount, r, fs, type) : (int)r;
}

int run_FS(struct init *in, const uint64_t *arg)
{
	const char *type = step_text(in, arg[0]);
	int fs = descriptors_left(in, (int)SYS(fsopen, type, FSOPEN_CLOEXEC)), mount;

	if (fs < 0)
		return FAIL(in, fsopen, fs, type);
	if (set_source(in, fs, step_text(in, arg[1])) < 0 || set_options(in, fs, arg[2]) < 0)
		return -1;
	mount = fs_mount(in, fs, type, arg[3]);
	if (mount < 0)
		return -1;
	slot_fill(in, arg[4], mount);
	in->directories[arg[4] / 32] |= 1u << arg[4] % 32;
	return 0;
}

/* The superblock of a mount, as a remount does. */
int run_RECONFIGURE(struct init *in, const uint64_t *arg)
{
	int fs = descriptors_left(in, (int)SYS(fspick, slot(in, arg[0]), "",
					       FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
	long r;

	if (fs < 0)
		return FAIL(in, fspick, fs, "");
	if (set_options(in, fs, arg[1]) < 0)
		return -1;
	r = SYS(fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0);
	return r < 0 ? fs_failed(in, CALL_fsconfig, r, fs, "reconfigure") : 0;
}

int procfs_make(struct init *in)
{
	autofd fs = (int)SYS(fsopen, "proc", FSOPEN_CLOEXEC);

	if (fs < 0)
		return FAIL(in, fsopen, fs, "proc");
	return fs_mount(in, fs, "proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}
