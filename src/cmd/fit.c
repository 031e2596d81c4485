/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/fit.h"

#include "base/mem.h"
#include "core/layout.h"
#include "sys/kernel.h"
#include "sys/loaded.h"

static bool is_target(const struct app *app, const struct snap_build *b)
{
	for (size_t i = 0; i < app->n_targets; i++)
		if (str_eq(app->targets[i].kernel, b->kernel) &&
		    str_eq(app->targets[i].arch, b->arch))
			return true;
	return false;
}

/* Does what lies in dir fit the kernel? If not that is told. */
static bool fits(const struct app *app, const char *module, const char *version,
		 const struct target *t, const char *dir)
{
	CLEAN(free) char *why = NULL, *text = NULL;
	CLEAN(kernel) struct kernel k = { 0 };

	kernel_init(&k, t->kernel, t->arch, app->install_tree, app->rq.kernel_source_dir,
		    app->rq.config_file);
	/* what there is to say about a kernel that is not here the install will say */
	if (!kernel_is_installed(&k) || loaded_fits(&k, dir, &why))
		return true;
	text = xasprintf("%s/%s came built for kernel %s (%s), but not for this one: %s", module,
			 version, t->kernel, t->arch, why);
	report_warning(&app->report, text, "it is built anew");
	return false;
}

static void judge(const struct app *app, const char *module, const char *version,
		  struct snap_build *b)
{
	const struct layout l = { app->dkms_tree, module, version, b->kernel, b->arch };
	const struct target t = { b->kernel, b->arch };
	CLEAN(free) char *dir = layout_built(&l);

	if (loaded_is_marked(dir) && !fits(app, module, version, &t, dir))
		b->unfit = true;
}

void app_judge_loaded(const struct app *app, const char *module, struct snapshot *snap)
{
	if (app->rq.force)
		return;
	for (size_t m = 0; m < snap->n_modules; m++) {
		const struct snap_module *mod = &snap->modules[m];

		if (module && !str_eq(module, mod->name))
			continue;
		for (size_t v = 0; v < mod->n_versions; v++)
			for (size_t i = 0; i < mod->versions[v].n_builds; i++) {
				struct snap_build *b = &mod->versions[v].builds[i];

				if (b->built && !b->installed && is_target(app, b))
					judge(app, mod->name, mod->versions[v].version, b);
			}
	}
}

void app_judge_archive(const struct app *app, struct plan *plan)
{
	if (app->rq.force || !app->has_archive)
		return;
	for (size_t i = 0; i < app->archive.n_builds; i++) {
		const struct archive_build *b = &app->archive.builds[i];
		const struct target t = { b->kernel, b->arch };
		size_t build = plan_find(plan, STEP_BUILD, app->rq.module, app->rq.version,
					 b->kernel, b->arch);

		if (build != (size_t)-1 && !fits(app, app->rq.module, app->rq.version, &t, b->dir))
			plan->steps[build].flags |= STEP_AGAIN;
	}
}
