/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "core/layout.h"
#include "core/status.h"
#include "sys/install_tree.h"
#include "sys/kernel.h"

/* One pass over the tree: for all kernels, or for one of those that were asked for. */
struct query {
	const struct app *app;
	const char *kernel, *arch; /* patterns, or NULL */
};

/* Is there a file of the built one's name and bytes at one of the places where it may be? */
static bool is_installed_same(const struct query *q, const struct snap_build *b,
			      const struct conf_module *m, const char *built)
{
	const char *const places[] = { q->app->distro.dest, m->dest_location };

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		CLEAN(free) char *path = NULL;

		if (!places[i])
			continue;
		path = path_join(q->app->install_tree, b->kernel, places[i], path_base(built));
		if (file_same(built, path) == 1)
			return true;
	}
	return false;
}

static unsigned compare_modules(const struct query *q, const struct layout *l,
				const struct snap_build *b, const struct conf *c,
				const struct conf_exclusion *x)
{
	CLEAN(free) char *dir = layout_built_files(l);
	unsigned flags = 0;

	for (size_t i = 0; i < c->n_modules; i++) {
		CLEAN(strv) struct strv built = { 0 };

		if (x->modules && x->modules[i])
			continue;
		module_files_in(dir, c->modules[i].dest_name, &built);
		if (built.n == 0)
			return STATUS_MISSING;
		if (b->installed && !is_installed_same(q, b, &c->modules[i], built.items[0]))
			flags = STATUS_DIFFERS;
	}
	return flags;
}

static bool needs_config(const struct conf *c)
{
	for (size_t i = 0; i < c->n_exclusives; i++)
		if (c->exclusives[i].config)
			return true;
	return false;
}

/* Another dkms may have removed it since the tree was read: then there is nothing to complain of. */
static bool is_still_there(const struct layout *l)
{
	CLEAN(free) char *source = layout_source(l), *built = layout_built(l);

	return path_is_dir(source) && path_is_dir(built);
}

static unsigned look_closer(const struct query *q, const struct layout *l, const struct snap_build *b)
{
	CLEAN(conf) struct conf c = { 0 };
	CLEAN(conf_exclusion) struct conf_exclusion x = { 0 };
	CLEAN(kernel) struct kernel k = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	const struct target target = { b->kernel, b->arch };
	const struct conf_target t = { l->module, l->version, b->kernel, b->arch };

	if (app_conf(q->app, l->module, l->version, NULL, &target, &c, &f) < 0) {
		if (is_still_there(l))
			report_error(&q->app->report, &f);
		return 0;
	}
	if (c.errors.n) {
		for (size_t i = 0; i < c.errors.n; i++) {
			fail_set(&f, -1, "dkms.conf of %s/%s: %s", l->module, l->version,
				 c.errors.items[i].text);
			report_error(&q->app->report, &f);
		}
		return 0;
	}
	kernel_init(&k, b->kernel, b->arch, q->app->install_tree, q->app->rq.kernel_source_dir,
		    q->app->rq.config_file);
	conf_judge_exclusive(&c, &t, needs_config(&c) && kernel_has_config(&k) ? kernel_config(&k) : NULL,
			     &x);
	return compare_modules(q, l, b, &c, &x);
}

/* One entry of the document's list; b NULL: no kernel, state says. */
static void document_entry(const struct query *q, const char *module, const char *version,
			   const struct snap_build *b, const char *state, unsigned flags)
{
	struct json *j = document_writer(q->app->report.document);

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
		CLEAN(free) char *log = layout_log(&l);

		json_string(j, "log", path_exists(log) ? log : NULL);
	}
	json_end(j);
}

static void show_plain(const struct query *q, const char *module, const char *version, const char *state)
{
	report_text(&q->app->report, "%s/%s: %s", module, version, state);
	if (q->app->report.document)
		document_entry(q, module, version, NULL, state, 0);
}

static void show_build(const struct query *q, const char *module, const char *version,
		       const struct snap_build *b)
{
	const struct layout l = { q->app->dkms_tree, module, version, b->kernel, b->arch };
	CLEAN(free) char *originals = layout_originals(&l);
	CLEAN(buf) struct buf line = { 0 };
	unsigned flags = look_closer(q, &l, b);

	if (path_is_dir(originals))
		flags |= STATUS_ORIGINALS;
	status_line_built(&line, module, version, b, flags);
	report_text(&q->app->report, "%s", buf_str(&line));
	if (q->app->report.document)
		document_entry(q, module, version, b, b->installed ? "installed" : "built", flags);
}

static void show_broken(const struct query *q, const char *module, const char *version)
{
	CLEAN(free) char *text = xasprintf("%s/%s: the source link '%s/%s/%s/source' is missing or leads "
					   "nowhere", module, version, q->app->dkms_tree, module, version);

	show_plain(q, module, version, "broken");
	report_warning(&q->app->report, text,
		       "put the source back, add it again, or 'dkms remove --force' it");
}

static void show_version(const struct query *q, const char *module, const struct snap_version *v)
{
	bool shown = false;

	if (v->state == VERSION_BROKEN) {
		show_broken(q, module, v->version);
		return;
	}
	for (size_t i = 0; i < v->n_builds; i++) {
		const struct snap_build *b = &v->builds[i];

		if (!b->built || !status_fits(q->kernel, b->kernel) || !status_fits(q->arch, b->arch))
			continue;
		show_build(q, module, v->version, b);
		shown = true;
	}
	if (!shown && v->state == VERSION_ADDED)
		show_plain(q, module, v->version, "added");
}

static void show_all(const struct query *q, const struct snapshot *snap)
{
	for (size_t m = 0; m < snap->n_modules; m++) {
		const struct snap_module *mod = &snap->modules[m];

		for (size_t v = 0; v < mod->n_versions; v++)
			if (status_fits(q->app->rq.version, mod->versions[v].version))
				show_version(q, mod->name, &mod->versions[v]);
	}
}

int verb_status(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(conf_cache) struct conf_cache cache = { 0 };
	const struct request *rq = &app->rq;
	int r = app_snapshot(app, rq->module, &snap, f);

	if (r < 0)
		return r;
	app->conf_cache = &cache;
	if (app->report.document)
		json_array(document_writer(app->report.document), "modules");
	for (size_t i = 0; i < (rq->kernels.n ? rq->kernels.n : 1); i++) {
		struct query q = { .app = app };

		if (rq->kernels.n)
			q.kernel = rq->kernels.items[i];
		if (rq->arches.n)
			q.arch = rq->arches.items[rq->arches.n > i ? i : 0];
		show_all(&q, &snap);
	}
	app->conf_cache = NULL;
	if (app->report.document)
		json_end(document_writer(app->report.document));
	return 0;
}
