/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "cmd/app.h"
#include "cmd/targets.h"
#include "core/outcome.h"

/* sign: what is built gets the signature of this machine's key, wherever it was built. */

/* The kernels that were named, else all that it is built for. */
static int choose_targets(struct app *app, const struct snapshot *snap, struct fail *f)
{
	int r = 0;

	if (app->rq.kernels.n)
		r = app_targets(app, snap, false, f);
	else
		app_built_targets(app, snap);
	for (size_t i = 0; i < app->n_targets && r == 0; i++) {
		const struct target *t = &app->targets[i];
		const struct snap_build *b =
			snapshot_build(snap, app->rq.module, app->rq.version, t->kernel, t->arch);

		if (!b || !b->built)
			r = fail_set(f, -E_NOT_BUILT, "%s/%s is not built for kernel %s (%s)",
				     app->rq.module, app->rq.version, t->kernel, t->arch);
	}
	if (r < 0 || app->n_targets)
		return r;
	return fail_set(f, -E_NOT_BUILT, "%s/%s is not built for any kernel", app->rq.module,
			app->rq.version);
}

int verb_sign(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	struct plan_request rq;
	int r = app_need_access(app, f);

	if (r == 0)
		r = app_need_names(app, f);
	if (r == 0)
		r = app_snapshot_known(app, &snap, f);
	if (r == 0)
		r = choose_targets(app, &snap, f);
	if (r < 0)
		return r;
	rq = app_plan_request(app, &snap);
	plan_for_sign(&rq, &plan);
	return app_execute(app, &plan, f);
}
