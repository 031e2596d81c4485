/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_limits.h"

#include <ctype.h>
#include <errno.h>

#include "base/strv.h"

static const struct {
	const char *name;
	int resource;
	bool is_set; /* by default */
	rlim_t value;
} table[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE, true, 0 },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC, true, 8192 },
	{ "stack", RLIMIT_STACK },
};

static bool parse_value(const char *s, rlim_t *ret)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	unsigned long long n;

	if (str_eq(s, "unlimited")) {
		*ret = RLIM_INFINITY;
		return true;
	}
	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (errno || (*end && (!unit || end[1])) || n > (1ULL << 33))
		return false;
	*ret = (rlim_t)n << (unit ? 10 * (unit - units + 1) : 0);
	return true;
}

static void put(struct sandbox_limit *list, size_t room, size_t *n, struct sandbox_limit l)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i].resource == l.resource) {
			list[i] = l;
			return;
		}
	if (*n < room)
		list[(*n)++] = l;
}

static bool parse_word(const char *word, struct sandbox_limit *ret)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		size_t n = strlen(table[i].name);

		if (strncmp(word, table[i].name, n) != 0 || word[n] != '=')
			continue;
		ret->resource = table[i].resource;
		return parse_value(word + n + 1, &ret->value);
	}
	return false;
}

int build_limits_parse(const char *text, struct sandbox_limit *ret, size_t room, size_t *ret_n, struct fail *f)
{
	CLEAN(strv) struct strv words = { 0 };
	int r = 0;

	*ret_n = 0;
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (table[i].is_set)
			put(ret, room, ret_n, (struct sandbox_limit){ table[i].resource, table[i].value });
	strv_split(&words, text ? text : "", " \t\n");
	for (size_t i = 0; i < words.n; i++) {
		struct sandbox_limit l;

		if (parse_word(words.items[i], &l))
			put(ret, room, ret_n, l);
		else
			r = fail_set(f, -EINVAL, "build_limits has '%s', which is no limit", words.items[i]);
	}
	return r;
}
