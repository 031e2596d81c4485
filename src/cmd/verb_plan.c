/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/targets.h"
#include "core/fleet.h"
#include "core/outcome.h"

/* plan: what is to be built, as jobs for an engine that others have written. Only reads. */

struct planning {
	struct app *app;
	struct snapshot snap;
	struct fleet fleet;
	struct conf_cache cache;
	bool all; /* nothing was named: what cannot be a job keeps nobody else from being one */
};

static void clean_planning(struct planning *p)
{
	snapshot_done(&p->snap);
	fleet_done(&p->fleet);
	conf_cache_done(&p->cache);
}

/* What is on a line of its own has to stay there. */
static bool text_is_plain(const char *s)
{
	while ((unsigned char)*s >= ' ')
		s++;
	return *s == '\0';
}

/* Where the source link says, or, where it says that from where it is, where that is; caller frees.
 */
static char *source_place(const char *link)
{
	CLEAN(free) char *text = NULL;

	if (link_read(AT_FDCWD, link, &text) == 0 && *text == '/')
		return TAKE_PTR(text);
	return realpath(link, NULL);
}

/* a module for one kernel ------------------------------------------------------------------------- */

static int read_conf(const struct planning *p, struct fleet_job *j, struct fail *f)
{
	CLEAN(free) char *link = path_join(p->app->dkms_tree, j->module, j->version, "source");
	CLEAN(conf_exclusion) struct conf_exclusion x = { 0 };
	const struct target target = { j->kernel, j->arch };
	const struct conf_target t = { j->module, j->version, j->kernel, j->arch };
	CLEAN(kernel) struct kernel k = { 0 };
	CLEAN(conf) struct conf c = { 0 };
	int r = app_conf(p->app, j->module, j->version, link, &target, &c, f);

	if (r == 0)
		r = app_refuse_bad_conf(&c, link, f);
	if (r < 0)
		return r;
	kernel_init(&k, j->kernel, j->arch, p->app->install_tree, p->app->rq.kernel_source_dir,
		    p->app->rq.config_file);
	conf_judge_exclusive(&c, &t, kernel_has_config(&k) ? kernel_config(&k) : NULL, &x);
	if (x.all)
		j->excluded = xstrdup(x.why ? x.why : "BUILD_EXCLUSIVE");
	strv_add_all(&j->depends, &c.build_depends);
	j->source = source_place(link);
	if (j->source && text_is_plain(j->source))
		return 0;
	return fail_set(f, -E_NO_SOURCE, "the source of %s/%s lies in '%s', which no job can name",
			j->module, j->version, j->source ? j->source : "?");
}

static int add_job(struct planning *p, const char *module, const char *version,
		   const struct target *t, struct fail *f);

static int read_job(const struct planning *p, struct fleet_job *j, struct fail *f)
{
	CLEAN(fail) struct fail why = { 0 };
	int r = read_conf(p, j, &why);

	if (r < 0 && p->all) {
		report_warning(&p->app->report, why.text, why.hint);
		j->excluded = xstrdup(why.text);
		return 0;
	}
	if (r < 0)
		fail_move(f, &why);
	return r;
}

/* What it depends on comes along, the newest version of it. */
static int add_depends(struct planning *p, size_t job, const struct target *t, struct fail *f)
{
	CLEAN(strv) struct strv depends = { 0 };
	int r = 0;

	strv_add_all(&depends, &p->fleet.jobs[job].depends);
	for (size_t i = 0; i < depends.n && r == 0; i++) {
		const struct snap_module *m = snapshot_module(&p->snap, depends.items[i]);
		const struct snap_version *newest = m ? snapshot_newest(m) : NULL;

		if (newest && !fleet_find(&p->fleet, m->name, t->kernel, t->arch))
			r = add_job(p, m->name, newest->version, t, f);
	}
	return r;
}

static int add_job(struct planning *p, const char *module, const char *version,
		   const struct target *t, struct fail *f)
{
	size_t job = p->fleet.n;
	int r;

	for (size_t i = 0; i < p->fleet.n; i++) {
		const struct fleet_job *j = &p->fleet.jobs[i];

		if (str_eq(j->module, module) && str_eq(j->version, version) &&
		    str_eq(j->kernel, t->kernel) && str_eq(j->arch, t->arch))
			return 0;
	}
	r = read_job(p, fleet_add(&p->fleet, module, version, t->kernel, t->arch), f);
	return r < 0 ? r : add_depends(p, job, t, f);
}

static int add_version(struct planning *p, const char *module, const char *version, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < p->app->n_targets && r == 0; i++)
		r = add_job(p, module, version, &p->app->targets[i], f);
	return r;
}

/* which modules ----------------------------------------------------------------------------------- */

/* "module" (the newest version) or "module/version", which has to be added. */
static int add_named(struct planning *p, const char *module, const char *version, struct fail *f)
{
	const struct snap_module *m = snapshot_module(&p->snap, module);
	const struct snap_version *v = NULL;

	if (m)
		v = version ? snapshot_version(&p->snap, module, version) : snapshot_newest(m);
	if (m && !version && !v && m->n_versions)
		v = &m->versions[0];
	if (v && v->state == VERSION_ADDED)
		return add_version(p, module, v->version, f);
	if (v && v->state == VERSION_BROKEN)
		return fail_set(f, -E_BROKEN,
				"%s/%s is broken: its source link is missing or leads nowhere",
				module, v->version);
	fail_set(f, -E_NOT_ADDED, "%s%s%s is not in the dkms tree '%s'", module, version ? "/" : "",
		 version ? version : "", p->app->dkms_tree);
	fail_hint(f, "add it first; 'dkms status' lists what is there");
	return f->code;
}

static int add_word(struct planning *p, const char *word, struct fail *f)
{
	size_t n = strcspn(word, "/");
	CLEAN(free) char *module = xstrndup(word, n);

	return add_named(p, module, word[n] && word[n + 1] ? word + n + 1 : NULL, f);
}

static int add_all(struct planning *p, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < p->snap.n_modules && r == 0; i++) {
		const struct snap_module *m = &p->snap.modules[i];
		const struct snap_version *newest = snapshot_newest(m);
		CLEAN(free)
		char *text =
			newest ? NULL
			       : xasprintf("%s is passed over: no version of it has its source",
					   m->name);

		if (newest)
			r = add_version(p, m->name, newest->version, f);
		else
			report_warning(&p->app->report, text, NULL);
	}
	return r;
}

static int add_modules(struct planning *p, struct fail *f)
{
	const struct request *rq = &p->app->rq;
	int r;

	if (!rq->module)
		return add_all(p, f);
	r = add_named(p, rq->module, rq->version, f);
	for (size_t i = 0; i < rq->modules.n && r == 0; i++)
		r = add_word(p, rq->modules.items[i], f);
	return r;
}

/* what else was asked for ------------------------------------------------------------------------- */

static int choose_result(const struct request *rq, enum fleet_result *ret, struct fail *f)
{
	static const char *const names[] = {
		[FLEET_TARBALL] = "tarball",
		[FLEET_DEB] = "deb",
		[FLEET_RPM] = "rpm",
	};

	for (size_t i = 0; rq->result && i < COUNT_OF(names); i++)
		if (str_eq(rq->result, names[i])) {
			*ret = (enum fleet_result)i;
			return 0;
		}
	return rq->result ? fail_set(f, -E_USAGE, "'--result' is tarball, deb or rpm, not '%s'",
				     rq->result)
			  : 0;
}

static void add_option(struct strv *options, const char *name, const char *value)
{
	if (!value)
		return;
	strv_add(options, name);
	strv_add(options, value);
}

/* What was given here counts for the jobs too. A tree that framework.conf names, their own
 * framework.conf will. */
static int add_options(struct planning *p, struct fail *f)
{
	const struct app *app = p->app;
	struct fleet *fl = &p->fleet;
	const struct strv *const all[] = { &fl->tree_options, &fl->build_options };

	fl->source_tree =
		xstrdup(app->framework.source_tree ? app->framework.source_tree : "/usr/src");
	if (app->rq.install_tree)
		add_option(&fl->tree_options, "--installtree", app->install_tree);
	add_option(&fl->build_options, "-c", app->rq.conf_file);
	add_option(&fl->build_options, "--config", app->rq.config_file);
	add_option(&fl->build_options, "--kernelsourcedir", app->rq.kernel_source_dir);
	for (size_t i = 0; i < app->rq.directives.n; i++)
		add_option(&fl->build_options, "--directive", app->rq.directives.items[i]);
	for (size_t k = 0; k < COUNT_OF(all); k++)
		for (size_t i = 0; i < all[k]->n; i++)
			if (!text_is_plain(all[k]->items[i]))
				return fail_set(
					f, -E_USAGE,
					"'%s' has a control character in it: no job can name it",
					all[k]->items[i]);
	return 0;
}

/* telling ----------------------------------------------------------------------------------------- */

static void document_names(struct json *j, const struct fleet_job *job)
{
	json_string(j, "module", job->module);
	json_string(j, "version", job->version);
	json_string(j, "kernel", job->kernel);
	json_string(j, "arch", job->arch);
}

static void document_job(struct json *j, const struct fleet *fl, const struct fleet_job *job)
{
	CLEAN(free) char *name = fleet_tarball(job), *tarball = path_join("out", name), *run = NULL;
	CLEAN(strv) struct strv commands = { 0 }, needs = { 0 };

	fleet_commands(fl, job, "dkms", "out", &commands);
	run = strv_join(&commands, " && ");
	for (size_t i = 0; i < job->n_needs; i++)
		strv_add(&needs, fl->jobs[job->needs[i]].id);
	json_object(j, NULL);
	json_string(j, "id", job->id);
	document_names(j, job);
	json_string(j, "source", job->source);
	json_strings(j, "needs", &needs);
	json_int(j, "level", (long long)job->level);
	json_string(j, "tarball", tarball);
	json_string(j, "run", run);
	json_end(j);
}

static void document_fleet(struct json *j, const struct fleet *fl)
{
	json_array(j, "include");
	for (size_t i = 0; i < fl->n_jobs; i++)
		document_job(j, fl, &fl->jobs[i]);
	json_end(j);
	json_array(j, "left_out");
	for (size_t i = fl->n_jobs; i < fl->n; i++) {
		const struct fleet_job *job = &fl->jobs[i];

		json_object(j, NULL);
		document_names(j, job);
		json_string(j, "reason", job->excluded);
		json_end(j);
	}
	json_end(j);
}

static void tell(const struct planning *p)
{
	const struct app *app = p->app;
	CLEAN(buf) struct buf text = { 0 };

	if (app->report.document) {
		document_fleet(document_writer(app->report.document), &p->fleet);
		return;
	}
	if (app->rq.make)
		fleet_makefile(&p->fleet, &text);
	else if (app->rq.ninja)
		fleet_ninja(&p->fleet, &text);
	else
		fleet_table(&p->fleet, &text);
	/* its last newline is report_text's */
	report_text(&app->report, "%.*s", (int)text.len - 1, buf_str(&text));
}

int verb_plan(struct app *app, struct fail *f)
{
	CLEAN(planning) struct planning p = { .app = app, .all = !app->rq.module };
	int r = choose_result(&app->rq, &p.fleet.result, f);

	if (r == 0 && app->rq.source) {
		fail_set(f, -E_NO_NAME, "'dkms plan' takes modules by their names, not '%s'",
			 app->rq.source);
		fail_hint(f, "add the source first: dkms add %s", app->rq.source);
		return f->code;
	}
	if (r == 0)
		r = app_refuse_all(app, f);
	if (r == 0)
		r = add_options(&p, f);
	if (r == 0)
		r = app_snapshot(app, NULL, &p.snap, f);
	if (r == 0)
		r = app_targets(app, &p.snap, p.snap.n_modules > 0, f);
	if (r < 0)
		return r;
	app->conf_cache = &p.cache;
	r = add_modules(&p, f);
	app->conf_cache = NULL;
	if (r == 0)
		r = fleet_order(&p.fleet, f);
	if (r == 0)
		tell(&p);
	return r;
}
