/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/report.h"

#include <stdarg.h>

#include "base/mem.h"
#include "cmd/progress.h"
#include "core/outcome.h"

/* A step that runs now, with its line of progress. The oldest one's is on the terminal. */
struct active_step {
	const struct step *step;
	struct progress progress;
};

/* Others are about to write: the line of progress makes room until the next tick. */
static void make_room(const struct report *r)
{
	if (r->n_active)
		progress_clear(&r->active[0].progress);
}

static void say_line(const struct report *r, const char *fmt, va_list ap)
{
	make_room(r);
	vprintf(fmt, ap);
	putchar('\n');
}

void report_line(const struct report *r, const char *fmt, ...)
{
	CLEAN(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (!r->document && !r->quiet)
		say_line(r, fmt, ap);
	else if (r->document)
		text = xvasprintf(fmt, ap);
	va_end(ap);
	if (text)
		document_message(r->document, "note", text, NULL);
}

void report_text(const struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->quiet || r->document)
		return;
	va_start(ap, fmt);
	say_line(r, fmt, ap);
	va_end(ap);
}

static void say(const struct report *r, const char *kind, const char *text, const char *hint)
{
	if (r->is_muted)
		return;
	if (r->document)
		document_message(r->document, kind, text, hint);
	if (r->quiet)
		return;
	make_room(r);
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

static struct active_step *find_active(struct report *r, const struct step *s)
{
	for (size_t i = 0; i < r->n_active; i++)
		if (r->active[i].step == s)
			return &r->active[i];
	return NULL;
}

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

/* On a terminal every step has its line while it runs; elsewhere only a build, which takes its time, is
 * announced. */
static void begin_progress(struct report *r, const struct step *s, const char *what)
{
	CLEAN(free) char *subject = NULL;
	struct progress p;
	struct active_step *a;

	progress_begin(&p, stdout, PROGRESS_AUTO, r->environment);
	if (!p.is_line && s->kind != STEP_BUILD)
		return;
	make_room(r);
	if (s->module)
		subject = xasprintf("%s/%s", s->module, s->version);
	progress_step(&p, s->kind == STEP_BUILD ? "building" : what, subject ? subject : s->kernel,
		      s->module ? s->kernel : NULL);
	r->active = xreallocarray(r->active, r->n_active + 1, sizeof(*r->active));
	a = &r->active[r->n_active++];
	*a = (struct active_step){ s, p };
	if (r->n_active > 1)
		progress_clear(&a->progress);
}

static void drop_active(struct report *r, const struct step *s)
{
	struct active_step *a = find_active(r, s);

	if (!a)
		return;
	progress_end_step(&a->progress);
	progress_done(&a->progress);
	r->n_active--;
	memmove(a, a + 1, (size_t)(r->active + r->n_active - a) * sizeof(*a));
}

static void on_tick(void *ctx)
{
	struct report *r = ctx;

	if (r->n_active)
		progress_tick(&r->active[0].progress);
}

static void on_phase(void *ctx, const struct step *s, const char *what)
{
	struct report *r = ctx;
	struct active_step *a = find_active(r, s);

	if (r->quiet || r->document)
		return;
	if (r->verbose && s->module && s->kernel)
		report_line(r, "%s/%s, %s, %s: %s", s->module, s->version, s->kernel, s->arch, what);
	else if (r->verbose && s->module)
		report_line(r, "%s/%s: %s", s->module, s->version, what);
	else if (r->verbose)
		report_line(r, "%s: %s", s->kernel, what);
	else if (is_script(what))
		make_room(r);
	else if (!a)
		begin_progress(r, s, what);
	else if (a == r->active)
		progress_phase(&a->progress, what);
}

/* With the module and version before it, and the kernel, where it does not name them itself, if only by the path of
 * their source. NULL: it does. */
static char *with_names(const struct step *s, const char *text, bool with_kernel)
{
	CLEAN(free) char *name = NULL, *source = NULL;

	if (!s->module || !s->version || !text)
		return NULL;
	name = xasprintf("%s/%s", s->module, s->version);
	source = xasprintf("%s-%s", s->module, s->version);
	if (strstr(text, name) || strstr(text, source))
		return NULL;
	if (with_kernel && s->kernel && !strstr(text, s->kernel))
		return xasprintf("%s, %s, %s: %s", name, s->kernel, s->arch, text);
	return xasprintf("%s: %s", name, text);
}

static void on_warn(void *ctx, const struct step *s, const char *text, const char *hint)
{
	struct report *r = ctx;
	CLEAN(free) char *line = with_names(s, text, false);

	report_warning(r, line ? line : text, hint);
}

static void on_note(void *ctx, const struct step *s, const char *text)
{
	(void)s;
	report_line(ctx, "%s", text);
	/* it may be what is waited for */
	fflush(stdout);
}

/* What a step that went well is called; NULL: not worth a line. */
static const char *result_word(const struct step *s)
{
	static const struct {
		const char *done, *nothing;
	} words[] = {
		[STEP_ADD] = { "added", "already added" },
		[STEP_LOAD] = { "loaded", NULL },
		[STEP_BUILD] = { "built", "already built" },
		[STEP_INSTALL] = { "installed", "already installed" },
		[STEP_UNINSTALL] = { "uninstalled", "not installed" },
		[STEP_UNBUILD] = { "unbuilt", "not built" },
		[STEP_FORGET] = { "removed", NULL },
		[STEP_DEPMOD] = { NULL, NULL },
		[STEP_POST_TRANSACTION] = { NULL, NULL },
		[STEP_SIGN] = { "signed", "needs no signature" },
		[STEP_PACKAGE] = { NULL, NULL },
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
		report_text(r, "%s/%s, %s, %s: %s", s->module, s->version, s->kernel, s->arch, word);
	else
		report_text(r, "%s/%s: %s", s->module, s->version, word);
}

static bool mentions(const char *text, const char *path)
{
	return text && strstr(text, path);
}

static void say_failure(const struct report *r, const struct step *s, const struct fail *f, const char *log,
			const struct errlog *e)
{
	CLEAN(free) char *line = with_names(s, f->text, true);

	say(r, "error", line ? line : f->text ? f->text : outcome_word(f->code), f->hint);
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

	drop_active(r, s);
	if (r->document)
		document_step_end(r->document, s, f, log, e);
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
		say_failure(r, s, f, log, e);
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

void report_init(struct report *r, const struct request *rq, const struct strv *environment)
{
	*r = (struct report){
		.quiet = rq->quiet,
		.verbose = rq->verbose || rq->debug,
		.debug = rq->debug,
		.document = rq->json ? document_new() : NULL,
		.environment = environment,
		.observer = { r, on_begin, on_phase, on_warn, on_note, on_end, on_tick },
	};
}

void report_done(struct report *r)
{
	free(r->active);
	document_free(r->document);
	fflush(stdout);
}
