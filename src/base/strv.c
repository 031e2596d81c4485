/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strv.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/mem.h"

void strv_done(struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv){ 0 };
}

void strv_take(struct strv *v, char *s)
{
	if (v->n + 2 > v->room) {
		v->room = v->room ? v->room * 2 : 8;
		v->items = xreallocarray(v->items, v->room, sizeof(*v->items));
	}
	v->items[v->n++] = s;
	v->items[v->n] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
	strv_take(v, xstrdup(s));
}

void strv_add_fmt(struct strv *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(v, xvasprintf(fmt, ap));
	va_end(ap);
}

void strv_add_all(struct strv *v, const struct strv *from)
{
	for (size_t i = 0; i < from->n; i++)
		strv_add(v, from->items[i]);
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->items[i], s) == 0)
			return true;
	return false;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->n > 1)
		qsort(v->items, v->n, sizeof(*v->items), compare_strings);
}

void strv_split(struct strv *v, const char *s, const char *seps)
{
	for (s += strspn(s, seps); *s; s += strspn(s, seps)) {
		size_t n = strcspn(s, seps);

		strv_take(v, xstrndup(s, n));
		s += n;
	}
}

char *strv_join(const struct strv *v, const char *sep)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < v->n; i++) {
		if (i)
			buf_add_str(&b, sep);
		buf_add_str(&b, v->items[i]);
	}
	return buf_take(&b);
}
