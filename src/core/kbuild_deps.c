/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kbuild_deps.h"

#include <errno.h>

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

/* The command behind "cmd_….symvers :=" or "savedcmd_….symvers :="; NULL for other lines. */
static const char *modpost_of(const char *at, const char *end)
{
	static const char sign[] = ".symvers :=";
	const char *found;

	if (!begins_with(at, end, "cmd_") && !begins_with(at, end, "savedcmd_"))
		return NULL;
	found = memmem(at, (size_t)(end - at), sign, strlen(sign));
	return found ? found + strlen(sign) : NULL;
}

/* A word of a shell's command that stands for itself, in quotes or not; caller frees; NULL for others. */
static char *plain_word(const char *word)
{
	size_t n = strlen(word);
	bool is_quoted = n > 2 && strchr("\"'", word[0]) && word[n - 1] == word[0];
	char *plain = is_quoted ? xstrndup(word + 1, n - 2) : xstrdup(word);

	if (!plain[strcspn(plain, "\"'\\$`*?[]{}~#;&|<>()")])
		return plain;
	free(plain);
	return NULL;
}

static int take_symvers(const char *command, const char *end, struct strv *ret)
{
	CLEAN(free) char *text = xstrndup(command, (size_t)(end - command));
	CLEAN(strv) struct strv words = { 0 };

	strv_split(&words, text, " \t");
	for (size_t i = 0; i + 1 < words.n; i++) {
		const char *option = words.items[i], *value = words.items[i + 1];
		char *plain;

		/* -e stands alone there */
		if (!str_eq(option, "-i") && !(str_eq(option, "-e") && *value != '-'))
			continue;
		plain = plain_word(value);
		if (!plain)
			return -EINVAL;
		strv_take(ret, plain);
	}
	return 1;
}

int kbuild_symvers(const char *text, size_t len, struct strv *ret)
{
	const char *at = text, *stop = text + len;

	while (at < stop) {
		const char *end = memchr(at, '\n', (size_t)(stop - at)), *command;

		if (!end)
			end = stop;
		command = modpost_of(at, end);
		if (command)
			return take_symvers(command, end, ret);
		at = end + 1;
	}
	return 0;
}
