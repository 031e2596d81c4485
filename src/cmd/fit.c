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

static void judge(const struct app *app, const char *module, const char *version,
		  struct snap_build *b)
{
	const struct layout l = { app->dkms_tree, module, version, b->kernel, b->arch };
	CLEAN(free) char *dir = layout_built(&l), *why = NULL, *text = NULL;
	CLEAN(kernel) struct kernel k = { 0 };

	if (!loaded_is_marked(dir))
		return;
	kernel_init(&k, b->kernel, b->arch, app->install_tree, app->rq.kernel_source_dir,
		    app->rq.config_file);
	/* what there is to say about a kernel that is not here the install will say */
	if (!kernel_is_installed(&k) || loaded_fits(&k, dir, &why))
		return;
	b->unfit = true;
	text = xasprintf("%s/%s came built for kernel %s (%s), but not for this one: %s", module,
			 version, b->kernel, b->arch, why);
	report_warning(&app->report, text, "it is built anew");
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
