/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_STRV_H
#define DKMS_BASE_STRV_H

#include "base/util.h"

/*
 * A list of strings that it owns. `items` is NULL-terminated once something was added, so it serves
 * as an argv. Zero-initialize.
 */
struct strv {
	char **items;
	size_t n;
	size_t room;
};

void strv_done(struct strv *v);
static inline void clean_strv(struct strv *v)
{
	strv_done(v);
}

/* Adds a copy of s. */
void strv_add(struct strv *v, const char *s);
/* Adds s itself, which now belongs to the list. */
void strv_take(struct strv *v, char *s);
void strv_add_fmt(struct strv *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strv_add_all(struct strv *v, const struct strv *from);
bool strv_has(const struct strv *v, const char *s);
/* Bytewise (C locale) order. */
void strv_sort(struct strv *v);
/* Splits at runs of any character of `seps`; empty words are left out. */
void strv_split(struct strv *v, const char *s, const char *seps);
/* The strings with `sep` between them; caller frees. */
char *strv_join(const struct strv *v, const char *sep);

#endif
