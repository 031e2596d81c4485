/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/fit.h"
#include "cmd/load.h"
#include "cmd/rebuilds.h"
#include "cmd/targets.h"
#include "core/outcome.h"
#include "sys/rpm.h"

/* add, build and install: the verbs that can begin with a source tree or an archive. */

/* Is the source tree outside the place where sources belong? Then copying it needs root. */
static bool is_outside(const struct app *app)
{
	CLEAN(free) char *real = realpath(app->rq.source, NULL);
	CLEAN(free) char *tree = realpath(app->source_tree, NULL);

	return !real || !tree || !path_is_below(real, tree);
}

/* Name and version from a source tree's dkms.conf, where none was named. */
static int name_from_source(struct app *app, struct fail *f)
{
	if (app->rq.source_kind != SOURCE_TREE)
		return 0;
	if (app->rq.module && app->rq.version) {
		report_warning(&app->report, "a module and a source tree were named: the name counts",
			       NULL);
		return 0;
	}
	return app_names_from(app, app->rq.source, f);
}

/* The checks that the three verbs share, in their order. */
static int prepare(struct app *app, struct snapshot *snap, struct fail *f)
{
	bool broken_matters = app->rq.verb != VERB_ADD;
	int r = app_refuse_all(app, f);

	if (r < 0)
		return r;
	if (broken_matters && app->rq.module && app->rq.version) {
		r = app_snapshot(app, app->rq.module, snap, f);
		if (r == 0)
			r = app_refuse_broken(app, snap, f);
		if (r < 0)
			return r;
	}
	if (app->rq.verb == VERB_INSTALL || (app->rq.source_kind == SOURCE_TREE && is_outside(app)))
		r = app_need_root(app, f);
	if (r == 0)
		r = app_need_access(app, f);
	if (r == 0)
		r = name_from_source(app, f);
	if (r == 0 && app->rq.source_kind != SOURCE_TREE)
		r = load_open(app, f);
	if (r == 0)
		r = app_need_names(app, f);
	if (r < 0)
		return r;
	snapshot_done(snap);
	r = app_snapshot(app, app->rq.module, snap, f);
	if (r == 0 && broken_matters)
		r = app_refuse_broken(app, snap, f);
	return r;
}

static int refuse_added(const struct app *app, const struct snapshot *snap, struct fail *f)
{
	const struct snap_version *v = snapshot_version(snap, app->rq.module, app->rq.version);

	if (!v || v->state != VERSION_ADDED)
		return 0;
	fail_set(f, -E_ALREADY_ADDED, "%s/%s is already added", app->rq.module, app->rq.version);
	fail_hint(f, "remove it first: dkms remove %s/%s --all", app->rq.module, app->rq.version);
	return f->code;
}

/* Does a path lead through a directory, if only by a link in it? */
static bool leads_through(const char *path, const char *dir)
{
	CLEAN(free) char *at = path_squeeze(path);

	for (;;) {
		CLEAN(free) char *real = realpath(at, NULL);
		char *up = path_dir(at);
		bool is_top = str_eq(up, at);

		free(at);
		at = up;
		if (real && path_is_below(real, dir))
			return true;
		if (is_top)
			return false;
	}
}

/* --force replaces the source that is there: not where what is copied is a part of it, or it of that, since then more
 * would go than was replaced. A place that is a link is not followed: what is behind it does not go. */
static bool may_replace(const struct app *app, const struct step *add)
{
	CLEAN(free) char *tree = realpath(app->source_tree, NULL);
	CLEAN(free) char *name = xasprintf("%s-%s", add->module, add->version);
	CLEAN(free) char *place = tree ? path_join(tree, name) : NULL;
	CLEAN(free) char *text = NULL;

	if (!place || !path_is_dir(place) || str_eq(add->from, place))
		return true;
	if (!leads_through(app->rq.source, place) && !path_is_below(place, add->from))
		return true;
	text = xasprintf("'%s' is copied over '%s', and nothing is removed there in spite of --force, because one "
			 "lies in the other", app->rq.source, place);
	report_warning(&app->report, text, NULL);
	return false;
}

/* The add step of a plan copies from the source tree that was named. */
static void set_source(const struct app *app, struct plan *p)
{
	CLEAN(free) char *real = NULL;

	if (app->rq.source_kind != SOURCE_TREE)
		return;
	real = realpath(app->rq.source, NULL);
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].kind == STEP_ADD) {
			p->steps[i].from = xstrdup(real ? real : app->rq.source);
			if (app->rq.force && may_replace(app, &p->steps[i]))
				p->steps[i].flags |= STEP_FORCED;
		}
}

int verb_add(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	int r;

	if (load_path(app) && app->rq.source_kind != SOURCE_TREE) {
		r = app_refuse_all(app, f);
		return r < 0 ? r : verb_ldtarball(app, f);
	}
	r = prepare(app, &snap, f);
	if (r == 0)
		r = refuse_added(app, &snap, f);
	if (r < 0)
		return r;
	plan_add(&plan, STEP_ADD, app->rq.module, app->rq.version, NULL, NULL, 0);
	set_source(app, &plan);
	r = app_execute(app, &plan, f);
	if (r == 0 && app->rq.rpm_safe_upgrade && !app->rq.dry_run)
		r = rpm_upgrade_note(app->tmp_location, app->rq.module, app->rq.version, f);
	return r;
}

static int build_or_install(struct app *app, void (*planner)(const struct plan_request *, struct plan *),
			    struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	struct plan_request rq;
	int r = prepare(app, &snap, f);

	if (r == 0 && app->rq.source_kind == SOURCE_TREE)
		r = refuse_added(app, &snap, f);
	if (r == 0)
		r = load_refuse(app, &snap, f);
	if (r == 0)
		r = app_targets(app, &snap, true, f);
	if (r < 0)
		return r;
	app_judge_loaded(app, app->rq.module, &snap);
	rq = app_plan_request(app, &snap);
	planner(&rq, &plan);
	set_source(app, &plan);
	load_plan(app, &snap, &plan);
	app_judge_archive(app, &plan);
	app_plan_rebuilds(app, &plan);
	return app_execute(app, &plan, f);
}

int verb_build(struct app *app, struct fail *f)
{
	return build_or_install(app, plan_for_build, f);
}

int verb_install(struct app *app, struct fail *f)
{
	return build_or_install(app, plan_for_install, f);
}
