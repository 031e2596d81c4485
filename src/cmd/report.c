/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/report.h"

#include <stdarg.h>

#include "base/mem.h"
#include "core/outcome.h"

void report_line(const struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->quiet)
		return;
	progress_clear(r->progress);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void say(const struct report *r, const char *kind, const char *text, const char *hint)
{
	if (r->quiet)
		return;
	progress_clear(r->progress);
	fflush(stdout);
	fprintf(stderr, "dkms: %s: %s\n", kind, text);
	if (!str_is_empty(hint))
		fprintf(stderr, "  %s\n", hint);
}

void report_warning(const struct report *r, const char *text, const char *hint)
{
	say(r, "warning", text, hint);
}

void report_error(const struct report *r, const struct fail *f)
{
	say(r, "error", f->text ? f->text : outcome_word(f->code), f->hint);
}

/* the engine's observer ------------------------------------------------------------------------- */

static void on_begin(void *ctx, const struct step *s)
{
	(void)ctx;
	(void)s;
}

/* Scripts whose output goes to the terminal. */
static bool is_script(const char *what)
{
	return str_eq(what, "post_add") || str_eq(what, "pre_install") ||
	       str_eq(what, "post_install") || str_eq(what, "post_remove");
}

/* On a terminal the line follows every step; elsewhere only what takes its time is announced. */
static void show_progress(struct report *r, const struct step *s, const char *what)
{
	CLEAN(free) char *subject = NULL;

	if (is_script(what)) {
		progress_clear(r->progress);
	} else if (s == r->in_progress) {
		progress_phase(r->progress, what);
	} else if (r->progress->is_line || s->kind == STEP_BUILD) {
		r->in_progress = s;
		if (s->module)
			subject = xasprintf("%s/%s", s->module, s->version);
		progress_step(r->progress, s->kind == STEP_BUILD ? "building" : what,
			      subject ? subject : s->kernel, s->module ? s->kernel : NULL);
	}
}

static void on_phase(void *ctx, const struct step *s, const char *what)
{
	struct report *r = ctx;

	if (!r->verbose) {
		show_progress(r, s, what);
		return;
	}
	if (s->module && s->kernel)
		report_line(r, "%s/%s, %s, %s: %s", s->module, s->version, s->kernel, s->arch, what);
	else if (s->module)
		report_line(r, "%s/%s: %s", s->module, s->version, what);
	else
		report_line(r, "%s: %s", s->kernel, what);
}

static void on_warn(void *ctx, const struct step *s, const char *text, const char *hint)
{
	const struct report *r = ctx;
	CLEAN(free) char *line = NULL;

	if (s->module && s->version && !strstr(text, s->module))
		line = xasprintf("%s/%s: %s", s->module, s->version, text);
	report_warning(r, line ? line : text, hint);
}

static void on_note(void *ctx, const struct step *s, const char *text)
{
	(void)s;
	report_line(ctx, "%s", text);
}

/* What a step that went well is called; NULL: not worth a line. */
static const char *result_word(const struct step *s)
{
	static const struct {
		const char *done, *nothing;
	} words[] = {
		[STEP_ADD] = { "added", "already added" },
		[STEP_BUILD] = { "built", "already built" },
		[STEP_INSTALL] = { "installed", "already installed" },
		[STEP_UNINSTALL] = { "uninstalled", "not installed" },
		[STEP_UNBUILD] = { "unbuilt", "not built" },
		[STEP_FORGET] = { "removed", NULL },
		[STEP_DEPMOD] = { NULL, NULL },
		[STEP_POST_TRANSACTION] = { NULL, NULL },
	};

	if (s->state == STEP_NOTHING)
		return s->flags & STEP_ON_BEHALF ? NULL : words[s->kind].nothing;
	return words[s->kind].done;
}

static void say_result(const struct report *r, const struct step *s)
{
	const char *word = result_word(s);

	if (!word)
		return;
	if (s->kernel)
		report_line(r, "%s/%s, %s, %s: %s", s->module, s->version, s->kernel, s->arch, word);
	else
		report_line(r, "%s/%s: %s", s->module, s->version, word);
}

static bool mentions(const char *text, const char *path)
{
	return text && strstr(text, path);
}

static void say_failure(const struct report *r, const struct fail *f, const char *log,
			const struct errlog *e)
{
	report_error(r, f);
	if (r->quiet)
		return;
	for (size_t i = 0; e && i < e->lines.n; i++)
		fprintf(stderr, "  | %s\n", e->lines.items[i]);
	if (e && e->advice)
		fprintf(stderr, "  %s\n", e->advice);
	if (log && !mentions(f->text, log) && !mentions(f->hint, log))
		fprintf(stderr, "  the whole log: %s\n", log);
}

static void on_end(void *ctx, const struct step *s, const struct fail *f, const char *log,
		   const struct errlog *e)
{
	struct report *r = ctx;

	progress_end_step(r->progress);
	r->in_progress = NULL;
	switch (s->state) {
	case STEP_DONE:
	case STEP_NOTHING:
		say_result(r, s);
		break;
	case STEP_SKIPPED:
		if (f->text)
			report_warning(r, f->text, f->hint);
		break;
	case STEP_FAILED:
		say_failure(r, f, log, e);
		break;
	case STEP_UNMET:
	case STEP_DEFERRED: {
		CLEAN(free) char *text = xasprintf("%s/%s, %s, %s: %s", s->module, s->version, s->kernel,
						   s->arch, s->note ? s->note : "waits");

		report_warning(r, text, NULL);
		break;
	}
	default:
		break;
	}
	fflush(stdout);
}

static void on_tick(void *ctx)
{
	const struct report *r = ctx;

	progress_tick(r->progress);
}

void report_init(struct report *r, const struct request *rq, const struct strv *environment)
{
	*r = (struct report){
		.quiet = rq->quiet,
		.verbose = rq->verbose || rq->debug,
		.debug = rq->debug,
		.observer = { r, on_begin, on_phase, on_warn, on_note, on_end, on_tick },
		.progress = xcalloc(1, sizeof(*r->progress)),
	};
	progress_begin(r->progress, stdout,
		       r->quiet || r->verbose ? PROGRESS_OFF : PROGRESS_AUTO, environment);
}

void report_done(struct report *r)
{
	if (r->progress)
		progress_done(r->progress);
	free(r->progress);
	r->progress = NULL;
	fflush(stdout);
}
