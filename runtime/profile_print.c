/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/json.h"
#include "base/text.h"
#include "runtime/profile.h"
#include "spec/names.h"
#include "spec/spec.h"

static void add_text(struct strbuf *out, const char *key, const char *text)
{
	if (!text)
		return;
	strbuf_addf(out, ",\n  \"%s\": ", key);
	json_add_string(out, text);
}

static void add_list(struct strbuf *out, const struct strings *list, const char *indent)
{
	strbuf_add(out, "[");
	for (size_t i = 0; i < list->count; i++) {
		strbuf_addf(out, "%s\n%s  ", i ? "," : "", indent);
		json_add_string(out, list->items[i]);
	}
	strbuf_addf(out, "\n%s]", indent);
}

static void add_texts(struct strbuf *out, const char *key, const struct strings *list)
{
	if (!list->count)
		return;
	strbuf_addf(out, ",\n  \"%s\": ", key);
	add_list(out, list, "  ");
}

static void add_args(struct strbuf *out, const struct spec_seccomp_rule *rule)
{
	strbuf_add(out, ",\n      \"args\": [");
	for (size_t i = 0; i < rule->arg_count; i++)
		strbuf_addf(out, "%s\n        {\"index\": %u, \"value\": %" PRIu64
				 ", \"valueTwo\": %" PRIu64 ", \"op\": \"%s\"}", i ? "," : "",
			    rule->args[i].index, rule->args[i].value, rule->args[i].value_two,
			    name_of(seccomp_operators, rule->args[i].op));
	strbuf_add(out, "\n      ]");
}

static void add_rule(struct strbuf *out, const struct spec_seccomp_rule *rule)
{
	strbuf_add(out, "\n    {\n      \"names\": ");
	add_list(out, &rule->names, "      ");
	strbuf_addf(out, ",\n      \"action\": \"%s\"", name_of(seccomp_actions, rule->action));
	if (rule->has_errno_ret)
		strbuf_addf(out, ",\n      \"errnoRet\": %u", rule->errno_ret);
	if (rule->arg_count)
		add_args(out, rule);
	strbuf_add(out, "\n    }");
}

void profile_print(const struct spec_seccomp *p, struct strbuf *out)
{
	strbuf_addf(out, "{\n  \"defaultAction\": \"%s\"",
		    name_of(seccomp_actions, p->default_action));
	if (p->has_default_errno_ret)
		strbuf_addf(out, ",\n  \"defaultErrnoRet\": %u", p->default_errno_ret);
	add_texts(out, "architectures", &p->architectures);
	add_texts(out, "flags", &p->flags);
	add_text(out, "listenerPath", p->listener_path);
	add_text(out, "listenerMetadata", p->listener_metadata);
	strbuf_add(out, ",\n  \"syscalls\": [");
	for (size_t i = 0; i < p->rule_count; i++) {
		strbuf_add(out, i ? "," : "");
		add_rule(out, &p->rules[i]);
	}
	strbuf_add(out, "\n  ]\n}\n");
}
