/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/changes.h"
#include "cmd/fit.h"
#include "cmd/rebuilds.h"
#include "cmd/targets.h"
#include "core/outcome.h"

/* autoinstall, kernel_postinst and match: what brings many modules to one kernel. */

static void warn_of_broken(const struct app *app, const struct snapshot *snap)
{
	for (size_t m = 0; m < snap->n_modules; m++)
		for (size_t v = 0; v < snap->modules[m].n_versions; v++) {
			CLEAN(free) char *text = NULL;

			if (snap->modules[m].versions[v].state != VERSION_BROKEN)
				continue;
			text = xasprintf("%s/%s is broken and passed over: its source link is missing or "
					 "leads nowhere", snap->modules[m].name,
					 snap->modules[m].versions[v].version);
			report_warning(&app->report, text, NULL);
		}
}

/* The modules as the planner sees them, n for each target; confs keep what they borrow alive. */
struct candidates {
	struct auto_module *modules;
	struct conf *confs;
	size_t n, n_all;
	struct strv told; /* what was said of confs: each once, however many kernels there are */
};

static void clean_candidates(struct candidates *c)
{
	for (size_t i = 0; i < c->n_all; i++)
		conf_done(&c->confs[i]);
	free(c->confs);
	free(c->modules);
	strv_done(&c->told);
}

static void tell_once(const struct app *app, struct candidates *c, const struct fail *f)
{
	if (strv_has(&c->told, f->text))
		return;
	strv_add(&c->told, f->text);
	report_error(&app->report, f);
}

static void tell_problems(const struct app *app, const struct auto_module *m, const struct conf_problems *p,
			  struct candidates *c)
{
	for (size_t i = 0; i < p->n; i++) {
		CLEAN(fail) struct fail f = { 0 };

		fail_set(&f, -E_BAD_CONF, "dkms.conf of %s/%s: %s", m->module, m->version, p->items[i].text);
		tell_once(app, c, &f);
	}
}

/* A conf that cannot be used is one failed module, not the end of all. */
static bool read_conf(const struct app *app, const struct target *t, const struct auto_module *m,
		      struct candidates *c, struct conf *ret)
{
	CLEAN(fail) struct fail f = { 0 };

	if (app_conf(app, m->module, m->version, NULL, t, ret, &f) < 0) {
		tell_once(app, c, &f);
		return false;
	}
	tell_problems(app, m, &ret->errors, c);
	tell_problems(app, m, &ret->duplicates, c);
	return ret->errors.n == 0 && ret->duplicates.n == 0;
}

static void gather_for(const struct app *app, const struct snapshot *snap, const struct target *t,
		       struct candidates *c)
{
	CLEAN(kernel) struct kernel k = { 0 };
	size_t first = c->n_all;

	kernel_init(&k, t->kernel, t->arch, app->install_tree, app->rq.kernel_source_dir, app->rq.config_file);
	for (size_t i = 0; i < snap->n_modules; i++) {
		const struct snap_module *m = &snap->modules[i];
		const struct snap_version *newest = snapshot_newest(m);
		struct auto_module *a = &c->modules[c->n_all];
		struct conf *conf = &c->confs[c->n_all];
		const struct snap_build *b;

		if (!newest)
			continue;
		*a = (struct auto_module){ .module = m->name, .version = newest->version };
		c->n_all++;
		b = snapshot_build(snap, m->name, newest->version, t->kernel, t->arch);
		if (b && b->installed) {
			app_warn_of_changes(app, &(struct layout){ app->dkms_tree, m->name, newest->version,
								   b->kernel, b->arch }, &k);
			continue;
		}
		a->bad_conf = !read_conf(app, t, a, c, conf);
		a->autoinstall = conf->autoinstall;
		a->depends = &conf->build_depends;
	}
	c->n = c->n_all - first;
}

static void gather(const struct app *app, const struct snapshot *snap, struct candidates *c)
{
	size_t n = snap->n_modules * app->n_targets;

	c->modules = xcalloc(n, sizeof(*c->modules));
	c->confs = xcalloc(n, sizeof(*c->confs));
	for (size_t i = 0; i < app->n_targets; i++)
		gather_for(app, snap, &app->targets[i], c);
}

/* One line: "autoinstall for K (A) succeeded: a/1 b/2", if there are any. */
static void summary_line(const struct app *app, const struct target *t, const char *word,
			 const struct strv *names)
{
	CLEAN(free) char *all = NULL;

	if (names->n == 0)
		return;
	all = strv_join(names, " ");
	report_text(&app->report, "autoinstall for %s (%s) %s: %s", t->kernel, t->arch, word, all);
}

/* Each module counts by its install; a rebuild, which is on nobody's behalf, only where it failed. */
static bool is_counted(const struct step *s, const struct target *t)
{
	if (!str_eq(s->kernel, t->kernel) || !str_eq(s->arch, t->arch))
		return false;
	if ((s->flags & (STEP_AGAIN | STEP_ON_BEHALF)) == STEP_AGAIN)
		return s->state == STEP_FAILED;
	return s->kind == STEP_INSTALL;
}

/* What became of each module: its install step says, or, where that did not run, its build. False: one failed. */
static bool summarize(const struct app *app, const struct target *t, const struct plan *p)
{
	CLEAN(strv) struct strv done = { 0 }, skipped = { 0 }, failed = { 0 }, deferred = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];
		CLEAN(free) char *name = NULL;

		if (!is_counted(s, t))
			continue;
		name = xasprintf("%s/%s", s->module, s->version);
		switch (s->state) {
		case STEP_DONE:
		case STEP_NOTHING:
			strv_add(&done, name);
			break;
		case STEP_SKIPPED:
			strv_add(&skipped, name);
			break;
		case STEP_DEFERRED:
			strv_add(&deferred, name);
			break;
		default:
			strv_add(&failed, name);
		}
	}
	summary_line(app, t, "succeeded", &done);
	summary_line(app, t, "skipped", &skipped);
	summary_line(app, t, "failed", &failed);
	summary_line(app, t, "deferred", &deferred);
	return failed.n == 0;
}

static int summarize_all(const struct app *app, const struct plan *p)
{
	int code = 0;

	for (size_t i = 0; i < app->n_targets; i++)
		if (!summarize(app, &app->targets[i], p))
			code = -E_SOME_FAILED;
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].state == STEP_FAILED && p->steps[i].code == -E_NO_HEADERS)
			code = -E_NO_HEADERS;
	return code;
}

int verb_autoinstall(struct app *app, struct fail *f)
{
	CLEAN(conf_cache) struct conf_cache cache = { 0 };
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(candidates) struct candidates c = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	CLEAN(free) char *off = path_join(app->etc_dir, "no-autoinstall");
	struct plan_request rq;
	int r = app_need_root(app, f);

	if (r == 0)
		r = request_check_one_kernel(&app->rq, f);
	if (r < 0)
		return r;
	if (path_exists(off)) {
		report_line(&app->report, "autoinstall is off: '%s' exists", off);
		return app_has_nothing_to_do(app);
	}
	r = app_snapshot(app, NULL, &snap, f);
	if (r == 0)
		r = app_targets(app, &snap, snap.n_modules > 0, f);
	if (r < 0)
		return r;
	warn_of_broken(app, &snap);
	app->conf_cache = &cache;
	gather(app, &snap, &c);
	app->conf_cache = NULL;
	app_judge_loaded(app, NULL, &snap);
	rq = app_plan_request(app, &snap);
	plan_for_autoinstall(&rq, c.modules, c.n, &plan);
	app_plan_rebuilds(app, &plan);
	r = app_execute(app, &plan, f);
	if (r == -ERESTART || f->text)
		return r;
	if (app->rq.dry_run)
		return r < 0 ? -E_SOME_FAILED : 0;
	return summarize_all(app, &plan);
}

static int refuse_match(const struct app *app, const struct snapshot *snap, struct fail *f)
{
	const char *template = app->rq.template_kernel;

	if (str_eq(template, app->targets->kernel))
		return fail_set(f, -E_SAME_TEMPLATE, "the template kernel is the target kernel: %s",
				template);
	if (app->rq.module && !snapshot_module(snap, app->rq.module))
		return fail_set(f, -E_UNKNOWN_MODULE, "module '%s' is not in the dkms tree",
				app->rq.module);
	return 0;
}

int verb_match(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	struct plan_request rq;
	int r = app_need_root(app, f);

	if (r == 0)
		r = request_check_one_kernel(&app->rq, f);
	if (r < 0)
		return r;
	if (app->rq.source_kind == SOURCE_TREE && !app->rq.module) {
		/* it must not mean every module */
		fail_set(f, -E_NO_NAME, "'dkms match' takes a module by its name, not by its source '%s'",
			 app->rq.source);
		return f->code;
	}
	if (str_is_empty(app->rq.template_kernel)) {
		fail_set(f, -E_NO_TEMPLATE, "'dkms match' needs a kernel to take as the example");
		fail_hint(f, "name it with --templatekernel");
		return f->code;
	}
	r = app_snapshot(app, NULL, &snap, f);
	if (r == 0)
		r = app_targets(app, &snap, false, f);
	if (r == 0)
		r = refuse_match(app, &snap, f);
	if (r < 0)
		return r;
	warn_of_broken(app, &snap);
	app_judge_loaded(app, app->rq.module, &snap);
	rq = app_plan_request(app, &snap);
	plan_for_match(&rq, app->rq.template_kernel, &plan);
	if (plan.n == 0) {
		report_line(&app->report, "nothing to do: nothing is installed for kernel %s",
			    app->rq.template_kernel);
		return app_has_nothing_to_do(app);
	}
	app_plan_rebuilds(app, &plan);
	return app_execute(app, &plan, f);
}
