/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/errlog.h"

#include "base/mem.h"
#include "core/erradvice.h"
#include "core/errline.h"

enum {
	LINE_ROOM = 4096, /* longer lines are cut before they are judged */
	RECENT = 3,	  /* lines shown before make's complaint where nothing better is known */
	NEAR = 10,	  /* lines between a doubtful message and the failure that makes it count */
	LOOK_AHEAD = 80,  /* lines of notes behind an error */
};

static const size_t NOWHERE = (size_t)-1;

/* Walks over a log, line by line, cleaned. */
struct cursor {
	const char *log;
	size_t len;
	size_t at;   /* where the next line begins */
	size_t here; /* where `line` began */
	char line[LINE_ROOM];
};

/* A window's title and the like. */
static size_t title_length(const char *p, size_t room)
{
	size_t n = 2;

	while (n < room && p[n] != '\n' && p[n] != '\a' && p[n] != '\033')
		n++;
	return n < room && p[n] == '\a' ? n + 1 : n;
}

/* A terminal's escape sequence at p: its length. */
static size_t escape_length(const char *p, size_t room)
{
	size_t n = 2;

	if (room < 2)
		return room;
	if (p[1] == '[') {
		while (n < room && p[n] != '\n' && (p[n] < 0x40 || p[n] > 0x7e))
			n++;
		return n < room && p[n] != '\n' ? n + 1 : n;
	}
	if (p[1] == ']')
		return title_length(p, room);
	for (n = 1; n < room && p[n] >= ' ' && p[n] <= '/';)
		n++;
	return n < room && p[n] != '\n' ? n + 1 : n;
}

static bool next_line(struct cursor *c)
{
	size_t n = 0;

	if (c->at >= c->len)
		return false;
	c->here = c->at;
	while (c->at < c->len && c->log[c->at] != '\n') {
		char b = c->log[c->at];

		if (b == '\033') {
			c->at += escape_length(c->log + c->at, c->len - c->at);
			continue;
		}
		if (n < LINE_ROOM - 1 && ((unsigned char)b >= ' ' || b == '\t') && b != 0x7f)
			c->line[n++] = b;
		c->at++;
	}
	c->at++;
	while (n > 0 && (c->line[n - 1] == ' ' || c->line[n - 1] == '\t'))
		n--;
	c->line[n] = '\0';
	return true;
}

static bool go_to(struct cursor *c, size_t at)
{
	if (at == NOWHERE)
		return false;
	c->at = at;
	return next_line(c);
}

/* A line that may be the one, and lines before it that explain it. */
struct spot {
	size_t at, number;
	struct errline means;
	size_t before[RECENT];
};

struct scan {
	size_t number;
	struct spot best;    /* of the command whose output is being read */
	struct spot earlier; /* of commands that ended well all the same */
	struct spot missing; /* the last program that was not found */
	/* configure's last check, patch's last file, where make says that compilers differ */
	size_t check, patch, mismatch;
	size_t recent[RECENT];
};

static void forget_context(struct scan *s)
{
	s->check = s->patch = NOWHERE;
	for (size_t i = 0; i < RECENT; i++)
		s->recent[i] = NOWHERE;
}

static struct spot spot_here(const struct scan *s, const char *line, size_t at,
			     struct errline means)
{
	struct spot spot = { .at = at, .number = s->number, .means = means };

	for (size_t i = 0; i < RECENT; i++)
		spot.before[i] = NOWHERE;
	if (means.kind == LINE_CONFIGURE && !str_has_prefix(line, "checking "))
		spot.before[0] = s->check;
	else if (means.kind == LINE_PATCH)
		spot.before[0] = s->patch;
	else if (means.rank == RANK_TRACE)
		memcpy(spot.before, s->recent, sizeof(spot.before));
	return spot;
}

/* A recipe failed. What was doubtful so far counts if it was said just now. */
static void see_trace(struct scan *s, const char *line, size_t at, struct errline means)
{
	if (errline_is_127(line) && s->missing.means.rank && s->best.means.rank < RANK_HARD) {
		s->best = s->missing;
		s->best.means.rank = RANK_HARD;
	}
	if (s->best.means.rank == RANK_LOW && s->number - s->best.number <= NEAR)
		s->best.means.rank = RANK_MEDIUM;
	else if (s->best.means.rank < RANK_TRACE || s->best.means.rank == RANK_LOW)
		s->best = spot_here(s, line, at, means);
}

static void see_candidate(struct scan *s, const char *line, size_t at)
{
	struct errline means = errline_judge(line);

	if (means.kind == LINE_NOT_FOUND)
		s->missing = spot_here(s, line, at, means);
	if (means.rank == RANK_TRACE)
		see_trace(s, line, at, means);
	else if (means.rank > s->best.means.rank ||
		 (means.rank == RANK_LOW && s->best.means.rank == RANK_LOW))
		s->best = spot_here(s, line, at, means);
}

/* "  CC [M]  x.o", "make[1]: Entering …", commands that make shows: these explain nothing. */
static bool is_chatter(const char *line)
{
	return *line == '\0' || *line == '#' || str_has_prefix(line, "make") ||
	       str_has_prefix(line, "  CC ") || str_has_prefix(line, "  LD ") ||
	       str_has_prefix(line, "  AR ") || str_has_prefix(line, "  MODPOST ") ||
	       str_has_prefix(line, "DKMS ") || strspn(line, "-") == strlen(line);
}

static void keep_context(struct scan *s, const char *line, size_t at)
{
	if (str_has_prefix(line, "checking "))
		s->check = at;
	else if (str_has_prefix(line, "patching file "))
		s->patch = at;
	else if (s->mismatch == NOWHERE &&
		 strstr(line, "the compiler differs from the one used to build"))
		s->mismatch = at;
	else if (str_has_prefix(line, "# command: "))
		forget_context(s);
	if (is_chatter(line))
		return;
	memmove(s->recent, s->recent + 1, sizeof(s->recent) - sizeof(s->recent[0]));
	s->recent[RECENT - 1] = at;
}

static void end_good_command(struct scan *s)
{
	if (s->best.means.rank > s->earlier.means.rank)
		s->earlier = s->best;
	s->best = s->missing = (struct spot){ 0 };
	forget_context(s);
}

static struct spot scan_log(struct cursor *c, struct scan *s)
{
	s->mismatch = NOWHERE;
	forget_context(s);
	while (next_line(c)) {
		s->number++;
		if (str_eq(c->line, "# exit code: 0")) {
			end_good_command(s);
			continue;
		}
		see_candidate(s, c->line, c->here);
		keep_context(s, c->line, c->here);
	}
	return s->best.means.rank ? s->best : s->earlier;
}

/* Adds a line, cut where a character ends. */
static void show(struct errlog *e, const char *line)
{
	size_t n = strlen(line);

	if (e->lines.n >= ERRLOG_LINES)
		return;
	if (n <= ERRLOG_WIDTH) {
		strv_add(&e->lines, line);
		return;
	}
	for (n = ERRLOG_WIDTH; n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80;)
		n--;
	strv_add_fmt(&e->lines, "%.*s...", (int)n, line);
}

static bool is_numbered_source(const char *line)
{
	const char *p = line + strspn(line, " ");

	return errline_is_source(line) && *p != '|';
}

/* The source text that follows a diagnostic at the cursor. gcc and newer clang number it; older
 * clang is known by the line with the caret. */
static void show_source(struct cursor *c, struct errlog *e)
{
	CLEAN(free) char *text = NULL;
	size_t back = c->at;

	if (!next_line(c))
		return;
	if (is_numbered_source(c->line)) {
		show(e, c->line);
		return;
	}
	text = xstrdup(c->line);
	if (*text && next_line(c) && strchr(c->line, '^') &&
	    strspn(c->line, " \t^~") == strlen(c->line))
		show(e, text);
	else
		c->at = back;
}

static bool explains(const char *line)
{
	return strstr(line, ": note: declared here") || strstr(line, ": note: expected ") ||
	       strstr(line, "defined here") || strstr(line, ": note: previous ");
}

/*
 * Where the error's macro was used in the driver, and what the kernel declares instead: of the
 * notes behind an error these are worth a look.
 */
static void show_notes(struct cursor *c, struct errlog *e)
{
	size_t use = NOWHERE, declaration = NOWHERE;

	for (int i = 0; i < LOOK_AHEAD && next_line(c); i++) {
		const char *p = c->line + strspn(c->line, " ");

		if (strstr(c->line, ": note: ")) {
			if (strstr(c->line, "in expansion of macro"))
				use = c->here;
			else if (declaration == NOWHERE && explains(c->line))
				declaration = c->here;
		} else if (!errline_is_source(c->line) &&
			   !str_has_prefix(p, "In file included from ") &&
			   !(p > c->line && str_has_prefix(p, "from "))) {
			break;
		}
	}
	if (go_to(c, use)) {
		show(e, c->line);
		show_source(c, e);
	}
	if (go_to(c, declaration)) {
		show(e, c->line);
		show_source(c, e);
	}
}

/* A message of several lines: those that are indented or begin with asterisks belong to it. */
static void show_message(struct cursor *c, struct errlog *e)
{
	while (e->lines.n < ERRLOG_LINES && next_line(c)) {
		const char *p = c->line + strspn(c->line, " \t*");

		if (p == c->line)
			break;
		if (*p)
			show(e, c->line);
	}
}

static void show_more_symbols(struct cursor *c, struct errlog *e)
{
	while (e->lines.n < ERRLOG_LINES && next_line(c) &&
	       errline_judge(c->line).kind == LINE_MODPOST)
		show(e, c->line);
}

static void show_compilers(struct cursor *c, const struct scan *s, struct errlog *e)
{
	if (!go_to(c, s->mismatch))
		return;
	show(e, c->line);
	for (int i = 0; i < 2 && next_line(c) && *c->line == ' '; i++)
		show(e, c->line);
}

static void show_spot(struct cursor *c, const struct scan *s, const struct spot *spot,
		      struct errlog *e)
{
	bool is_about_compiler;

	for (size_t i = 0; i < RECENT; i++)
		if (go_to(c, spot->before[i]))
			show(e, c->line);
	if (!go_to(c, spot->at))
		return;
	show(e, c->line);
	is_about_compiler = erradvice_is_about_compiler(c->line);
	switch (spot->means.kind) {
	case LINE_COMPILER:
		show_source(c, e);
		show_notes(c, e);
		break;
	case LINE_CONFIGURE:
	case LINE_UNPREPARED:
		show_message(c, e);
		break;
	case LINE_MODPOST:
		show_more_symbols(c, e);
		break;
	default:
		break;
	}
	if (is_about_compiler)
		show_compilers(c, s, e);
}

/* From "… make.log for hello/1.0 for kernel 6.1.0-9-amd64 (x86_64)". */
static void read_names(const char *line, char **ret_driver, char **ret_kernel)
{
	static const char before_driver[] = "make.log for ", before_kernel[] = " for kernel ";
	const char *driver = strstr(line, before_driver);
	const char *kernel = strstr(line, before_kernel);
	const char *end = kernel ? strstr(kernel, " (") : NULL;

	if (!str_has_prefix(line, "DKMS ") || !driver || !end || driver > kernel)
		return;
	driver += strlen(before_driver);
	*ret_driver = xstrndup(driver, (size_t)(kernel - driver));
	kernel += strlen(before_kernel);
	*ret_kernel = xstrndup(kernel, (size_t)(end - kernel));
}

void errlog_find(const char *log, size_t len, struct errlog *ret)
{
	struct cursor c = { .log = log, .len = len };
	struct scan s = { 0 };
	CLEAN(free) char *driver = NULL, *kernel = NULL;
	struct spot spot;

	*ret = (struct errlog){ 0 };
	if (go_to(&c, 0))
		read_names(c.line, &driver, &kernel);
	c.at = 0;
	spot = scan_log(&c, &s);
	if (!spot.means.rank)
		return;
	show_spot(&c, &s, &spot, ret);
	if (go_to(&c, spot.at))
		ret->advice = erradvice(c.line, spot.means.kind, driver, kernel);
}

void errlog_done(struct errlog *e)
{
	strv_done(&e->lines);
	free(e->advice);
	e->advice = NULL;
}
