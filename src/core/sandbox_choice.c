/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sandbox_choice.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"

enum { TRIES_MAX = 3, NAMED_MAX = 8 };

bool sandbox_mode_parse(const char *word, enum sandbox_mode *ret)
{
	static const char *const words[] = { "auto", "strict", "off" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_eq(word, words[i])) {
			*ret = (enum sandbox_mode)i;
			return true;
		}
	return false;
}

void denial_done(struct denial *d)
{
	free(d->what);
	free(d->let_in);
	*d = (struct denial){ 0 };
}

void denials_done(struct denials *list)
{
	for (size_t i = 0; i < list->n; i++)
		denial_done(&list->items[i]);
	free(list->items);
	*list = (struct denials){ 0 };
}

void denials_take(struct denials *list, struct denial *d)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].kind == d->kind && str_eq(list->items[i].what, d->what)) {
			list->items[i].needs_root |= d->needs_root;
			denial_done(d);
			return;
		}
	if (list->n >= DENIALS_MAX) {
		denial_done(d);
		return;
	}
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = *d;
	*d = (struct denial){ 0 };
}

bool denials_have(const struct denials *list, enum denial_kind kind)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].kind == kind)
			return true;
	return false;
}

bool sandbox_is_full(uint64_t all, uint64_t free, uint64_t free_max)
{
	enum { PART = 16 };
	uint64_t part = all / PART;

	/* all is 0: it has no limit */
	return all > 0 && free <= (part < free_max ? part : free_max);
}

static void add_bytes(struct buf *b, uint64_t n)
{
	static const struct {
		unsigned bits;
		const char *unit;
	} units[] = { { 20, "MiB" }, { 10, "KiB" }, { 0, "bytes" } };

	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (n % (1ULL << units[i].bits) == 0) {
			buf_add_fmt(b, "%llu %s", (unsigned long long)(n >> units[i].bits), units[i].unit);
			return;
		}
}

static void add_text(struct buf *b, const struct denial *d)
{
	switch (d->kind) {
	case DENIED_WRITE:
		buf_add_fmt(b, "writing '%s'", d->what);
		break;
	case DENIED_READ:
		buf_add_fmt(b, "reading '%s'", d->what);
		break;
	case DENIED_NETWORK:
		buf_add_fmt(b, "using the network (%s)", d->what);
		break;
	case DENIED_SIGNAL:
		buf_add_fmt(b, "signalling process %s", d->what);
		break;
	case DENIED_SPACE:
		buf_add_fmt(b, "filling '%s' beyond its ", d->what);
		add_bytes(b, d->limit);
		break;
	case DENIED_FILES:
		buf_add_fmt(b, "filling '%s' beyond its %llu files", d->what, (unsigned long long)d->limit);
		break;
	case DENIED_SIZE:
		buf_add_fmt(b, *d->what ? "making '%s' larger than " : "making a file%s larger than ", d->what);
		add_bytes(b, d->limit);
		break;
	}
}

char *denials_text(const struct denials *list)
{
	CLEAN(buf) struct buf b = { 0 };
	size_t shown = list->n > NAMED_MAX ? NAMED_MAX : list->n;

	if (list->n == 0)
		return NULL;
	for (size_t i = 0; i < shown; i++) {
		if (i > 0)
			buf_add_fmt(&b, "%s", i + 1 == list->n ? " and " : ", ");
		add_text(&b, &list->items[i]);
	}
	if (list->n > shown)
		buf_add_fmt(&b, " and %zu more", list->n - shown);
	return xstrdup(buf_str(&b));
}

void sandbox_grants_done(struct sandbox_grants *g)
{
	strv_done(&g->write);
	strv_done(&g->read);
	*g = (struct sandbox_grants){ 0 };
}

static bool is_covered(const struct strv *paths, const char *path)
{
	for (size_t i = 0; i < paths->n; i++)
		if (path_is_below(path, paths->items[i]))
			return true;
	return false;
}

/* Letting in what is not hidden would change nothing. */
static bool add_grant(struct sandbox_grants *g, const struct denial *d)
{
	struct strv *to = d->kind == DENIED_WRITE ? &g->write : &g->read;

	if (!d->let_in || str_eq(d->let_in, "/") || (d->kind == DENIED_READ && !d->is_hidden) ||
	    is_covered(&g->write, d->let_in) || is_covered(to, d->let_in))
		return false;
	strv_add(to, d->let_in);
	return true;
}

bool sandbox_next_try(const struct denials *denied, struct sandbox_grants *io)
{
	bool has_path = false, is_new = false, needs_root = false;

	for (size_t i = 0; i < denied->n; i++) {
		const struct denial *d = &denied->items[i];

		if ((d->kind != DENIED_WRITE && d->kind != DENIED_READ) || (!d->let_in && !d->is_hidden))
			continue;
		has_path = true;
		needs_root |= d->needs_root;
		is_new |= add_grant(io, d);
	}
	if (!has_path || io->tries >= TRIES_MAX)
		return false;
	if (!is_new || needs_root || io->tries > 0) {
		if (io->as_root && !is_new)
			return false;
		io->as_root = true;
	}
	io->tries++;
	return true;
}
