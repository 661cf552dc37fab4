/* SPDX-License-Identifier: Apache-2.0 */
#include <seccomp.h>
#include <string.h>

#include "base/text.h"
#include "seccomp/cache.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

/* Whatever changes the meaning of what is hashed or kept changes this. */
static const char form[] = "tare filter 3";

static void add_number(struct blake2 *b, uint64_t number)
{
	blake2_add(b, &number, sizeof number);
}

/* With its length in front no two lists of texts read the same; NULL is not "". */
static void add_text(struct blake2 *b, const char *text)
{
	add_number(b, text ? strlen(text) + 1 : 0);
	if (text)
		blake2_add(b, text, strlen(text));
}

static void add_texts(struct blake2 *b, const struct strings *texts)
{
	add_number(b, texts->count);
	for (size_t i = 0; i < texts->count; i++)
		add_text(b, texts->items[i]);
}

static void add_rule(struct blake2 *b, const struct spec_seccomp_rule *rule)
{
	add_texts(b, &rule->names);
	add_number(b, rule->action);
	add_number(b, rule->has_errno_ret);
	add_number(b, rule->errno_ret);
	add_number(b, rule->arg_count);
	for (size_t i = 0; i < rule->arg_count; i++) {
		add_number(b, rule->args[i].index);
		add_number(b, rule->args[i].op);
		add_number(b, rule->args[i].value);
		add_number(b, rule->args[i].value_two);
	}
}

static void add_profile(struct blake2 *b, const struct spec_seccomp *profile)
{
	add_number(b, profile->present);
	add_number(b, profile->default_action);
	add_number(b, profile->has_default_errno_ret);
	add_number(b, profile->default_errno_ret);
	add_texts(b, &profile->architectures);
	add_texts(b, &profile->flags);
	add_number(b, profile->rule_count);
	for (size_t i = 0; i < profile->rule_count; i++)
		add_rule(b, &profile->rules[i]);
}

static void add_library(struct blake2 *b)
{
	const struct scmp_version *v = seccomp_version();

	add_number(b, v->major);
	add_number(b, v->minor);
	add_number(b, v->micro);
	add_number(b, seccomp_arch_native());
}

struct filter_key filter_key(const struct spec *spec, const char *salt)
{
	struct blake2 b = blake2_begin();
	struct filter_key key;

	add_text(&b, form);
	add_text(&b, salt);
	add_library(&b);
	add_profile(&b, &spec->linux.seccomp);
	add_text(&b, spec_annotation(spec, SECCOMP_RAW));
	add_text(&b, spec_annotation(spec, SECCOMP_STRICT));
	blake2_end(&b, key.hash);
	return key;
}
