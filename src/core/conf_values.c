/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf_values.h"

#include "base/mem.h"

static const char *const names_of_dkms_conf[] = {
#define CONF_NAME_STRING(name) #name,
	CONF_NAME_TABLE(CONF_NAME_STRING)
#undef CONF_NAME_STRING
};

const struct conf_names conf_names = { names_of_dkms_conf, CONF_NAME_COUNT };

void conf_values_init(struct conf_values *v, const struct conf_names *names)
{
	*v = (struct conf_values){ .names = names };
	v->values = xcalloc(names->n, sizeof(*v->values));
}

void conf_values_done(struct conf_values *v)
{
	for (size_t i = 0; v->values && i < v->names->n; i++)
		conf_value_done(&v->values[i]);
	free(v->values);
	*v = (struct conf_values){ 0 };
}

int conf_names_find(const struct conf_names *names, const char *name, size_t n)
{
	for (size_t i = 0; n > 0 && i < names->n; i++) {
		const char *s = names->items[i];

		/* nearly all differ here, and this is asked for every word of a file */
		if (s[0] == name[0] && strncmp(s, name, n) == 0 && s[n] == '\0')
			return (int)i;
	}
	return -1;
}

const char *conf_value_get(const struct conf_value *a, size_t index)
{
	return index < a->n ? a->items[index] : NULL;
}

void conf_value_done(struct conf_value *a)
{
	for (size_t k = 0; k < a->n; k++)
		free(a->items[k]);
	free(a->items);
	*a = (struct conf_value){ 0 };
}

/* Keeps n at one more than the highest index that is set. */
static void unset(struct conf_value *a, size_t index)
{
	if (index >= a->n)
		return;
	free(a->items[index]);
	a->items[index] = NULL;
	while (a->n > 0 && !a->items[a->n - 1])
		a->n--;
}

void conf_value_set(struct conf_value *a, size_t index, const char *text)
{
	char *copy;

	if (!text) {
		unset(a, index);
		return;
	}
	copy = xstrdup(text); /* before the old one goes: it may be that */
	if (index >= a->n) {
		a->items = xreallocarray(a->items, index + 1, sizeof(*a->items));
		memset(a->items + a->n, 0, (index + 1 - a->n) * sizeof(*a->items));
		a->n = index + 1;
	}
	free(a->items[index]);
	a->items[index] = copy;
}

const char *conf_values_get(const struct conf_values *v, size_t name, size_t index)
{
	return conf_value_get(&v->values[name], index);
}

void conf_values_set(struct conf_values *v, size_t name, size_t index, const char *value)
{
	if (value && index > CONF_INDEX_MAX)
		v->index_too_large = true;
	else
		conf_value_set(&v->values[name], index, value);
}

/* "[12]" at *s: its number, *s behind it; no brackets: 0. */
static bool take_index(const char **s, size_t *ret)
{
	const char *p = *s;
	size_t index = 0;

	if (*p == '[') {
		size_t digits = strspn(++p, "0123456789");

		if (digits == 0 || digits > 9 || p[digits] != ']')
			return false;
		index = strtoul(p, NULL, 10);
		p += digits + 1;
	}
	*s = p;
	*ret = index;
	return true;
}

bool conf_values_set_text(struct conf_values *v, const char *text)
{
	const char *p = text + strcspn(text, "[=");
	int name = conf_names_find(v->names, text, (size_t)(p - text));
	size_t index;

	if (name < 0 || !take_index(&p, &index) || *p != '=')
		return false;
	conf_values_set(v, (size_t)name, index, p + 1);
	return true;
}
