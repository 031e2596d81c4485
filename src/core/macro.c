/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/macro.h"

#include <ctype.h>
#include <errno.h>

#include "base/mem.h"

enum {
	DEPTH = 20,	     /* references in references */
	REFERENCES = 100000, /* in one line, those in values and all */
	RESULT_ROOM = 1 << 20,
};

/* The macros whose values are being read, innermost first. */
struct open {
	const char *name;
	const struct open *outer;
	unsigned int depth;
};

struct expansion {
	const struct macros *macros;
	struct strv *undefined;
	struct fail *fail;
	unsigned int references;
};

void macros_done(struct macros *m)
{
	strv_done(&m->names);
	strv_done(&m->values);
}

/* NULL: not defined. */
static const char *value_of(const struct macros *m, const char *name)
{
	for (size_t i = 0; i < m->names.n; i++)
		if (str_eq(m->names.items[i], name))
			return m->values.items[i];
	return NULL;
}

/* Takes both strings. */
static void define(struct macros *m, char *name, char *value)
{
	for (size_t i = 0; i < m->names.n; i++) {
		if (!str_eq(m->names.items[i], name))
			continue;
		free(m->values.items[i]);
		m->values.items[i] = value;
		free(name);
		return;
	}
	strv_take(&m->names, name);
	strv_take(&m->values, value);
}

static bool is_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_' || *s == '-' || *s == '.')
		s++;
	return *s == '\0';
}

/* --- definitions ----------------------------------------------------------------------------- */

/* The text up to a comma outside of quotes, without its quotes; caller frees. */
static char *read_value(const char **p)
{
	CLEAN(buf) struct buf value = { 0 };
	char quote = '\0';

	for (; **p && (quote || **p != ','); (*p)++) {
		if (quote ? **p == quote : (**p == '"' || **p == '\'')) {
			quote = quote ? '\0' : **p;
			continue;
		}
		if (**p == '\\' && (*p)[1])
			(*p)++;
		buf_add_char(&value, **p);
	}
	return buf_take(&value);
}

int macros_define(struct macros *m, const char *definitions, struct fail *f)
{
	const char *p = definitions;

	for (;;) {
		CLEAN(free) char *name = NULL;
		size_t n;

		p += strspn(p, " \t,");
		if (!*p)
			return 0;
		n = strcspn(p, "=, \t");
		name = xstrndup(p, n);
		p += n;
		p += strspn(p, " \t");
		if (*p != '=' || !is_name(name))
			return fail_set(f, -EINVAL,
					"'%s' defines no macro: it should be name=value",
					definitions);
		p++;
		p += strspn(p, " \t");
		define(m, TAKE_PTR(name), read_value(&p));
	}
}

/* --- references ------------------------------------------------------------------------------ */

static bool begins_reference(const char *p)
{
	return p[0] == '$' && (p[1] == '(' || p[1] == '{');
}

static size_t quoted_length(const char *p, size_t room)
{
	for (size_t i = 1; i < room; i++)
		if (p[i] == *p)
			return i + 1;
	return 1;
}

/* Of the reference at p, with both brackets; 0 if it does not end. */
static size_t reference_length(const char *p, size_t room, unsigned int depth)
{
	char close = p[1] == '(' ? ')' : '}';
	size_t i = 2, n;

	while (i < room) {
		if (p[i] == close)
			return i + 1;
		n = 1;
		if (p[i] == '"')
			n = quoted_length(p + i, room - i);
		else if (begins_reference(p + i))
			n = depth < DEPTH ? reference_length(p + i, room - i, depth + 1) : 0;
		if (n == 0)
			return 0;
		i += n;
	}
	return 0;
}

/* Where in the inside of a reference one of the characters stands, outside of references and
 * quotes; else len. */
static size_t find(const char *s, size_t len, char wanted)
{
	size_t i = 0, n;

	while (i < len && s[i] != wanted) {
		n = 1;
		if (s[i] == '"')
			n = quoted_length(s + i, len - i);
		else if (begins_reference(s + i))
			n = reference_length(s + i, len - i, 0);
		i += n ? n : 1;
	}
	return i < len ? i : len;
}

static int expand_text(struct expansion *x, const char *s, size_t len, const struct open *open,
		       struct buf *ret);

static int expand_value(struct expansion *x, const char *name, const char *value,
			const struct open *outer, struct buf *ret)
{
	struct open open = { name, outer, outer ? outer->depth + 1 : 1 };

	for (const struct open *o = outer; o; o = o->outer)
		if (name && str_eq(o->name, name))
			return fail_set(x->fail, -ELOOP, "the value of macro '%s' needs itself",
					name);
	if (open.depth > DEPTH || ++x->references > REFERENCES)
		return fail_set(x->fail, -ELOOP, "too many macros within macros");
	return expand_text(x, value, strlen(value), &open, ret);
}

/*
 * The reference of len bytes at s. 0: it is replaced; 1: it is none, or not defined, and its first
 * two bytes are to be taken as they are.
 */
static int expand_reference(struct expansion *x, const char *s, size_t len, const struct open *open,
			    struct buf *ret)
{
	const char *inside = s + 2, *value;
	size_t inner = len - 3, equals = find(inside, inner, '=');
	CLEAN(buf) struct buf name = { 0 };
	CLEAN(free) char *fallback = NULL;
	int r = expand_text(x, inside, equals, open, &name);

	if (r < 0)
		return r;
	if (!is_name(buf_str(&name)))
		return 1;
	value = value_of(x->macros, buf_str(&name));
	if (!value && equals < inner) {
		CLEAN(free) char *text = xstrndup(inside + equals + 1, inner - equals - 1);
		const char *p = text;

		if (find(text, strlen(text), ',') < strlen(text))
			return fail_set(x->fail, -EINVAL,
					"the default of macro '%s' has a comma: put it in quotes",
					buf_str(&name));
		value = fallback = read_value(&p);
		return expand_value(x, NULL, value, open, ret);
	}
	if (!value) {
		strv_add_fmt(x->undefined, "%c%c%s%c", s[0], s[1], buf_str(&name), s[len - 1]);
		return 1;
	}
	return expand_value(x, buf_str(&name), value, open, ret);
}

/* How much of s is taken as it is because of quotes and backslashes, which mean something in the
 * template itself only. */
static size_t plain_length(const char *s, size_t len, char *quote)
{
	if (*s == '\\' && len > 1)
		return 2;
	if (*quote == *s)
		*quote = '\0';
	else if (!*quote && (*s == '\'' || *s == '"'))
		*quote = *s;
	else if (*quote != '\'' && begins_reference(s))
		return 0;
	return 1;
}

static int expand_text(struct expansion *x, const char *s, size_t len, const struct open *open,
		       struct buf *ret)
{
	char quote = '\0';
	size_t i = 0, n;
	int r;

	while (i < len) {
		n = open ? !begins_reference(s + i) : plain_length(s + i, len - i, &quote);
		if (n == 0) {
			size_t whole = reference_length(s + i, len - i, 0);

			r = whole ? expand_reference(x, s + i, whole, open, ret) : 1;
			if (r < 0)
				return r;
			if (r == 0) {
				i += whole;
				continue;
			}
			n = 2;
		}
		buf_add(ret, s + i, n);
		i += n;
		if (ret->len > RESULT_ROOM)
			return fail_set(x->fail, -EFBIG, "the result is too large");
	}
	return 0;
}

int macros_expand(const struct macros *m, const char *line, struct buf *ret,
		  struct strv *ret_undefined, struct fail *f)
{
	struct expansion x = { m, ret_undefined, f, 0 };

	return expand_text(&x, line, strlen(line), NULL, ret);
}
