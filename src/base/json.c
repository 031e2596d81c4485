/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <assert.h>

/* How long the UTF-8 sequence at s is; 0: it is none (RFC 3629: no overlong ones, no surrogates).
 */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first, last; /* of the first byte */
		unsigned char second[2];   /* what the second byte may be */
		size_t length;
	} forms[] = {
		{ 0xc2, 0xdf, { 0x80, 0xbf }, 2 }, { 0xe0, 0xe0, { 0xa0, 0xbf }, 3 },
		{ 0xe1, 0xec, { 0x80, 0xbf }, 3 }, { 0xed, 0xed, { 0x80, 0x9f }, 3 },
		{ 0xee, 0xef, { 0x80, 0xbf }, 3 }, { 0xf0, 0xf0, { 0x90, 0xbf }, 4 },
		{ 0xf1, 0xf3, { 0x80, 0xbf }, 4 }, { 0xf4, 0xf4, { 0x80, 0x8f }, 4 },
	};

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (*s < forms[i].first || *s > forms[i].last)
			continue;
		if (s[1] < forms[i].second[0] || s[1] > forms[i].second[1])
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void add_ascii(struct buf *b, char c)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; escapes[i]; i += 2)
		if (escapes[i] == c) {
			buf_add_char(b, '\\');
			buf_add_char(b, escapes[i + 1]);
			return;
		}
	if ((unsigned char)c < 0x20 || c == 0x7f)
		buf_add_fmt(b, "\\u%04x", (unsigned)c);
	else
		buf_add_char(b, c);
}

static void add_quoted(struct buf *b, const char *s)
{
	buf_add_char(b, '"');
	while (*s) {
		size_t n = utf8_length((const unsigned char *)s);

		if ((unsigned char)*s < 0x80)
			add_ascii(b, *s);
		else if (n)
			buf_add(b, s, n);
		else
			buf_add_str(b, "\xef\xbf\xbd");
		s += n ? n : 1;
	}
	buf_add_char(b, '"');
}

static void new_line(struct json *j)
{
	buf_add_char(j->out, '\n');
	for (int i = 0; i < j->depth; i++)
		buf_add_str(j->out, "  ");
}

static void begin_item(struct json *j, const char *key)
{
	if (j->has_items)
		buf_add_char(j->out, ',');
	if (j->depth)
		new_line(j);
	j->has_items = true;
	if (key) {
		add_quoted(j->out, key);
		buf_add_str(j->out, ": ");
	}
}

static void open_item(struct json *j, const char *key, char opening, char closing)
{
	assert(j->depth < JSON_MAX_DEPTH);
	begin_item(j, key);
	buf_add_char(j->out, opening);
	j->closing[j->depth++] = closing;
	j->has_items = false;
}

void json_object(struct json *j, const char *key)
{
	open_item(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
	open_item(j, key, '[', ']');
}

void json_end(struct json *j)
{
	assert(j->depth > 0);
	j->depth--;
	if (j->has_items)
		new_line(j);
	buf_add_char(j->out, j->closing[j->depth]);
	j->has_items = true;
	if (j->depth == 0)
		buf_add_char(j->out, '\n');
}

void json_string(struct json *j, const char *key, const char *value)
{
	begin_item(j, key);
	if (value)
		add_quoted(j->out, value);
	else
		buf_add_str(j->out, "null");
}

void json_int(struct json *j, const char *key, long long value)
{
	begin_item(j, key);
	buf_add_fmt(j->out, "%lld", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_item(j, key);
	buf_add_str(j->out, value ? "true" : "false");
}

void json_strings(struct json *j, const char *key, const struct strv *values)
{
	json_array(j, key);
	for (size_t i = 0; i < values->n; i++)
		json_string(j, NULL, values->items[i]);
	json_end(j);
}
