/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "core/conf.h"
#include "core/conf_eval.h"
#include "fuzz.h"

/* All the way of a file that is read without bash: values, their second expansion, the rules. */
static void whole_way(const char *text, size_t len, const struct conf_scope *scope)
{
	static const struct conf_target target = { NULL, NULL, "6.1.0-9", "x86_64" };
	CLEAN(conf_values) struct conf_values before = { 0 }, raw = { 0 };
	CLEAN(conf) struct conf conf = { 0 };
	struct conf_refusal why = { 0 };

	conf_values_init(&before, &conf_names);
	conf_values_init(&raw, &conf_names);
	conf_values_set(&before, CONF_MAKE, 1, "make \"x y\" $z");
	if (!conf_eval(text, len, scope, &before, &raw, &why)) {
		if (!why.reason)
			abort();
		return;
	}
	if (why.reason)
		abort();
	if (conf_expand(&raw, scope, &before))
		conf_build(&before, &target, NULL, &conf);
}

/* Any text as a value to be expanded by bash: what is made ready must stay within the quotes. */
static void one_value(const char *text, size_t len)
{
	CLEAN(free) char *value = xstrndup(text, len);
	CLEAN(conf_text) struct conf_text t = { 0 };
	CLEAN(conf_values) struct conf_values v = { 0 };

	conf_text_prepare(value, &t);
	if (!t.needs_bash)
		for (const char *s = t.text; *s; s++) {
			if (*s == '"')
				abort();
			if (*s == '\\' && *++s == '\0')
				abort();
		}
	conf_values_init(&v, &conf_names);
	conf_values_set_text(&v, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(strv) struct strv vars = { 0 }, env = { 0 };
	struct conf_scope scope = { &vars, &env };

	strv_add(&vars, "kernelver=6.1.0-9");
	strv_add(&vars, "module=foo");
	strv_add(&env, "LANG=C.UTF-8");
	strv_add(&env, "e=a \"b c\" \\$d");
	whole_way((const char *)data, size, &scope);
	one_value((const char *)data, size);
	return 0;
}
