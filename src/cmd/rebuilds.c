/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rebuilds.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/layout.h"
#include "core/rebuild.h"

struct found {
	struct rebuild_candidate *candidates;
	struct conf *confs;
	struct strv *records;
	size_t n;
};

static void clean_found(struct found *fd)
{
	for (size_t i = 0; i < fd->n; i++) {
		conf_done(&fd->confs[i]);
		strv_done(&fd->records[i]);
	}
	free(fd->candidates);
	free(fd->confs);
	free(fd->records);
}

static void read_records(const struct layout *l, const struct strv *depends, struct strv *ret)
{
	CLEAN(free) char *dir = layout_built(l);

	for (size_t i = 0; i < depends->n; i++) {
		CLEAN(free) char *name = xasprintf(".dep_%s", depends->items[i]);
		CLEAN(free) char *path = path_join(dir, name), *line = NULL;

		if (file_read_line(path, &line) == 0)
			strv_add_fmt(ret, "%s=%s", depends->items[i], line);
	}
}

static void look_at(const struct app *app, const struct target *t, const char *module,
		    const struct snap_version *v, const struct snap_build *b, struct found *fd)
{
	const struct layout l = { app->dkms_tree, module, v->version, t->kernel, t->arch };
	struct conf *c = &fd->confs[fd->n];

	if (app_conf(app, module, v->version, NULL, t, c, NULL) < 0 || c->errors.n ||
	    !c->build_depends_rebuild || !c->build_depends.n) {
		conf_done(c);
		return;
	}
	read_records(&l, &c->build_depends, &fd->records[fd->n]);
	fd->candidates[fd->n] = (struct rebuild_candidate){ module, v->version, b->installed,
							    &c->build_depends, &fd->records[fd->n] };
	fd->n++;
}

static void plan_for_target(const struct app *app, const struct snapshot *snap, const struct target *t,
			    struct plan *p)
{
	CLEAN(found) struct found fd = { 0 };
	size_t versions = 0;

	for (size_t m = 0; m < snap->n_modules; m++)
		versions += snap->modules[m].n_versions;
	fd.candidates = xcalloc(versions, sizeof(*fd.candidates));
	fd.confs = xcalloc(versions, sizeof(*fd.confs));
	fd.records = xcalloc(versions, sizeof(*fd.records));
	for (size_t m = 0; m < snap->n_modules; m++)
		for (size_t i = 0; i < snap->modules[m].n_versions; i++) {
			const char *module = snap->modules[m].name;
			const struct snap_version *v = &snap->modules[m].versions[i];
			const struct snap_build *b =
				snapshot_build(snap, module, v->version, t->kernel, t->arch);

			if (b && b->built && v->state == VERSION_ADDED)
				look_at(app, t, module, v, b, &fd);
		}
	plan_rebuilds(snap, t, fd.candidates, fd.n, p);
}

void app_plan_rebuilds(const struct app *app, struct plan *p)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	bool installs = false;

	for (size_t i = 0; i < p->n; i++)
		installs = installs || p->steps[i].kind == STEP_INSTALL;
	if (!installs || app->rq.force || app_snapshot(app, NULL, &snap, NULL) < 0)
		return;
	for (size_t i = 0; i < app->n_targets; i++)
		plan_for_target(app, &snap, &app->targets[i], p);
}
