/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/build_record.h"

#include "base/mem.h"

void build_record_add(struct buf *record, const char *key, const char *value)
{
	buf_add_fmt(record, "%s ", key);
	for (const char *s = value ? value : "-"; *s; s++)
		buf_add_char(record, (unsigned char)*s < ' ' ? ' ' : *s);
	buf_add_char(record, '\n');
}

static bool is_key_of(const char *line, const char *key)
{
	return str_has_prefix(line, key) && line[strlen(key)] == ' ';
}

void build_record_add_others(struct buf *record, const char *from, const char *const *but)
{
	while (*from) {
		size_t line = strcspn(from, "\n");
		const char *const *key = but;

		while (*key && !is_key_of(from, *key))
			key++;
		if (!*key) {
			buf_add(record, from, line);
			buf_add_char(record, '\n');
		}
		from += line + (from[line] == '\n');
	}
}

char *build_record_get(const char *record, const char *key, size_t n)
{
	size_t len = strlen(key);

	while (*record) {
		size_t line = strcspn(record, "\n");

		if (line > len && strncmp(record, key, len) == 0 && record[len] == ' ' && n-- == 0)
			return xstrndup(record + len + 1, line - len - 1);
		record += line + (record[line] == '\n');
	}
	return NULL;
}
