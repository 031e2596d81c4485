/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/targets.h"
#include "core/conf_exclude.h"
#include "core/layout.h"
#include "core/outcome.h"
#include "sys/build.h"

/* kernel_preinst and kernel_prerm, for the hooks of kernel packages. */

static int remove_from_kernel(struct app *app, const struct snapshot *snap,
			      const struct strv *only, struct fail *f)
{
	CLEAN(plan) struct plan plan = { 0 };
	struct plan_request rq = app_plan_request(app, snap);
	CLEAN(free) char *kernel_dir = path_join(app->install_tree, app->targets->kernel);
	int r;

	plan_for_kernel_removal(&rq, only, &plan);
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

/* What postinst is going to find out, too, as far as it can be known without the kernel's headers, which may come with
 * the kernel. *ret_auto: the conf says AUTOINSTALL, or cannot be read. */
static int check_build(const struct app *app, const char *module, const struct snap_version *v, bool *ret_auto,
		       struct fail *f)
{
	const struct target *t = app->targets;
	const struct layout l = { app->dkms_tree, module, v->version, t->kernel, t->arch };
	CLEAN(free) char *source = layout_source(&l);
	CLEAN(conf_exclusion) struct conf_exclusion x = { 0 };
	CLEAN(conf) struct conf c = { 0 };
	int r;

	*ret_auto = true;
	if (v->state != VERSION_ADDED)
		return fail_set(f, -E_BROKEN, "the source of %s/%s is missing", module, v->version);
	r = app_conf(app, module, v->version, NULL, t, &c, f);
	if (r < 0)
		return r;
	*ret_auto = c.autoinstall;
	if (c.errors.n || c.duplicates.n)
		return fail_set(f, -E_BAD_CONF, "the dkms.conf of %s/%s is invalid", module, v->version);
	conf_judge_exclusive(&c, &(struct conf_target){ module, v->version, t->kernel, t->arch }, NULL, &x);
	if (x.all)
		return fail_set(f, -E_EXCLUDED, "%s/%s is not for this kernel: %s", module, v->version,
				x.why ? x.why : "BUILD_EXCLUSIVE");
	return build_check_source(&l, source, f);
}

/* What stays in the kernel, though it is not said that it is not for autoinstall. */
static void leave(const struct app *app, const char *module, const char *version, const struct fail *why,
		  struct strv *told)
{
	strv_add_fmt(told, "%s/%s stays as it is for kernel %s (%s), since it could not be built again: %s", module,
		     version, app->targets->kernel, app->targets->arch, why->text);
}

/* A version goes if it could be built again, and if the newest one, which is what postinst builds, can be. */
static void choose(const struct app *app, const struct snapshot *snap, const struct snap_module *m,
		   struct strv *names, struct strv *told)
{
	const struct snap_version *newest = snapshot_newest(m);
	const struct target *t = app->targets;
	CLEAN(fail) struct fail f = { 0 };
	bool is_auto = true;
	int r = newest ? check_build(app, m->name, newest, &is_auto, &f) : 0;

	for (size_t i = 0; i < m->n_versions && is_auto; i++) {
		const struct snap_version *v = &m->versions[i];
		CLEAN(fail) struct fail own = { 0 };
		bool unused;

		if (!snapshot_concerns(snap, m->name, v->version, t->kernel, t->arch))
			continue;
		if (r < 0)
			leave(app, m->name, v->version, &f, told);
		else if (v != newest && check_build(app, m->name, v, &unused, &own) < 0)
			leave(app, m->name, v->version, &own, told);
		else
			strv_add_fmt(names, "%s/%s", m->name, v->version);
	}
}

int verb_kernel_preinst(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(strv) struct strv names = { 0 }, told = { 0 };
	int r = prepare(app, &snap, f);

	if (r < 0)
		return r;
	for (size_t i = 0; i < snap.n_modules; i++)
		choose(app, &snap, &snap.modules[i], &names, &told);
	r = remove_from_kernel(app, &snap, &names, f);
	/* not in the first of two rounds */
	for (size_t i = 0; i < told.n && r != -ERESTART; i++)
		report_line(&app->report, "%s", told.items[i]);
	return r;
}
