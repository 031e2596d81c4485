/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/load.h"
#include "cmd/targets.h"
#include "core/layout.h"
#include "core/outcome.h"
#include "core/tarball.h"
#include "sys/archive.h"
#include "sys/commit.h"
#include "sys/journal.h"
#include "sys/run.h"

/* mktarball and ldtarball. */

/* mktarball ------------------------------------------------------------------------------------- */

static int refuse_unbuilt(const struct app *app, const struct snapshot *snap, struct fail *f)
{
	for (size_t i = 0; i < app->n_targets; i++) {
		const struct target *t = &app->targets[i];
		const struct snap_build *b =
			snapshot_build(snap, app->rq.module, app->rq.version, t->kernel, t->arch);

		if (b && b->built)
			continue;
		fail_set(f, -E_NOT_BUILT, "%s/%s is not built for kernel %s (%s)", app->rq.module,
			 app->rq.version, t->kernel, t->arch);
		fail_hint(f, "build it first: dkms build %s/%s -k %s/%s; or take --source-only",
			  app->rq.module, app->rq.version, t->kernel, t->arch);
		return f->code;
	}
	if (app->n_targets)
		return 0;
	return fail_set(f, -E_NOT_BUILT, "%s/%s is not built for any kernel", app->rq.module,
			app->rq.version);
}

static int refuse_conf(const struct app *app, const char *source, struct fail *f)
{
	CLEAN(conf) struct conf c = { 0 };
	int r = app_conf(app, app->rq.module, app->rq.version, source, NULL, &c, f);

	return r < 0 ? r : app_refuse_bad_conf(&c, source, f);
}

/* The checks in their order. */
static int prepare(struct app *app, const char *source, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	int r = app_need_names(app, f);

	if (r == 0)
		r = app_snapshot_known(app, &snap, f);
	if (r == 0)
		r = refuse_conf(app, source, f);
	if (r == 0 && !app->rq.source_only)
		r = app_targets(app, &snap, false, f);
	if (r == 0 && !app->rq.source_only)
		r = refuse_unbuilt(app, &snap, f);
	return r;
}

/* Where the tarball goes; caller frees. */
static char *place(const struct app *app)
{
	const char *asked = load_path(app);
	CLEAN(free) char *name = NULL;

	if (asked && strchr(asked, '/'))
		return xstrdup(asked);
	name = asked ? xstrdup(asked)
		     : tarball_name(app->rq.module, app->rq.version, app->targets, app->n_targets);
	return path_join(app->dkms_tree, app->rq.module, app->rq.version, "tarball", name);
}

static void add_part(struct archive_job *job, const char *dir, const char *member)
{
	strv_add(&job->parts, dir);
	strv_add_fmt(&job->parts, "./%s", member);
}

static void add_builds(const struct app *app, struct archive_job *job)
{
	const char *last = NULL;

	add_part(job, "-", TARBALL_BUILT);
	for (size_t i = 0; i < app->n_targets; i++) {
		const struct target *t = &app->targets[i];
		const struct layout l = { app->dkms_tree, app->rq.module, app->rq.version, t->kernel,
					  t->arch };
		CLEAN(free) char *dir = layout_built(&l);
		CLEAN(free) char *kernel = path_join(TARBALL_BUILT, t->kernel);
		CLEAN(free) char *member = path_join(kernel, t->arch);

		if (!str_eq(last, t->kernel))
			add_part(job, "-", kernel);
		add_part(job, dir, member);
		last = t->kernel;
	}
}

/* What stands for the source where only built modules are wanted; the directory is the caller's to
 * remove, also after a failure. */
static int stage_names(const struct app *app, const char *conf, int64_t made, const char *dir, struct fail *f)
{
	const struct archive_name names[] = {
		{ "PACKAGE_NAME", app->rq.module },
		{ "PACKAGE_VERSION", app->rq.version },
	};

	return archive_stage_names(dir, names, COUNT_OF(names), conf, made, f);
}

static int write_tarball(struct app *app, const char *source, const char *conf,
			 struct archive_job *job, struct fail *f)
{
	CLEAN(scratch) struct scratch stage = { 0 };
	int r = 0;

	add_builds(app, job);
	if (app->rq.binaries_only) {
		r = scratch_make(app->tmp_location, "archive", &stage, f);
		if (r == 0)
			r = stage_names(app, conf, job->made, stage.dir, f);
		if (r == 0)
			add_part(job, stage.dir, TARBALL_BINARIES);
	} else {
		add_part(job, source, TARBALL_SOURCE);
	}
	if (r == 0)
		r = archive_write(job, f);
	return r;
}

/* Killed, we leave nothing of it. */
static int intend_to_undo(const struct app *app, const char *path, struct fail *f)
{
	CLEAN(free) char *beside = file_beside(path), *dir = path_dir(path), *stop = path_dir(dir);
	CLEAN(commit) struct commit undo = { 0 };

	commit_unlink(&undo, beside);
	while (!path_lexists(stop)) {
		char *above = path_dir(stop);

		free(stop);
		stop = above;
	}
	if (!path_lexists(dir))
		commit_prune(&undo, dir, stop);
	return journal_intend(app->dkms_tree, "", &undo, f);
}

/* (Without a lock, who cannot write to the dkms tree has no journal either.) */
static int write_or_undo(struct app *app, const char *source, const char *conf, struct archive_job *job,
			 struct fail *f)
{
	int r = app->is_locked ? intend_to_undo(app, job->path, f) : 0;

	if (r == 0)
		r = write_tarball(app, source, conf, job, f);
	if (app->is_locked && r < 0)
		journal_abandon(app->dkms_tree, "");
	else if (app->is_locked)
		journal_forget(app->dkms_tree, "");
	return r;
}

int verb_mktarball(struct app *app, struct fail *f)
{
	CLEAN(free) char *source = NULL, *conf = NULL, *path = NULL;
	struct archive_job job = { .environment = &app->environment };
	struct stat st;
	int r;

	source = path_join(app->dkms_tree, app->rq.module ? app->rq.module : "",
			   app->rq.version ? app->rq.version : "", "source");
	r = prepare(app, source, f);
	if (r == 0 && !app->rq.dry_run)
		r = app_hold(app, f);
	if (r < 0)
		return r;
	app->report.is_muted = false;
	conf = app->rq.conf_file ? xstrdup(app->rq.conf_file) : path_join(source, "dkms.conf");
	if (stat(conf, &st) == 0)
		job.made = st.st_mtim.tv_sec;
	path = place(app);
	job.path = path;
	if (app->report.document)
		json_string(document_writer(app->report.document), "tarball", path);
	if (app->rq.dry_run) {
		report_line(&app->report, "%s/%s: a tarball would be written to '%s'", app->rq.module,
			    app->rq.version, path);
		return 0;
	}
	umask(022);
	r = write_or_undo(app, source, conf, &job, f);
	strv_done(&job.parts);
	if (r == 0)
		report_line(&app->report, "%s/%s: tarball written to '%s'", app->rq.module,
			    app->rq.version, path);
	return r;
}

/* ldtarball ------------------------------------------------------------------------------------- */

static int load_rpm(struct app *app, const char *path, struct fail *f)
{
	const char *const argv[] = { "rpm", "-Uvh", path, NULL };
	const struct run run = {
		.argv = argv,
		.env = &app->environment,
		.out_fd = app->rq.quiet ? RUN_NULL : RUN_INHERIT,
		.err_fd = app->rq.quiet ? RUN_NULL : RUN_INHERIT,
		.shielded = true,
	};
	CLEAN(fail) struct fail why = { 0 };
	struct run_result res = { 0 };
	int r;

	if (app->rq.dry_run) {
		report_line(&app->report, "rpm would install '%s'; then comes autoinstall", path);
		return verb_autoinstall(app, f);
	}
	if (app->has_rpm) /* second round, under the lock */
		return verb_autoinstall(app, f);
	r = run_command(&run, &res, &why);
	if (r < 0)
		return fail_set(f, -E_RPM_FAILED, "cannot install '%s': %s", path, why.text);
	if (res.status != 0) {
		CLEAN(free) char *how = run_end(&res, "failed with exit", NULL);

		return fail_set(f, -E_RPM_FAILED, "cannot install '%s': rpm %s", path, how);
	}
	app->has_rpm = true;
	return verb_autoinstall(app, f);
}

static int check_path(const struct app *app, struct fail *f)
{
	const char *path = load_path(app);

	if (path && path_exists(path) && !path_is_dir(path))
		return 0;
	if (path)
		fail_set(f, -E_NO_ARCHIVE, "there is no archive '%s'", path);
	else
		fail_set(f, -E_NO_ARCHIVE, "'dkms ldtarball' needs an archive");
	fail_hint(f, "name it as in: dkms ldtarball /path/to/tarball.dkms.tar.gz");
	return f->code;
}

int verb_ldtarball(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan plan = { 0 };
	int r = check_path(app, f);

	if (r == 0 && app->rq.force)
		r = app_need_root(app, f);
	if (r < 0)
		return r;
	if (str_has_suffix(load_path(app), ".rpm"))
		return load_rpm(app, load_path(app), f);
	r = app_need_access(app, f);
	if (r == 0)
		r = load_open(app, f);
	if (r == 0)
		r = app_need_names(app, f);
	if (r == 0)
		r = app_snapshot(app, app->rq.module, &snap, f);
	if (r == 0)
		r = load_refuse(app, &snap, f);
	if (r < 0)
		return r;
	load_plan(app, &snap, &plan);
	return app_execute(app, &plan, f);
}
