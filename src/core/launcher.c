/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/launcher.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/mem.h"

static const char *name_of(const char *program)
{
	const char *slash = strrchr(program, '/');

	return slash ? slash + 1 : program;
}

bool launcher_parse(const char *setting, struct launcher *ret)
{
	static const char *const known[][2] = { { "ccache", "CCACHE_DIR" },
						{ "sccache", "SCCACHE_DIR" },
						{ "distcc", "DISTCC_DIR" } };

	*ret = (struct launcher){ 0 };
	if (setting)
		strv_split(&ret->words, setting, " \t\n");
	if (ret->words.n == 0)
		return false;
	ret->name = xstrdup(name_of(ret->words.items[0]));
	ret->has_server = str_eq(ret->name, "sccache");
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (str_eq(ret->name, known[i][0]))
			ret->dir_variable = known[i][1];
	return true;
}

void launcher_done(struct launcher *l)
{
	strv_done(&l->words);
	free(l->name);
	*l = (struct launcher){ 0 };
}

char *launcher_cc(const struct launcher *l, const char *cc)
{
	CLEAN(free) char *first = xstrndup(cc, strcspn(cc, " \t")), *words = NULL;

	if (str_eq(name_of(first), l->name))
		return NULL;
	words = strv_join(&l->words, " ");
	return xasprintf("%s %s", words, cc);
}

/* Is a variable of this name set in the line, by make's own words or by the shell's? */
static bool sets(const char *line, const char *assignment)
{
	const char *at = line;

	while ((at = strstr(at, assignment))) {
		if (at == line || (!isalnum((unsigned char)at[-1]) && at[-1] != '_'))
			return true;
		at++;
	}
	return false;
}

bool launcher_fits(const struct conf *c)
{
	static const char *const own[] = { "CC=", "CC:=", "CROSS_COMPILE=", "CROSS_COMPILE:=", "LLVM=" };

	for (size_t i = 0; c->make && i < COUNT_OF(own); i++)
		if (sets(c->make, own[i]))
			return false;
	return true;
}

char *launcher_makeflags(const char *flags, const char *cc)
{
	struct buf b = { 0 };

	buf_add_fmt(&b, "%s -- CC=", flags);
	for (const char *s = cc; *s; s++) {
		if (isspace((unsigned char)*s) || *s == '\\')
			buf_add_char(&b, '\\');
		if (*s == '$')
			buf_add_char(&b, '$');
		buf_add_char(&b, *s);
	}
	return buf_take(&b);
}
