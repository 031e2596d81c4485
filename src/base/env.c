/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/env.h"

#include "base/mem.h"

void env_copy(struct strv *env, char *const *from)
{
	for (; from && *from; from++)
		strv_add(env, *from);
}

static bool is_named(const char *entry, const char *name, size_t n)
{
	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

const char *env_get(const struct strv *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (is_named(env->items[i], name, n))
			return env->items[i] + n + 1;
	return NULL;
}

void env_set(struct strv *env, const char *name, const char *value)
{
	env_unset(env, name);
	strv_add_fmt(env, "%s=%s", name, value);
}

void env_set_pair(struct strv *env, const char *pair)
{
	const char *eq = strchr(pair, '=');
	CLEAN(free) char *name = eq ? xstrndup(pair, (size_t)(eq - pair)) : NULL;

	if (name && *name)
		env_set(env, name, eq + 1);
}

void env_unset(struct strv *env, const char *name)
{
	size_t n = strlen(name), kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		if (is_named(env->items[i], name, n))
			free(env->items[i]);
		else
			env->items[kept++] = env->items[i];
	}
	env->n = kept;
	if (env->items)
		env->items[kept] = NULL;
}
