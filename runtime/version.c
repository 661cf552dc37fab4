/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/version.h"

#include "base/arena.h"
#include "base/text.h"
#include "seccomp/seccomp.h"
#include "version_tag.h"

const char *version_number(void)
{
	return TARE_VERSION;
}

const char *version_commit(void)
{
	static const char commit[] = TARE_COMMIT;

	return *commit ? commit : NULL;
}

void version_text(struct strbuf *out)
{
	autoarena arena = { 0 };

	strbuf_addf(out, "tare version %s\n", version_number());
	if (version_commit())
		strbuf_addf(out, "commit: %s\n", version_commit());
	strbuf_addf(out, "spec: %s\nlibseccomp: %s\n", TARE_VERSION_SPEC,
		    seccomp_library_version(&arena));
}
