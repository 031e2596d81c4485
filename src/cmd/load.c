/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/load.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/name.h"
#include "core/outcome.h"

const char *load_path(const struct app *app)
{
	if (app->rq.archive)
		return app->rq.archive;
	return app->rq.source_kind == SOURCE_ARCHIVE ? app->rq.source : NULL;
}

static int take_name(char **name, const char *found, const char *path, struct fail *f)
{
	if (*name || !found)
		return 0;
	if (!name_is_valid(found))
		return fail_set(f, -E_NOT_AN_ARCHIVE,
				"'%s' is not a dkms archive: what it names cannot be a module", path);
	*name = xstrdup(found);
	return 0;
}

int load_open(struct app *app, struct fail *f)
{
	const struct archive_request rq = {
		.path = load_path(app),
		.tmp_location = app->tmp_location,
		.max_size = app->framework.archive_max_size,
		.max_members = app->framework.archive_max_members,
		.environment = &app->environment,
	};
	int r;

	if (!rq.path || app->has_archive)
		return 0;
	r = archive_load(&rq, &app->archive, f);
	if (r < 0)
		return r;
	app->has_archive = true;
	if (app->rq.module && app->rq.version) {
		report_warning(&app->report, "a module and an archive were named: the name counts", NULL);
		return 0;
	}
	r = take_name(&app->rq.module, app->archive.module, rq.path, f);
	if (r == 0)
		r = take_name(&app->rq.version, app->archive.version, rq.path, f);
	return r == 0 ? app_names_from(app, app->archive.source, f) : r;
}

static const struct snap_version *added_version(const struct app *app, const struct snapshot *snap)
{
	const struct snap_version *v = snapshot_version(snap, app->rq.module, app->rq.version);

	return v && v->state == VERSION_ADDED ? v : NULL;
}

int load_refuse(const struct app *app, const struct snapshot *snap, struct fail *f)
{
	CLEAN(free) char *name = NULL, *conf = NULL;
	bool is_added = added_version(app, snap);

	if (!app->has_archive)
		return 0;
	if (is_added && !app->rq.force) {
		fail_set(f, -E_ARCHIVE_ADDED, "%s/%s, which is in the archive, is already added",
			 app->rq.module, app->rq.version);
		fail_hint(f, "remove it first: dkms remove %s/%s --all; or load with --force",
			  app->rq.module, app->rq.version);
		return f->code;
	}
	name = xasprintf("%s-%s", app->rq.module, app->rq.version);
	conf = path_join(app->source_tree, name, "dkms.conf");
	if (!app->archive.binaries_only || is_added || path_is_file(conf))
		return 0;
	fail_set(f, -E_BINARIES_NO_SOURCE,
		 "the archive has built modules of %s/%s only, and its source is not in '%s/%s'",
		 app->rq.module, app->rq.version, app->source_tree, name);
	fail_hint(f, "install the source of %s/%s first", app->rq.module, app->rq.version);
	return f->code;
}

/* What is told of a step in a dry run: not a directory that will be gone. */
static char *origin(const struct app *app, const char *dir)
{
	return xstrdup(app->rq.dry_run ? load_path(app) : dir);
}

/* The step that brings the source, if the archive has it or the version has to be added. */
static size_t plan_source(const struct app *app, const struct snapshot *snap, struct plan *plan)
{
	size_t i = plan_find(plan, STEP_ADD, app->rq.module, app->rq.version, NULL, NULL);

	if (app->archive.binaries_only && added_version(app, snap))
		return i;
	if (i == (size_t)-1)
		i = plan_add(plan, STEP_ADD, app->rq.module, app->rq.version, NULL, NULL, 0);
	if (app->archive.binaries_only)
		return i;
	plan->steps[i].from = origin(app, app->archive.source);
	if (app->rq.force)
		plan->steps[i].flags |= STEP_FORCED | STEP_RELOAD;
	return i;
}

void load_plan(const struct app *app, const struct snapshot *snap, struct plan *plan)
{
	size_t n = plan->n, source;

	if (!app->has_archive)
		return;
	source = plan_source(app, snap, plan);
	for (size_t i = 0; i < app->archive.n_builds; i++) {
		const struct archive_build *b = &app->archive.builds[i];
		size_t load = plan_add(plan, STEP_LOAD, app->rq.module, app->rq.version, b->kernel,
				       b->arch, app->rq.force ? STEP_FORCED : 0);

		plan->steps[load].from = origin(app, b->dir);
		/* the module stays added if its POST_ADD fails */
		if (source != (size_t)-1)
			plan_wait(plan, load, source, NEED_ENDED);
	}
	/* whatever else was planned comes after what is loaded */
	for (size_t i = 0; i < n; i++)
		for (size_t k = n; k < plan->n; k++)
			if (plan->steps[i].kind == STEP_BUILD || plan->steps[i].kind == STEP_INSTALL)
				plan_wait(plan, i, k, plan->steps[k].kind == STEP_ADD ? NEED_DONE : NEED_ENDED);
}
