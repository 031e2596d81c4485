/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kbuild_deps.h"

#include "base/mem.h"

/* One line's words, up to its end; true if it goes on in the next line. */
static bool take_words(const char *at, const char *end, struct strv *ret)
{
	CLEAN(free) char *line = xstrndup(at, (size_t)(end - at));
	CLEAN(strv) struct strv words = { 0 };
	bool in_call = false;

	strv_split(&words, line, " \t");
	for (size_t i = 0; i < words.n; i++) {
		const char *w = words.items[i];

		if (strchr(w, '$'))
			in_call = true;
		if (!in_call && !str_eq(w, "\\"))
			strv_add(ret, w);
		if (strchr(w, ')'))
			in_call = false;
	}
	return words.n && str_eq(words.items[words.n - 1], "\\");
}

static bool begins_with(const char *at, const char *end, const char *prefix)
{
	size_t n = strlen(prefix);

	return (size_t)(end - at) >= n && memcmp(at, prefix, n) == 0;
}

/* Behind "deps_… :=" or "source_… :="; NULL for other lines. */
static const char *value_of(const char *at, const char *end)
{
	const char *colon;

	if (!begins_with(at, end, "deps_") && !begins_with(at, end, "source_"))
		return NULL;
	colon = memmem(at, (size_t)(end - at), ":=", 2);
	return colon ? colon + 2 : NULL;
}

void kbuild_deps(const char *text, size_t len, struct strv *ret)
{
	const char *at = text, *stop = text + len;
	bool goes_on = false;

	while (at < stop) {
		const char *end = memchr(at, '\n', (size_t)(stop - at)), *value;

		if (!end)
			end = stop;
		value = goes_on ? at : value_of(at, end);
		goes_on = value && take_words(value, end, ret);
		at = end + 1;
	}
}
