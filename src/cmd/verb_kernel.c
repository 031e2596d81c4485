/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/targets.h"
#include "core/outcome.h"

/* kernel_preinst and kernel_prerm, for the hooks of kernel packages. */

static int remove_from_kernel(struct app *app, const struct snapshot *snap,
			      const struct strv *only_auto, struct fail *f)
{
	CLEAN(plan) struct plan plan = { 0 };
	struct plan_request rq = app_plan_request(app, snap);
	CLEAN(free) char *kernel_dir = path_join(app->install_tree, app->targets->kernel);
	int r;

	plan_for_kernel_removal(&rq, only_auto, &plan);
	r = app_execute(app, &plan, f);
	if (r == -ERESTART || app->rq.dry_run)
		return r;
	dir_prune_below(kernel_dir);
	if (r == 0 || f->text)
		return r;
	return -E_NOT_REMOVED;
}

static int prepare(struct app *app, struct snapshot *snap, struct fail *f)
{
	int r = app_need_root(app, f);

	if (r == 0)
		r = app_snapshot(app, NULL, snap, f);
	if (r == 0)
		r = app_targets(app, snap, false, f);
	return r;
}

int verb_kernel_prerm(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	int r = prepare(app, &snap, f);

	return r < 0 ? r : remove_from_kernel(app, &snap, NULL, f);
}

int verb_kernel_preinst(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(strv) struct strv names = { 0 };
	int r = prepare(app, &snap, f);

	if (r < 0)
		return r;
	for (size_t i = 0; i < snap.n_modules; i++) {
		const struct snap_version *v = snapshot_newest(&snap.modules[i]);
		CLEAN(conf) struct conf c = { 0 };

		if (v && app_conf(app, snap.modules[i].name, v->version, NULL, app->targets, &c, NULL) == 0 &&
		    c.autoinstall)
			strv_add(&names, snap.modules[i].name);
	}
	return remove_from_kernel(app, &snap, &names, f);
}
