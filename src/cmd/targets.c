/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/targets.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/name.h"
#include "core/outcome.h"
#include "core/version.h"
#include "sys/kernel.h"
#include "sys/rpm.h"

void app_forget_targets(struct app *app)
{
	for (size_t i = 0; i < app->n_targets; i++) {
		free(app->targets[i].kernel);
		free(app->targets[i].arch);
	}
	free(app->targets);
	app->targets = NULL;
	app->n_targets = 0;
}

/* On rpm systems a kernel's architecture is that of its package: an i686 kernel on an x86_64 machine. */
static char *default_arch(const struct app *app, const char *kernel)
{
	CLEAN(free) char *dir = NULL, *arch = NULL;

	if (!app->distro.is_rpm)
		return xstrdup(app->running_arch);
	dir = path_join(app->install_tree, kernel);
	arch = path_is_dir(dir) ? rpm_arch_of(dir, &app->environment) : NULL;
	return arch && name_is_valid(arch) ? TAKE_PTR(arch) : xstrdup(app->running_arch);
}

static void add_target(struct app *app, const char *kernel, const char *arch)
{
	app->targets = xreallocarray(app->targets, app->n_targets + 1, sizeof(*app->targets));
	app->targets[app->n_targets++] = (struct target){ xstrdup(kernel), xstrdup(arch) };
}

static int compare_targets(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int c = version_compare(x->kernel, y->kernel);

	if (c == 0)
		c = strcmp(x->kernel, y->kernel);
	return c ? c : strcmp(x->arch, y->arch);
}

static void sort_targets(struct app *app)
{
	if (app->n_targets > 1)
		qsort(app->targets, app->n_targets, sizeof(*app->targets), compare_targets);
}

static void all_targets(struct app *app, const struct snapshot *snap, bool only_built)
{
	const struct snap_version *v = snapshot_version(snap, app->rq.module, app->rq.version);

	for (size_t i = 0; v && i < v->n_builds; i++) {
		const struct snap_build *b = &v->builds[i];

		if (only_built && (!b->built || (app->rq.arches.n && !strv_has(&app->rq.arches, b->arch))))
			continue;
		add_target(app, b->kernel, b->arch);
	}
	sort_targets(app);
}

void app_built_targets(struct app *app, const struct snapshot *snap)
{
	all_targets(app, snap, true);
}

static bool has_target(const struct app *app, const char *kernel, const char *arch)
{
	for (size_t i = 0; i < app->n_targets; i++)
		if (str_eq(app->targets[i].kernel, kernel) && str_eq(app->targets[i].arch, arch))
			return true;
	return false;
}

/* Will nothing that is built be left of the version? */
static bool takes_all(const struct app *app, const struct snapshot *snap)
{
	const struct snap_version *v = snapshot_version(snap, app->rq.module, app->rq.version);

	for (size_t i = 0; v && i < v->n_builds && !app->rq.all; i++)
		if (!has_target(app, v->builds[i].kernel, v->builds[i].arch))
			return false;
	return app->rq.all || app->rq.verb == VERB_REMOVE;
}

void app_remnant_targets(struct app *app, const struct snapshot *snap)
{
	CLEAN(strv) struct strv kernels = { 0 }, arches = { 0 };

	if (!takes_all(app, snap))
		return;
	snapshot_remnants(snap, app->rq.module, app->rq.version, &kernels, &arches);
	for (size_t i = 0; i < kernels.n; i++)
		if (!has_target(app, kernels.items[i], arches.items[i]))
			add_target(app, kernels.items[i], arches.items[i]);
	if (app->rq.all)
		sort_targets(app);
}

static int named_targets(struct app *app, struct fail *f)
{
	for (size_t i = 0; i < app->rq.kernels.n; i++) {
		const char *kernel = app->rq.kernels.items[i];
		CLEAN(free) char *own = app->rq.arches.n ? NULL : default_arch(app, kernel);
		const char *arch = own;

		if (app->rq.arches.n)
			arch = app->rq.arches.items[app->rq.arches.n == 1 ? 0 : i];
		if (!name_is_valid(kernel) || !name_is_valid(arch))
			return fail_set(f, -E_BAD_NAME, "'%s' (%s) cannot be a kernel", kernel,
					arch);
		add_target(app, kernel, arch);
	}
	return 0;
}

/* The kernels below the install tree. */
static void kernels_here(const struct app *app, struct strv *ret)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(app->install_tree, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *dir = path_join(app->install_tree, names.items[i]);

		if (name_is_kernel(names.items[i]) && path_is_dir(dir))
			strv_add(ret, names.items[i]);
	}
}

static int every_kernel(struct app *app, const struct snapshot *snap, struct fail *f)
{
	CLEAN(strv) struct strv here = { 0 };

	kernels_here(app, &here);
	for (size_t i = 0; i < here.n; i++) {
		CLEAN(free) char *arch = default_arch(app, here.items[i]);
		CLEAN(kernel) struct kernel k = { 0 };

		kernel_init(&k, here.items[i], arch, app->install_tree, NULL, NULL);
		if (kernel_has_headers(&k))
			add_target(app, here.items[i], arch);
		else
			report_line(&app->report, "kernel %s is passed over: its headers are not there",
				    here.items[i]);
	}
	sort_targets(app);
	if (app->n_targets || snap->n_modules == 0)
		return 0;
	fail_set(f, -E_NO_HEADERS, "no kernel in '%s' has its headers", app->install_tree);
	fail_hint(f, "install the headers of the kernels that modules are wanted for");
	return f->code;
}

/* No kernel was named: the running one, unless it belongs to somebody else. */
static void default_target(struct app *app, const char *arch, bool chooses)
{
	CLEAN(free) char *dir = path_join(app->install_tree, app->running_kernel);
	CLEAN(strv) struct strv here = { 0 };
	CLEAN(free) char *text = NULL, *names = NULL;

	if (chooses && !path_is_dir(dir) && !app->rq.kernel_source_dir) {
		kernels_here(app, &here);
		names = strv_join(&here, " ");
		if (here.n == 1)
			text = xasprintf("the running kernel %s is not installed here; taking %s",
					 app->running_kernel, names);
		else
			text = xasprintf(
				"the running kernel %s is not installed here; kernels that are: %s",
				app->running_kernel, here.n ? names : "none");
		report_warning(&app->report, text, here.n == 1 ? NULL : "name one with -k");
	}
	add_target(app, here.n == 1 ? here.items[0] : app->running_kernel, arch);
}

int app_targets(struct app *app, const struct snapshot *snap, bool chooses, struct fail *f)
{
	CLEAN(free) char *own = app->rq.arches.n ? NULL : default_arch(app, app->running_kernel);
	const char *arch = app->rq.arches.n ? app->rq.arches.items[0] : own;

	if (app->rq.all_kernels)
		return every_kernel(app, snap, f);
	if (app->rq.all) {
		all_targets(app, snap, false);
		return 0;
	}
	if (app->rq.kernels.n)
		return named_targets(app, f);
	if (!name_is_valid(arch))
		return fail_set(f, -E_BAD_NAME, "'%s' cannot be an architecture", arch);
	default_target(app, arch, chooses);
	return 0;
}
