/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/app.h"
#include "cmd/targets.h"
#include "core/outcome.h"
#include "sys/rpm.h"

/* uninstall, unbuild and remove: the verbs that take back. */

static bool is_broken(const struct app *app, const struct snapshot *snap)
{
	const struct snap_version *v = snapshot_version(snap, app->rq.module, app->rq.version);

	return v && v->state == VERSION_BROKEN;
}

/* The checks in their order; *ret_known_only: it is broken, and remove --force goes on. */
static int prepare(struct app *app, struct snapshot *snap, bool *ret_known_only, struct fail *f)
{
	int r = app_need_names(app, f);

	if (r == 0)
		r = app_snapshot(app, app->rq.module, snap, f);
	if (r < 0)
		return r;
	*ret_known_only = app->rq.verb == VERB_REMOVE && app->rq.force && is_broken(app, snap);
	if (!*ret_known_only)
		r = app_refuse_broken(app, snap, f);
	if (r == 0)
		r = app_refuse_unknown(app, snap, f);
	if (r == 0 && app->rq.verb == VERB_UNINSTALL)
		r = app_need_root(app, f);
	if (r == 0)
		r = app_need_access(app, f);
	if (r == 0)
		r = app_targets(app, snap, false, f);
	if (r == 0)
		app_remnant_targets(app, snap);
	return r;
}

static int take_back(struct app *app, void (*planner)(const struct plan_request *, struct plan *),
		     struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	struct plan_request rq;
	bool known_only = false;
	int r = prepare(app, &snap, &known_only, f);

	if (r < 0)
		return r;
	rq = app_plan_request(app, &snap);
	planner(&rq, &plan);
	return app_execute(app, &plan, f);
}

int verb_uninstall(struct app *app, struct fail *f)
{
	return take_back(app, plan_for_uninstall, f);
}

int verb_unbuild(struct app *app, struct fail *f)
{
	return take_back(app, plan_for_unbuild, f);
}

int verb_remove(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	struct plan_request rq;
	bool known_only = false;
	int r;

	/* the old package's script of an upgrade to the same version: what the new one's added stays */
	if (app->rq.rpm_safe_upgrade && app_need_names(app, NULL) == 0 &&
	    rpm_upgrade_is_noted(app->tmp_location, app->rq.module, app->rq.version, !app->rq.dry_run)) {
		report_line(&app->report, "%s/%s: kept, this rpm upgrade has just added it",
			    app->rq.module, app->rq.version);
		return app_has_nothing_to_do(app);
	}
	r = prepare(app, &snap, &known_only, f);

	if (r < 0)
		return r;
	rq = app_plan_request(app, &snap);
	plan_for_remove(&rq, known_only, &plan);
	return app_execute(app, &plan, f);
}
