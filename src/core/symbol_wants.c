/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/symbol_wants.h"

#include "base/mem.h"

/* The linker or the module loader itself brings these. */
static bool is_built_in(const char *name)
{
	static const char *const names[] = { "_GLOBAL_OFFSET_TABLE_", ".TOC.", "__this_module" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

void symbol_wants_add(struct symbol_wants *w, const char *module, const struct module_info *mi)
{
	w->items = xreallocarray(w->items, w->n + mi->n_imports + 1, sizeof(*w->items));
	for (size_t i = 0; i < mi->n_imports; i++) {
		const struct module_symbol *s = &mi->imports[i];

		if (!s->weak && !is_built_in(s->name))
			w->items[w->n++] = (struct symbol_want){ .name = s->name,
								 .module = module,
								 .crc = s->crc,
								 .has_crc = s->has_crc };
	}
	w->is_sorted = false;
}

static int by_name(const void *a, const void *b)
{
	const struct symbol_want *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : strcmp(x->module, y->module);
}

/* The first want whose name is not before the given one. */
static size_t lower_bound(const struct symbol_wants *w, const char *name, size_t len)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strncmp(w->items[mid].name, name, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void settle(struct symbol_want *want, uint32_t crc)
{
	if (!want->has_crc || want->crc == 0 || crc == 0 || want->crc == crc)
		want->state = SYMBOL_OFFERED;
	else if (want->state == SYMBOL_MISSING)
		want->state = SYMBOL_OTHER_CRC;
}

void symbol_wants_offer(struct symbol_wants *w, const char *name, size_t len, uint32_t crc)
{
	if (!w->is_sorted && w->n)
		qsort(w->items, w->n, sizeof(*w->items), by_name);
	w->is_sorted = true;
	for (size_t i = lower_bound(w, name, len); i < w->n; i++) {
		if (strncmp(w->items[i].name, name, len) != 0)
			break;
		if (w->items[i].name[len] == '\0')
			settle(&w->items[i], crc);
	}
}

void symbol_wants_offer_module(struct symbol_wants *w, const struct module_info *mi)
{
	for (size_t i = 0; i < mi->n_exports; i++) {
		const struct module_symbol *s = &mi->exports[i];

		symbol_wants_offer(w, s->name, strlen(s->name), s->has_crc ? s->crc : 0);
	}
}

/* Up to the next tab, newline or the end. */
static size_t field_len(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && *q != '\t' && *q != '\n' && *q != ' ' && *q != '\0')
		q++;
	return (size_t)(q - p);
}

static bool parse_crc(const char *p, size_t n, uint32_t *ret)
{
	uint32_t crc = 0;

	if (n < 3 || n > 10 || p[0] != '0' || p[1] != 'x')
		return false;
	for (size_t i = 2; i < n; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d =
			p[i] ? strchr(digits, p[i] >= 'A' && p[i] <= 'F' ? p[i] | 0x20 : p[i])
			     : NULL;

		if (!d)
			return false;
		crc = crc << 4 | (uint32_t)(d - digits);
	}
	*ret = crc;
	return true;
}

void symbol_wants_offer_symvers(struct symbol_wants *w, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *stop = eol ? eol : end;
		size_t n = field_len(text, stop);
		const char *name = text + n + 1;
		uint32_t crc;

		if (name < stop && parse_crc(text, n, &crc))
			symbol_wants_offer(w, name, field_len(name, stop), crc);
		text = stop + 1;
	}
}

size_t symbol_wants_open(const struct symbol_wants *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->items[i].state != SYMBOL_OFFERED;
	return n;
}

void symbol_wants_done(struct symbol_wants *w)
{
	free(w->items);
	*w = (struct symbol_wants){ 0 };
}
