/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build.h"

#include <errno.h>
#include <stdarg.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/build_record.h"
#include "core/make_version.h"
#include "core/outcome.h"
#include "sys/build_env.h"
#include "sys/build_failure.h"
#include "sys/build_finish.h"
#include "sys/build_launcher.h"
#include "sys/build_manifest.h"
#include "sys/build_publish.h"
#include "sys/build_sandbox.h"
#include "sys/build_store.h"
#include "sys/script.h"
#include "sys/tree_copy.h"


static void tell(const struct build_observer *o, bool once, const char *text, const char *hint)
{
	if (o && once && o->warn_once)
		o->warn_once(o->ctx, text, hint);
	else if (o && o->warn)
		o->warn(o->ctx, text, hint);
}

void build_warn(const struct build *b, const char *hint, const char *fmt, ...)
{
	CLEAN(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	tell(b->job->observer, false, text, hint);
}

void build_warn_once(const struct build *b, const char *hint, const char *fmt, ...)
{
	CLEAN(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	tell(b->job->observer, true, text, hint);
}

static void enter_phase(const struct build *b, enum build_phase phase)
{
	const struct build_observer *o = b->job->observer;

	if (o && o->phase)
		o->phase(o->ctx, phase);
}

char *build_stage_dir(const struct layout *l)
{
	CLEAN(free) char *version = layout_version(l);
	CLEAN(free) char *name = xasprintf(".new-%s-%s", l->kernel, l->arch);

	return path_join(version, name);
}

static void build_init(struct build *b, const struct build_job *job)
{
	*b = (struct build){ .job = job, .log = { .fd = -1 } };
	b->at = (struct layout){ .tree = job->dkms_tree,
				 .module = job->conf->module,
				 .version = job->conf->version,
				 .kernel = job->kernel->release,
				 .arch = job->kernel->arch };
	b->build_dir = layout_build_dir(&b->at);
	b->source = layout_source(&b->at);
	b->override_dir = path_join(job->etc_dir, b->at.module);
	b->stage = build_stage_dir(&b->at);
}

static void build_done(struct build *b)
{
	free(b->build_dir);
	free(b->source);
	free(b->override_dir);
	free(b->stage);
	build_sandbox_done(b);
	build_launcher_done(b);
	build_log_done(&b->log);
	strv_done(&b->env);
	buf_done(&b->record);
	build_store_done(b);
}

static void clean_build(struct build *b)
{
	build_done(b);
}

int build_check_source(const struct layout *l, const char *source, struct fail *f)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(source, &names);

	if (r < 0)
		return fail_set(f, -E_NO_SOURCE, "the source of %s/%s cannot be read from '%s': %s", l->module,
				l->version, source, strerror(-r));
	if (names.n < 2)
		return fail_set(f, -E_NO_SOURCE, "there is no source to build %s/%s from in '%s'", l->module,
				l->version, source);
	return 0;
}

/* A mount point cannot go itself. */
static int empty_build_dir(const struct build *b)
{
	CLEAN(strv) struct strv names = { 0 };
	int r;

	if (!b->job->is_private)
		return tree_remove(b->build_dir);
	r = dir_list(b->build_dir, &names);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		CLEAN(free) char *path = path_join(b->build_dir, names.items[i]);

		r = tree_remove(path);
	}
	return r;
}

static int copy_source(struct build *b, struct fail *f)
{
	CLEAN(free) char *log = path_join(b->build_dir, "make.log");
	int r;

	enter_phase(b, BUILD_COPY);
	build_log_done(&b->log);
	r = empty_build_dir(b);
	if (r < 0)
		return fail_errno(f, r, "cannot remove '%s'", b->build_dir);
	r = tree_copy(b->source, b->build_dir, f);
	if (r < 0) {
		/* a full disk has no use for half a copy */
		tree_remove(b->build_dir);
		dir_make(b->build_dir);
		return r;
	}
	r = build_log_open(&b->log, log, &b->at);
	return r < 0 ? fail_errno(f, r, "cannot write '%s'", log) : 0;
}

static int overlay_patches(struct build *b, struct fail *f)
{
	CLEAN(free) char *from = path_join(b->override_dir, "patches");
	CLEAN(free) char *to = path_join(b->build_dir, "patches");

	return path_is_dir(from) ? tree_copy(from, to, f) : 0;
}

/* A word for a shell, in quotes where it needs them. */
static char *shell_word(const char *s)
{
	CLEAN(buf) struct buf b = { 0 };

	if (!s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%_+=:,./-~")])
		return xstrdup(s);
	buf_add_char(&b, '\'');
	for (; *s; s++)
		if (*s == '\'')
			buf_add_str(&b, "'\\''");
		else
			buf_add_char(&b, *s);
	buf_add_char(&b, '\'');
	return buf_take(&b);
}

static int apply_patch(struct build *b, const char *name, struct fail *f)
{
	CLEAN(free) char *file = path_join(b->build_dir, "patches", name);
	CLEAN(free) char *arg = xasprintf("./patches/%s", name);
	CLEAN(free) char *word = shell_word(arg), *shown = xasprintf("patch -p1 < %s", word);
	CLEAN(free) char *description = xasprintf("Applying patch %s", name);
	/* -f: patch would ask its questions on the terminal, past the log and everybody's patience
	 */
	const char *const argv[] = { "patch", "-p1", "-f", "-i", arg, NULL };
	struct build_command c = { .description = description,
				   .shown = shown,
				   .dir = b->build_dir };
	int status = 0, r;

	if (path_has_dotdot(name))
		return fail_set(f, -E_PATCH_MISSING, "patch '%s' has a '..' in its path", name);
	if (!path_is_file(file)) {
		fail_set(f, -E_PATCH_MISSING, "patch '%s' is not there", file);
		fail_hint(f, "it is named by PATCH in dkms.conf");
		return -E_PATCH_MISSING;
	}
	r = build_program(b, &c, argv, &status, f);
	if (r < 0)
		return r;
	return status ? fail_set(f, -E_PATCH_FAILED, "patch '%s' did not apply", name) : 0;
}

static int apply_patches(struct build *b, struct fail *f)
{
	const struct conf *conf = b->job->conf;
	int r = 0;

	if (conf->n_patches)
		enter_phase(b, BUILD_PATCH);
	for (size_t i = 0; r == 0 && i < conf->n_patches; i++)
		r = apply_patch(b, conf->patches[i].name, f);
	return r;
}

/* PRE_BUILD and POST_BUILD. */
static int build_script(struct build *b, const char *kind, const char *line, struct fail *f)
{
	CLEAN(free) char *file = NULL, *dir = NULL, *shown = NULL, *description = NULL;
	struct build_command c = { .line = line, .is_script = true };
	int status = 0, r;

	if (str_is_empty(line))
		return 0;
	if (!script_locate(line, b->build_dir, b->override_dir, &file, &dir)) {
		build_warn(b, NULL, "the %s script '%s' is not an executable file; it was not run",
			   kind, line);
		return 0;
	}
	description = xasprintf("Running the %s script", kind);
	shown = xasprintf("cd %s/ && %s/%s", dir, dir, line);
	c.description = description;
	c.shown = shown;
	c.dir = dir;
	r = build_bash(b, &c, &status, f);
	if (r < 0 || status == 0)
		return r;
	return fail_set(f, -(E_SCRIPT + status), "the %s script '%s' failed with status %d", kind,
			line, status);
}

static bool has_path_of_job(const struct build *b)
{
	return str_eq(env_get(&b->env, "PATH"), env_get(b->job->environment, "PATH"));
}

/* Does the make that is on PATH know how, and will it find the FIFO? */
static bool can_open_fifo(const struct build *b)
{
	const struct build_box *box = &b->box;
	CLEAN(free) char *identity = NULL;

	/* MAKEFLAGS is words, of which make takes '$' and '\\' for more */
	if (!b->job->jobs_fifo || strpbrk(b->job->jobs_fifo, " \t\n$\\"))
		return false;
	/* another user, but no mount that shows it to them */
	if (box->is_open && (box->sandbox.rules.parts & SANDBOX_USER) &&
	    !(box->sandbox.rules.parts & SANDBOX_MOUNTS))
		return false;
	if (b->job->make_identity && has_path_of_job(b))
		return make_takes_fifo(b->job->make_identity);
	identity = tool_identity("make", &b->env);
	return identity && make_takes_fifo(identity);
}

static int run_make(struct build *b, struct fail *f)
{
	const struct build_job *job = b->job;
	struct conf_make m = { .kernel = b->at.kernel,
			       .kernel_source_dir = job->kernel->source_dir,
			       .build_dir = b->build_dir,
			       .jobs = job->jobs,
			       .clang = kernel_is_clang(job->kernel),
			       .cc = build_launcher_cc(b) };
	CLEAN(free) char *shown = conf_make_command(job->conf, &m, NULL), *line = NULL;
	struct build_command c = { .description = "Building module(s)",
				   .shown = shown,
				   .dir = b->build_dir,
				   .is_make = true };
	int status = 0, r;

	m.cc = NULL;
	m.jobserver = job->has_jobserver && conf_make_can_share(job->conf, &m);
	c.line = line = conf_make_command(job->conf, &m, NULL);
	c.shares_jobs = m.jobserver;
	c.jobs_fifo = m.jobserver && can_open_fifo(b) ? job->jobs_fifo : NULL;
	enter_phase(b, BUILD_MAKE);
	r = build_bash(b, &c, &status, f);
	if (r < 0 || status == 0)
		return r;
	return fail_set(f, -E_MAKE_FAILED,
			"the build of %s/%s for kernel %s (%s) failed: make ended "
			"with status %d",
			b->at.module, b->at.version, b->at.kernel, b->at.arch, status);
}

static int run_commands(struct build *b, struct fail *f)
{
	int r = build_sandbox_enter(b, f);

	if (r == 0)
		r = apply_patches(b, f);
	if (r == 0) {
		if (b->job->conf->pre_build)
			enter_phase(b, BUILD_PRE);
		r = build_script(b, "pre_build", b->job->conf->pre_build, f);
	}
	if (r == 0)
		r = run_make(b, f);
	build_sandbox_leave(b, r);
	return r;
}

static int try_build(struct build *b, struct fail *f)
{
	int r = copy_source(b, f);

	if (r == 0)
		r = overlay_patches(b, f);
	if (r == 0)
		r = run_commands(b, f);
	if (r == 0) {
		enter_phase(b, BUILD_FINISH);
		r = build_finish(b, f);
	}
	return r;
}

static int make_it(struct build *b, struct fail *f)
{
	int r;

	for (r = try_build(b, f); r < 0 && (build_launcher_give_up(b, f) || build_sandbox_may_retry(b, f));
	     r = try_build(b, f)) {
		fail_done(f);
		b->keep.is_spoiled = true;
	}
	return r;
}

/* A build directory as make would have left it, for POST_BUILD and the log. */
static int prepare_stored(struct build *b, struct fail *f)
{
	CLEAN(free) char *log = path_join(b->build_dir, "make.log");
	int r;

	if (b->job->conf->post_build) {
		r = copy_source(b, f);
		if (r == 0)
			r = overlay_patches(b, f);
		if (r == 0)
			r = build_sandbox_enter(b, f);
		if (r == 0) {
			r = apply_patches(b, f);
			build_sandbox_leave(b, r);
		}
		return r;
	}
	r = empty_build_dir(b);
	if (r == 0)
		r = dir_make(b->build_dir);
	if (r == 0)
		r = build_log_open(&b->log, log, NULL);
	return r < 0 ? fail_errno(f, r, "cannot write '%s'", log) : 0;
}

/* From the store: -ENOENT without f where it has nothing that fits, or what it has does not do. */
static int take_stored(struct build *b, struct fail *f)
{
	CLEAN(fail) struct fail why = { 0 };
	int r;

	if (!build_finish_fetch(b))
		return -ENOENT;
	enter_phase(b, BUILD_STORED);
	r = prepare_stored(b, &why);
	if (r == 0)
		r = build_log_restore(&b->log, &b->keep.log);
	if (r == 0)
		r = build_finish_stored(b, &why);
	if (r == 0) {
		build_record_add(&b->record, "store", b->keep.id);
		return 0;
	}
	build_log_done(&b->log);
	if (r != -ECANCELED)
		return -ENOENT;
	fail_move(f, &why);
	return r;
}

/* Up to the moment when the version is built. */
static int build_and_publish(struct build *b, struct fail *f)
{
	int r;

	build_env_prepare(b);
	build_sandbox_prepare(b);
	build_launcher_prepare(b);
	build_manifest_begin(b);
	build_store_prepare(b);
	r = take_stored(b, f);
	if (r == -ENOENT)
		r = make_it(b, f);
	if (r == 0)
		r = build_publish(b, f);
	if (r < 0) {
		tree_remove(b->stage);
		build_sandbox_give_back(b);
	}
	return r;
}

/* It runs as root, wherever its author likes: beside no other script. */
static int run_post_build(struct build *b, struct fail *f)
{
	const struct turn *scripts = b->job->scripts;
	int r;

	if (str_is_empty(b->job->conf->post_build))
		return 0;
	if (scripts && turn_take(scripts) < 0)
		return fail_set(f, -ECANCELED, "interrupted before the post_build script");
	enter_phase(b, BUILD_POST);
	r = build_script(b, "post_build", b->job->conf->post_build, f);
	if (scripts)
		turn_give(scripts);
	return r;
}

static int after_publishing(struct build *b, struct fail *f)
{
	int r;

	build_failure_forget(b);
	r = run_post_build(b, f);
	if (r == 0)
		build_publish_log(b);
	return r;
}

int build_run(const struct build_job *job, struct build_result *ret, struct fail *f)
{
	CLEAN(build) struct build b;
	CLEAN(fail) struct fail own = { 0 };
	int r;

	*ret = (struct build_result){ 0 };
	build_init(&b, job);
	r = build_check_source(&b.at, b.source, &own);
	if (r == 0) {
		r = build_and_publish(&b, &own);
		if (r < 0)
			build_failure_tell(&b, &own, ret);
		else
			r = after_publishing(&b, &own);
		str_set(&ret->log_path, b.log.path);
	}
	fail_move(f, &own);
	return r;
}

void build_result_done(struct build_result *r)
{
	free(r->log_path);
	errlog_done(&r->errlog);
	*r = (struct build_result){ 0 };
}
