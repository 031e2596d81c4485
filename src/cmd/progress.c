/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/progress.h"

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/mem.h"

enum { DEFAULT_WIDTH = 80, MIN_WIDTH = 20 };

static int64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Does the terminal show UTF-8, as far as its user's locale tells? */
static bool is_utf8(const struct strv *environment)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *name = NULL;
	locale_t locale;
	bool r;

	for (size_t i = 0; i < COUNT_OF(names) && str_is_empty(name); i++)
		name = env_get(environment, names[i]);
	locale = newlocale(LC_CTYPE_MASK, str_is_empty(name) ? "C" : name, (locale_t)0);
	if (locale == (locale_t)0)
		return false;
	r = str_eq(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return r;
}

void progress_begin(struct progress *p, FILE *out, enum progress_style style,
		    const struct strv *environment)
{
	const char *term = env_get(environment, "TERM");

	*p = (struct progress){ .out = out };
	p->is_line = style == PROGRESS_AUTO && isatty(fileno(out)) && !str_is_empty(term) &&
		     !str_eq(term, "dumb");
	p->is_plain = style != PROGRESS_OFF && !p->is_line;
	p->ellipsis = p->is_line && is_utf8(environment) ? "…" : "...";
	p->has_color = p->is_line && str_is_empty(env_get(environment, "NO_COLOR"));
}

static size_t terminal_width(const struct progress *p)
{
	struct winsize w = { 0 };

	if (ioctl(fileno(p->out), TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return DEFAULT_WIDTH;
	return w.ws_col < MIN_WIDTH ? MIN_WIDTH : w.ws_col;
}

/* Characters, taking every one for a column wide. */
static size_t columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Cuts to at most max columns, with an ellipsis for what is gone. */
static void cut(struct buf *b, size_t max, const char *ellipsis)
{
	size_t at = 0, n = 0, dots = columns(ellipsis), keep = max > dots ? max - dots : 0;

	if (columns(buf_str(b)) <= max)
		return;
	for (; b->data[at] && (n < keep || ((unsigned char)b->data[at] & 0xc0) == 0x80); at++)
		n += ((unsigned char)b->data[at + 1] & 0xc0) != 0x80;
	b->len = at;
	buf_add_str(b, ellipsis);
}

static void add_text(const struct progress *p, struct buf *b)
{
	buf_add_fmt(b, "%s %s", p->phase, p->subject);
	if (p->kernel)
		buf_add_fmt(b, " for %s", p->kernel);
}

/* " (12 s)", " (1:05)", " (1:00:05)"; nothing in the first second */
static void add_elapsed(const struct progress *p, struct buf *b)
{
	long s = (long)p->second;

	if (s == 0)
		return;
	if (s < 60)
		buf_add_fmt(b, " (%ld s)", s);
	else if (s < 3600)
		buf_add_fmt(b, " (%ld:%02ld)", s / 60, s % 60);
	else
		buf_add_fmt(b, " (%ld:%02ld:%02ld)", s / 3600, s / 60 % 60, s % 60);
}

static void draw(struct progress *p)
{
	CLEAN(buf) struct buf text = { 0 }, elapsed = { 0 };

	p->second = (now_usec() - p->began) / 1000000;
	add_text(p, &text);
	add_elapsed(p, &elapsed);
	/* the last column stays free: many terminals wrap when it is written */
	cut(&text, terminal_width(p) - 1 - elapsed.len, p->ellipsis);
	fprintf(p->out, p->has_color && elapsed.len ? "\r\033[K%s\033[2m%s\033[0m" : "\r\033[K%s%s",
		buf_str(&text), buf_str(&elapsed));
	fflush(p->out);
	p->is_drawn = true;
}

void progress_step(struct progress *p, const char *phase, const char *subject, const char *kernel)
{
	CLEAN(buf) struct buf text = { 0 };

	str_set(&p->phase, phase);
	str_set(&p->subject, subject);
	str_set(&p->kernel, kernel);
	p->began = now_usec();
	if (p->is_line) {
		draw(p);
	} else if (p->is_plain) {
		add_text(p, &text);
		fprintf(p->out, "%s\n", buf_str(&text));
		fflush(p->out);
	}
}

void progress_phase(struct progress *p, const char *phase)
{
	if (!p->subject || str_eq(p->phase, phase))
		return;
	str_set(&p->phase, phase);
	if (p->is_line)
		draw(p);
}

void progress_tick(void *progress)
{
	struct progress *p = progress;

	if (!p->is_line || !p->subject)
		return;
	if (!p->is_drawn || (now_usec() - p->began) / 1000000 != p->second)
		draw(p);
}

void progress_clear(struct progress *p)
{
	if (!p->is_drawn)
		return;
	fputs("\r\033[K", p->out);
	fflush(p->out);
	p->is_drawn = false;
}

void progress_end_step(struct progress *p)
{
	progress_clear(p);
	str_set(&p->subject, NULL);
}

void progress_done(struct progress *p)
{
	if (p->out)
		progress_clear(p);
	free(p->phase);
	free(p->subject);
	free(p->kernel);
	*p = (struct progress){ 0 };
}
