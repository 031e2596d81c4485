/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf_vars.h"

#include "base/env.h"
#include "base/mem.h"

/* In a UTF-8 or the C locale no byte of a character looks like syntax to bash. */
static bool locale_is_plain(const struct strv *env)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *s = NULL;

	for (size_t i = 0; str_is_empty(s) && i < COUNT_OF(names); i++)
		s = env_get(env, names[i]);
	return str_is_empty(s) || str_eq(s, "C") || str_eq(s, "POSIX") ||
	       str_has_suffix(s, ".UTF-8") || str_has_suffix(s, ".utf8");
}

void conf_vars_init(struct conf_vars *v, const struct conf_scope *scope, struct conf_values *known)
{
	*v = (struct conf_vars){ .scope = scope, .known = known };
}

void conf_vars_done(struct conf_vars *v)
{
	for (size_t i = 0; i < v->n_helpers; i++)
		conf_value_done(&v->helpers[i].value);
	free(v->helpers);
	*v = (struct conf_vars){ 0 };
}

static struct conf_helper *find_helper(const struct conf_vars *v, const char *name, size_t n)
{
	for (size_t i = 0; i < v->n_helpers; i++)
		if (v->helpers[i].n == n && memcmp(v->helpers[i].name, name, n) == 0)
			return &v->helpers[i];
	return NULL;
}

const char *conf_vars_get(const struct conf_vars *v, const char *name, size_t n, size_t index)
{
	int known = conf_names_find(v->known->names, name, n);
	struct conf_helper *h;

	if (known >= 0)
		return conf_value_get(&v->known->values[known], index);
	h = find_helper(v, name, n);
	if (h)
		return conf_value_get(&h->value, index);
	return index == 0 ? conf_scope_get(v->scope, name, n) : NULL;
}

struct conf_value *conf_vars_slot(struct conf_vars *v, const char *name, size_t n,
				  const char **ret_why)
{
	static const char directive[] = "DKMS_DIRECTIVE";
	int known = conf_names_find(v->known->names, name, n);
	struct conf_helper *h;

	if (known >= 0)
		return &v->known->values[known];
	h = find_helper(v, name, n);
	if (h)
		return &h->value;
	if (conf_is_bash_variable(name, n))
		*ret_why = "a variable of bash's own";
	else if (n >= strlen(directive) && memcmp(name, directive, strlen(directive)) == 0)
		*ret_why = "a DKMS_DIRECTIVE variable";
	else if (v->n_helpers == CONF_HELPERS_MAX) /* they are looked up one by one */
		*ret_why = "very many variables";
	if (*ret_why)
		return NULL;
	if (!v->helpers)
		v->helpers = xcalloc(CONF_HELPERS_MAX, sizeof(*v->helpers));
	h = &v->helpers[v->n_helpers++];
	*h = (struct conf_helper){ .name = name, .n = n };
	conf_value_set(&h->value, 0, conf_scope_get(v->scope, name, n));
	return &h->value;
}

/* bash uses some control characters for itself, and a NUL ends its strings. */
static bool is_odd_control(unsigned char c)
{
	return (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

/* The length of the UTF-8 character at s, 0 if it is none. Surrogates and the like are not looked
 * for: what matters is that no lead byte takes an ASCII one with it. */
static size_t utf8_length(const char *s, size_t room)
{
	unsigned char c = (unsigned char)*s;
	size_t n = 0;

	if (c >= 0xc2 && c < 0xe0)
		n = 2;
	else if (c >= 0xe0 && c < 0xf0)
		n = 3;
	else if (c >= 0xf0 && c < 0xf5)
		n = 4;
	if (n > room)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

const char *conf_vars_check(const struct conf_vars *v, const char *s, size_t len)
{
	bool plain = false, asked = false; /* about the locale, which few files need to know */

	for (size_t i = 0; i < len; i++) {
		size_t n;

		if (is_odd_control((unsigned char)s[i]))
			return "a control character";
		if (!((unsigned char)s[i] & 0x80))
			continue;
		if (!asked)
			plain = locale_is_plain(v->scope->env);
		asked = true;
		n = plain ? utf8_length(s + i, len - i) : 0;
		if (n == 0)
			return "a character that is not ASCII, and not UTF-8 in this locale";
		i += n - 1;
	}
	return NULL;
}
