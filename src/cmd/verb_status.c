/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/examine.h"
#include "core/layout.h"
#include "core/status.h"

/* One pass over the tree: for all kernels, or for one of those that were asked for. */
struct query {
	const struct app *app;
	struct examiner *examiner;
	const char *kernel, *arch; /* patterns, or NULL */
};

/* One entry of the document's list; b NULL: no kernel, state says. */
static void document_entry(const struct query *q, const char *module, const char *version,
			   const struct snap_build *b, const char *state, unsigned flags)
{
	struct json *j = document_writer(q->app->report.document);
	CLEAN(free) char *log = NULL;

	json_object(j, NULL);
	json_string(j, "module", module);
	json_string(j, "version", version);
	json_string(j, "kernel", b ? b->kernel : NULL);
	json_string(j, "arch", b ? b->arch : NULL);
	json_string(j, "state", state);
	json_bool(j, "original_modules", flags & STATUS_ORIGINALS);
	json_bool(j, "built_missing", flags & STATUS_MISSING);
	json_bool(j, "installed_differs", !(flags & STATUS_MISSING) && flags & STATUS_DIFFERS);
	if (b) {
		const struct layout l = { q->app->dkms_tree, module, version, b->kernel, b->arch };

		log = layout_log(&l);
	}
	json_string(j, "log", log && path_exists(log) ? log : NULL);
	json_end(j);
}

static void show_plain(const struct query *q, const char *module, const char *version, const char *state)
{
	report_text(&q->app->report, "%s/%s: %s", module, version, state);
	if (q->app->report.document)
		document_entry(q, module, version, NULL, state, 0);
}

static void show_build(const struct query *q, const struct snap_module *m, const char *version,
		       const struct snap_build *b)
{
	const struct layout l = { q->app->dkms_tree, m->name, version, b->kernel, b->arch };
	CLEAN(free) char *originals = layout_originals(&l);
	CLEAN(buf) struct buf line = { 0 };
	unsigned flags = examine_build(q->examiner, &l, b);

	if (m->has_originals) {
		int r = dir_probe(originals);

		examine_note(q->examiner, r);
		flags |= r > 0 ? STATUS_ORIGINALS : 0;
	}
	status_line_built(&line, m->name, version, b, flags);
	report_text(&q->app->report, "%s", buf_str(&line));
	if (q->app->report.document)
		document_entry(q, m->name, version, b, b->installed ? "installed" : "built", flags);
}

static void show_broken(const struct query *q, const char *module, const char *version)
{
	CLEAN(free) char *text = xasprintf("%s/%s: the source link '%s/%s/%s/source' is missing or leads "
					   "nowhere", module, version, q->app->dkms_tree, module, version);

	show_plain(q, module, version, "broken");
	report_warning(&q->app->report, text,
		       "put the source back, add it again, or 'dkms remove --force' it");
}

static void show_version(const struct query *q, const struct snap_module *m, const struct snap_version *v)
{
	bool shown = false;

	if (v->state == VERSION_BROKEN) {
		show_broken(q, m->name, v->version);
		return;
	}
	for (size_t i = 0; i < v->n_builds; i++) {
		const struct snap_build *b = &v->builds[i];

		if (!b->built || !status_fits(q->kernel, b->kernel) || !status_fits(q->arch, b->arch))
			continue;
		show_build(q, m, v->version, b);
		shown = true;
	}
	if (!shown && v->state == VERSION_ADDED)
		show_plain(q, m->name, v->version, "added");
}

static void show_all(const struct query *q, const struct snapshot *snap)
{
	for (size_t m = 0; m < snap->n_modules; m++) {
		const struct snap_module *mod = &snap->modules[m];

		if (!status_fits(q->app->rq.module, mod->name))
			continue;
		for (size_t v = 0; v < mod->n_versions; v++)
			if (status_fits(q->app->rq.version, mod->versions[v].version))
				show_version(q, mod, &mod->versions[v]);
	}
}

int verb_status(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	struct examiner examiner;
	const struct request *rq = &app->rq;
	const char *only = rq->module && !strpbrk(rq->module, "*?[\\") ? rq->module : NULL;
	int r = app_snapshot(app, only, &snap, f);

	if (r < 0)
		return r;
	examine_begin(&examiner, app);
	if (app->report.document)
		json_array(document_writer(app->report.document), "modules");
	for (size_t i = 0; i < (rq->kernels.n ? rq->kernels.n : 1); i++) {
		struct query q = { .app = app, .examiner = &examiner };

		if (rq->kernels.n)
			q.kernel = rq->kernels.items[i];
		if (rq->arches.n)
			q.arch = rq->arches.items[rq->arches.n > i ? i : 0];
		show_all(&q, &snap);
	}
	examine_done(&examiner);
	if (app->report.document)
		json_end(document_writer(app->report.document));
	if (examiner.err < 0)
		return fail_errno(f, examiner.err, "cannot look at all that is in '%s' and '%s'", app->dkms_tree,
				  app->install_tree);
	return 0;
}
