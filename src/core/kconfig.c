/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kconfig.h"

#include "base/buf.h"
#include "base/mem.h"

struct line {
	const char *s;
	size_t n;
};

static bool line_has_prefix(const struct line *l, const char *prefix, size_t n)
{
	return l->n >= n && memcmp(l->s, prefix, n) == 0;
}

/* "# CONFIG_X is not set" */
static bool line_unsets(const struct line *l, const char *symbol, size_t n)
{
	static const char after[] = " is not set";

	return l->n == 2 + n + sizeof(after) - 1 && memcmp(l->s, "# ", 2) == 0 &&
	       memcmp(l->s + 2, symbol, n) == 0 &&
	       memcmp(l->s + 2 + n, after, sizeof(after) - 1) == 0;
}

/* Finds what the last line about the symbol says: the value as it stands, NULL for "not set". */
static const char *find_value(const struct kconfig *kc, const char *symbol, size_t *ret_len)
{
	size_t n = strlen(symbol);
	const char *found = NULL;
	const char *end = kc->text + kc->len;

	for (const char *p = kc->text, *nl; n > 0 && p < end; p = nl + 1) {
		struct line l = { .s = p };

		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		l.n = (size_t)(nl - p);
		if (l.n && l.s[l.n - 1] == '\r')
			l.n--;
		if (line_has_prefix(&l, symbol, n) && l.n > n && l.s[n] == '=') {
			found = l.s + n + 1;
			*ret_len = l.n - n - 1;
		} else if (line_unsets(&l, symbol, n)) {
			found = NULL;
		}
	}
	return found;
}

char *kconfig_get(const struct kconfig *kc, const char *symbol)
{
	size_t n = 0;
	const char *v = find_value(kc, symbol, &n);
	struct buf b = { 0 };

	if (!v)
		return NULL;
	if (n < 2 || v[0] != '"' || v[n - 1] != '"')
		return xstrndup(v, n);
	for (size_t i = 1; i < n - 1; i++) {
		if (v[i] == '\\' && i + 1 < n - 1)
			i++;
		buf_add_char(&b, v[i]);
	}
	return buf_take(&b);
}

bool kconfig_is_on(const struct kconfig *kc, const char *symbol)
{
	size_t n = 0;
	const char *v = find_value(kc, symbol, &n);

	return v && n == 1 && (*v == 'y' || *v == 'm');
}
