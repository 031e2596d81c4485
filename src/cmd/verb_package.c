/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/targets.h"
#include "core/outcome.h"

/* mkdeb, mkbmdeb, mkdsc and mkrpm. */

static int refuse_options(const struct app *app, enum package_kind kind, struct fail *f)
{
	const char *verb = verb_name(app->rq.verb);

	if (package_is_of_kernel(kind) && app->rq.source_only)
		return fail_set(f, -E_USAGE,
				"'dkms %s' makes packages of modules: not with --source-only",
				verb);
	if (!package_has_modules(kind) && app->rq.binaries_only)
		return fail_set(f, -E_USAGE,
				"'dkms %s' makes a package of source: not with --binaries-only",
				verb);
	return 0;
}

static int refuse_conf(const struct app *app, struct fail *f)
{
	CLEAN(conf) struct conf c = { 0 };
	CLEAN(free)
	char *source = path_join(app->dkms_tree, app->rq.module, app->rq.version, "source");
	int r = app_conf(app, app->rq.module, app->rq.version, source, NULL, &c, f);

	return r < 0 ? r : app_refuse_bad_conf(&c, source, f);
}

/* The kernels that were named, whether it is built for them or not; else all that it is built for.
 */
static int choose_targets(struct app *app, enum package_kind kind, const struct snapshot *snap,
			  struct fail *f)
{
	bool needs_one = package_is_of_kernel(kind) || app->rq.binaries_only;
	int r = 0;

	if (!package_has_modules(kind) || app->rq.source_only)
		return 0;
	if (app->rq.kernels.n)
		r = app_targets(app, snap, false, f);
	else
		app_built_targets(app, snap);
	for (size_t i = 0; i < app->n_targets && r == 0; i++)
		r = package_check_kernel(app->targets[i].kernel, f);
	if (r < 0 || app->n_targets || !needs_one)
		return r;
	fail_set(f, -E_NOT_BUILT, "%s/%s is not built for any kernel", app->rq.module,
		 app->rq.version);
	fail_hint(f, "name one with -k, and it is built");
	return f->code;
}

/* The checks in their order. */
static int prepare(struct app *app, enum package_kind kind, struct snapshot *snap, struct fail *f)
{
	int r = refuse_options(app, kind, f);

	if (r == 0)
		r = app_need_access(app, f);
	if (r == 0)
		r = app_need_names(app, f);
	if (r == 0)
		r = app_snapshot_known(app, snap, f);
	if (r == 0)
		r = refuse_conf(app, f);
	if (r == 0)
		r = package_check_names(app->rq.module, app->rq.version, f);
	if (r == 0)
		r = choose_targets(app, kind, snap, f);
	return r;
}

static int make(struct app *app, enum package_kind kind, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	struct package_order order = {
		.kind = kind,
		.source_only = app->rq.source_only,
		.binaries_only = app->rq.binaries_only,
	};
	struct plan_request rq;
	int r = prepare(app, kind, &snap, f);

	if (r < 0)
		return r;
	order.targets = app->targets;
	order.n_targets = app->n_targets;
	rq = app_plan_request(app, &snap);
	plan_for_package(&rq, package_is_of_kernel(kind), &plan);
	app->order = &order;
	r = app_execute(app, &plan, f);
	app->order = NULL;
	if (r != -ERESTART && app->report.document)
		json_strings(document_writer(app->report.document), "packages", &order.made);
	strv_done(&order.made);
	return r;
}

int verb_mkdeb(struct app *app, struct fail *f)
{
	return make(app, PACKAGE_DEB, f);
}

int verb_mkbmdeb(struct app *app, struct fail *f)
{
	return make(app, PACKAGE_DEB_MODULES, f);
}

int verb_mkdsc(struct app *app, struct fail *f)
{
	return make(app, PACKAGE_DSC, f);
}

int verb_mkrpm(struct app *app, struct fail *f)
{
	return make(app, app->rq.binaries_only ? PACKAGE_RPM_MODULES : PACKAGE_RPM, f);
}
