/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/app.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/boot_image.h"
#include "cmd/enrolment.h"
#include "cmd/foretell.h"
#include "cmd/hook.h"
#include "cmd/options.h"
#include "cmd/targets.h"
#include "core/name.h"
#include "core/outcome.h"
#include "engine/engine.h"
#include "sys/conf_load.h"
#include "sys/distro_load.h"
#include "sys/host.h"
#include "sys/journal.h"
#include "sys/kernel.h"
#include "sys/run.h"
#include "sys/scratch.h"
#include "sys/tree.h"

static void clean_app(struct app *app)
{
	request_done(&app->rq);
	archive_done(&app->archive);
	strv_done(&app->environment);
	framework_done(&app->framework);
	distro_done(&app->distro);
	free(app->dkms_tree);
	free(app->source_tree);
	free(app->install_tree);
	free(app->tmp_location);
	free(app->running_kernel);
	free(app->running_arch);
	app_forget_targets(app);
	lock_release(&app->lock);
	report_done(&app->report);
}

int app_need_root(const struct app *app, struct fail *f)
{
	if (geteuid() == 0)
		return 0;
	fail_set(f, -E_NOT_ROOT, "'dkms %s' needs root", verb_name(app->rq.verb));
	fail_hint(f, "run it with sudo, or as root");
	return f->code;
}

int app_need_access(const struct app *app, struct fail *f)
{
	CLEAN(free) char *at = path_squeeze(app->dkms_tree);

	while (!path_exists(at) && !str_eq(at, "/") && !str_eq(at, ".")) {
		char *up = path_dir(at);

		free(at);
		at = up;
	}
	if (path_is_dir(at) && faccessat(AT_FDCWD, at, W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	fail_set(f, -E_NO_ACCESS, "no write access to the dkms tree '%s'", app->dkms_tree);
	fail_hint(f, "run dkms as root, or name a tree of your own with --dkmstree");
	return f->code;
}

/* These take a path in the place of a name, so it may have been meant as one. */
static bool takes_source(enum verb v)
{
	return v == VERB_ADD || v == VERB_BUILD || v == VERB_INSTALL;
}

int app_need_names(const struct app *app, struct fail *f)
{
	const char *const names[] = { app->rq.module, app->rq.version };

	if (str_is_empty(app->rq.module) || str_is_empty(app->rq.version)) {
		fail_set(f, -E_NO_NAME, "'dkms %s' needs a module and its version",
			 verb_name(app->rq.verb));
		if (takes_source(app->rq.verb) && !str_is_empty(app->rq.module) && !app->rq.version)
			fail_hint(f,
				  "'%s' was taken for a module: it is no file, and no directory with a dkms.conf; name "
				  "them as module/version ('dkms status' lists what there is)",
				  app->rq.module);
		else
			fail_hint(f, "name them as module/version; 'dkms status' lists what there is");
		return f->code;
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!name_is_valid(names[i]))
			return fail_set(f, -E_BAD_NAME, "'%s' cannot be the name or version of a module",
					names[i]);
	return 0;
}

int app_refuse_broken(const struct app *app, const struct snapshot *snap, struct fail *f)
{
	const struct snap_version *v;

	if (!app->rq.module || !app->rq.version)
		return 0;
	v = snapshot_version(snap, app->rq.module, app->rq.version);
	if (!v || v->state != VERSION_BROKEN)
		return 0;
	fail_set(f, -E_BROKEN, "%s/%s is broken: its source link '%s/%s/%s/source' %s", app->rq.module,
		 app->rq.version, app->dkms_tree, app->rq.module, app->rq.version,
		 "is missing or leads nowhere");
	fail_hint(f, "put the source back, or add it again: dkms add %s/%s; or 'dkms remove --force'",
		  app->rq.module, app->rq.version);
	return f->code;
}

int app_refuse_unknown(const struct app *app, const struct snapshot *snap, struct fail *f)
{
	const struct snap_version *v = snapshot_version(snap, app->rq.module, app->rq.version);

	if (v && v->state != VERSION_STRAY)
		return 0;
	fail_set(f, -E_NOT_ADDED, "%s/%s is not in the dkms tree '%s'", app->rq.module, app->rq.version,
		 app->dkms_tree);
	fail_hint(f, "'dkms status' lists what is there");
	return f->code;
}

int app_snapshot_known(struct app *app, struct snapshot *ret, struct fail *f)
{
	int r = app_snapshot(app, app->rq.module, ret, f);

	if (r == 0)
		r = app_refuse_broken(app, ret, f);
	return r == 0 ? app_refuse_unknown(app, ret, f) : r;
}

int app_refuse_bad_conf(const struct conf *c, const char *dir, struct fail *f)
{
	CLEAN(buf) struct buf b = { 0 };
	const struct conf_problems *const all[] = { &c->errors, &c->duplicates };

	for (size_t k = 0; k < COUNT_OF(all); k++)
		for (size_t i = 0; i < all[k]->n; i++)
			buf_add_fmt(&b, "\n  %s", all[k]->items[i].text);
	if (b.len == 0)
		return 0;
	return fail_set(f, -E_BAD_CONF, "'%s/dkms.conf' is invalid:%s", dir, buf_str(&b));
}

int app_refuse_all(const struct app *app, struct fail *f)
{
	if (!app->rq.all)
		return 0;
	return fail_set(f, -E_ALL_UNSUPPORTED, "'dkms %s' does not take --all", verb_name(app->rq.verb));
}

int app_snapshot(const struct app *app, const char *module, struct snapshot *ret, struct fail *f)
{
	return tree_read(app->dkms_tree, app->source_tree, module, ret, f);
}

/* doing it -------------------------------------------------------------------------------------- */

struct plan_request app_plan_request(const struct app *app, const struct snapshot *snap)
{
	return (struct plan_request){
		.snapshot = snap,
		.module = app->rq.module,
		.version = app->rq.version,
		.targets = app->targets,
		.n_targets = app->n_targets,
		.force = app->rq.force,
		.no_depmod = app->rq.no_depmod,
	};
}

/* Names of modules, a line each, in files that distributions put there. */
static void read_force_install(struct strv *ret)
{
	static const char dir[] = "/usr/share/dkms/modules_to_force_install";
	enum { LIST_MAX = 1 << 20 };
	CLEAN(strv) struct strv names = { 0 };

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		CLEAN(buf) struct buf text = { 0 };

		if (file_read(AT_FDCWD, path, LIST_MAX, &text) == 0)
			strv_split(ret, buf_str(&text), " \t\r\n");
	}
}

int app_has_nothing_to_do(struct app *app)
{
	const struct plan none = { 0 };

	if (!app->report.document)
		return 0;
	if (!app->rq.dry_run)
		boot_image_check(app, &none);
	document_plan(app->report.document, &none);
	return 0;
}

int app_execute(struct app *app, struct plan *plan, struct fail *f)
{
	CLEAN(strv) struct strv force_install = { 0 };
	const struct engine_setup setup = {
		.dkms_tree = app->dkms_tree,
		.source_tree = app->source_tree,
		.install_tree = app->install_tree,
		.tmp_location = app->tmp_location,
		.etc_dir = app->etc_dir,
		.framework = &app->framework,
		.distro = &app->distro,
		.environment = &app->environment,
		.directives = &app->rq.directives,
		.conf_file = app->rq.conf_file,
		.config_file = app->rq.config_file,
		.kernel_source_dir = app->rq.kernel_source_dir,
		.running_kernel = app->running_kernel,
		.jobs = app->jobs,
		.force_version_override = app->rq.force_version_override,
		.rpm_safe_upgrade = app->rq.rpm_safe_upgrade,
		.force_install = &force_install,
		.symlink_modules = app->rq.symlink_modules || app->framework.symlink_modules,
		.no_depmod = app->rq.no_depmod,
		.modprobe_on_install = app->rq.modprobe_on_install || app->framework.modprobe_on_install,
		.quiet = app->rq.quiet,
		.debug = app->rq.debug,
		.observer = &app->report.observer,
		.order = app->order,
	};
	int r;

	if (app->rq.dry_run)
		return app_foretell(app, plan, f);
	read_force_install(&force_install);
	if (plan->n == 0)
		return app_has_nothing_to_do(app);
	if (!app->is_locked) {
		r = app_take_lock(app, f);
		return r < 0 ? r : -ERESTART;
	}
	app->report.is_muted = false;
	r = engine_run(&setup, plan, f);
	if (r == 0) {
		enrolment_warn(app, plan);
		boot_image_check(app, plan);
	}
	if (app->report.document)
		document_plan(app->report.document, plan);
	return r < 0 ? r : plan_code(plan);
}

struct conf_request app_conf_request(const struct app *app, const char *module, const char *version,
				     const struct kernel *k)
{
	return (struct conf_request){
		.target = { module, version, k->release, k->arch },
		.conf_file = app->rq.conf_file,
		.etc_dir = app->etc_dir,
		.kernel_source_dir = k->source_dir,
		.kernel_config = k->config_path,
		.dkms_tree = app->dkms_tree,
		.source_tree = app->source_tree,
		.install_tree = app->install_tree,
		.tmp_location = app->tmp_location,
		.parallel_jobs = app->jobs,
		.directives = &app->rq.directives,
		.distro_dest = app->distro.dest,
		.debug = app->rq.debug,
		.cache = app->conf_cache,
	};
}

int app_conf(const struct app *app, const char *module, const char *version, const char *source_dir,
	     const struct target *target, struct conf *ret, struct fail *f)
{
	CLEAN(free) char *link = NULL;
	CLEAN(kernel) struct kernel k = { 0 };
	struct conf_request rq;

	kernel_init(&k, target ? target->kernel : app->running_kernel,
		    target ? target->arch : app->running_arch, app->install_tree,
		    app->rq.kernel_source_dir, app->rq.config_file);
	rq = app_conf_request(app, module, version, &k);
	if (!source_dir)
		source_dir = link = path_join(app->dkms_tree, module, version, "source");
	rq.source_dir = source_dir;
	return conf_load(&rq, ret, f);
}

int app_names_from(struct app *app, const char *dir, struct fail *f)
{
	CLEAN(conf) struct conf c = { 0 };
	int r;

	if (app->rq.module && app->rq.version)
		return 0;
	r = app_conf(app, app->rq.module, app->rq.version, dir, NULL, &c, f);
	if (r == 0)
		r = app_refuse_bad_conf(&c, dir, f);
	if (r < 0)
		return r;
	if (!app->rq.module)
		app->rq.module = xstrdup(c.module ? c.module : c.package_name);
	if (!app->rq.version)
		app->rq.version = xstrdup(c.version ? c.version : c.package_version);
	return 0;
}

/* start-up -------------------------------------------------------------------------------------- */

static void choose(char **ret, const char *asked, const char *configured, const char *fallback)
{
	/* an empty one, of a variable that was not set, is none: it must not mean where we happen to be */
	if (!str_is_empty(asked))
		*ret = path_squeeze(asked);
	else
		*ret = path_squeeze(!str_is_empty(configured) ? configured : fallback);
}

static void settle_paths(struct app *app)
{
	const char *tmp = env_get(&app->environment, "TMPDIR");

	choose(&app->dkms_tree, app->rq.dkms_tree, app->framework.dkms_tree, "/var/lib/dkms");
	choose(&app->source_tree, app->rq.source_tree, app->framework.source_tree, "/usr/src");
	choose(&app->install_tree, app->rq.install_tree, app->framework.install_tree, "/lib/modules");
	choose(&app->tmp_location, NULL, app->framework.tmp_location, tmp ? tmp : "/tmp");
}

/* Relative paths are relative to where dkms was called; confs and scripts run elsewhere. */
static void make_absolute(char **path)
{
	CLEAN(free) char *cwd = NULL;
	char *full;

	if (!*path || **path == '/')
		return;
	cwd = getcwd(NULL, 0);
	full = path_join(cwd ? cwd : "/", *path);
	free(*path);
	*path = full;
}

static int settle(struct app *app, struct fail *f)
{
	int r = distro_load(&app->environment, &app->distro, f);

	if (r < 0)
		return r;
	app->running_kernel = kernel_running_release();
	app->running_arch = kernel_running_arch();
	r = framework_load(app->etc_dir, app->running_kernel, &app->environment, &app->framework, f);
	if (r < 0)
		return r;
	settle_paths(app);
	make_absolute(&app->dkms_tree);
	make_absolute(&app->source_tree);
	make_absolute(&app->install_tree);
	make_absolute(&app->rq.conf_file);
	make_absolute(&app->rq.config_file);
	make_absolute(&app->rq.kernel_source_dir);
	app->report.verbose = app->report.verbose || app->framework.verbose;
	app->jobs = app->rq.jobs;
	if (app->jobs < 0)
		app->jobs = app->framework.parallel_jobs;
	if (app->jobs < 0)
		app->jobs = host_usable_cpus();
	return 0;
}

static void warn_early(const struct app *app)
{
	for (size_t i = 0; i < app->rq.deprecated.n; i++) {
		CLEAN(free) char *text =
			xasprintf("option %s is deprecated and does nothing", app->rq.deprecated.items[i]);

		report_warning(&app->report, text, NULL);
	}
	for (size_t i = 0; i < app->framework.warnings.n; i++)
		report_warning(&app->report, app->framework.warnings.items[i], NULL);
	if (app->rq.config_file && !path_is_file(app->rq.config_file)) {
		CLEAN(free) char *text = xasprintf("--config: '%s' is no file, so nothing is known of the "
						   "kernel's configuration",
						   app->rq.config_file);

		report_warning(&app->report, text, NULL);
	}
	if (app->rq.has_full_name && app->rq.version_option && !str_eq(app->rq.version_option, app->rq.version)) {
		CLEAN(free) char *text = xasprintf("'-v %s' was ignored: %s/%s was named", app->rq.version_option,
						   app->rq.module, app->rq.version);

		report_warning(&app->report, text, NULL);
	}
	for (size_t i = 0; i < app->rq.ignored.n; i++) {
		CLEAN(free) char *text = xasprintf("'%s' was ignored: a module was named already",
						   app->rq.ignored.items[i]);

		report_warning(&app->report, text, NULL);
	}
}

typedef int verb_function(struct app *app, struct fail *f);

static verb_function *find_function(enum verb v)
{
	static verb_function *const functions[] = {
		[VERB_ADD] = verb_add,
		[VERB_BUILD] = verb_build,
		[VERB_INSTALL] = verb_install,
		[VERB_UNINSTALL] = verb_uninstall,
		[VERB_UNBUILD] = verb_unbuild,
		[VERB_REMOVE] = verb_remove,
		[VERB_STATUS] = verb_status,
		[VERB_WHY] = verb_why,
		[VERB_PLAN] = verb_plan,
		[VERB_SIGN] = verb_sign,
		[VERB_AUTOINSTALL] = verb_autoinstall,
		[VERB_MATCH] = verb_match,
		[VERB_MKTARBALL] = verb_mktarball,
		[VERB_LDTARBALL] = verb_ldtarball,
		[VERB_MKDEB] = verb_mkdeb,
		[VERB_MKBMDEB] = verb_mkbmdeb,
		[VERB_MKDSC] = verb_mkdsc,
		[VERB_MKRPM] = verb_mkrpm,
		[VERB_KERNEL_POSTINST] = verb_autoinstall,
		[VERB_KERNEL_PREINST] = verb_kernel_preinst,
		[VERB_KERNEL_PRERM] = verb_kernel_prerm,
		[VERB_GENERATE_MOK] = verb_generate_mok,
		[VERB_SETTINGS] = verb_settings,
	};

	return v < COUNT_OF(functions) ? functions[v] : NULL;
}

/* What an interrupted dkms left is finished, and one that runs has ended, before anything is judged. */
static int settle_unrest(struct app *app, struct fail *f)
{
	static const enum verb readers[] = { VERB_STATUS,    VERB_WHY,	     VERB_PLAN,
					     VERB_MKTARBALL, VERB_SETTINGS, VERB_GENERATE_MOK };
	CLEAN(fail) struct fail why = { 0 };

	for (size_t i = 0; i < COUNT_OF(readers); i++)
		if (app->rq.verb == readers[i])
			return 0;
	if (app->rq.dry_run)
		return 0;
	scratch_sweep(app->tmp_location);
	if (!journal_is_pending(app->dkms_tree) || app_need_access(app, &why) < 0)
		return 0;
	return app_take_lock(app, f);
}

static int run_verb(struct app *app, struct fail *f)
{
	verb_function *function = find_function(app->rq.verb);
	int r = request_check(&app->rq, f);

	if (r == 0)
		r = settle(app, f);
	if (r < 0)
		return r;
	warn_early(app);
	if (!function)
		return fail_set(f, -E_USAGE, "'dkms %s' is not there yet", verb_name(app->rq.verb));
	r = settle_unrest(app, f);
	if (r == 0)
		r = function(app, f);
	if (r != -ERESTART)
		return r;
	/* what was told in the first round is not told again */
	app_forget_targets(app);
	app->report.is_muted = true;
	r = function(app, f);
	app->report.is_muted = false;
	return r;
}

static int usage(FILE *out, int status)
{
	CLEAN(buf) struct buf b = { 0 };

	options_usage(&b);
	fputs(buf_str(&b), out);
	return status;
}

/* What needs no settings, no trees and no document. True: it is done, with *ret_status. */
static bool run_at_once(const struct request *rq, int *ret_status)
{
	switch (rq->verb) {
	case VERB_VERSION:
		puts("dkms-" DKMS_VERSION);
		*ret_status = 0;
		return true;
	case VERB_HELP:
		*ret_status = usage(stdout, 0);
		return true;
	default:
		return false;
	}
}

static int exit_status(struct app *app, int code)
{
	if (run_pending_signal())
		return 128 + run_pending_signal();
	return app->rq.hook ? hook_status(app, code) : outcome_exit_status(code);
}

/* Where all of it is what is printed, half of it is none. What was done to the disk stays done, whoever reads of it. */
static int judge_output(const struct app *app, int status)
{
	static const enum verb printers[] = { VERB_STATUS, VERB_WHY, VERB_PLAN };

	fflush(stdout);
	if (!ferror(stdout) || fcntl(STDOUT_FILENO, F_GETFD) < 0)
		return status;
	if (!app->rq.quiet)
		fputs("dkms: error: cannot write to stdout\n", stderr);
	for (size_t i = 0; i < COUNT_OF(printers); i++)
		if (app->rq.verb == printers[i] && status == 0)
			return 1;
	return status;
}

int app_main(int argc, char **argv)
{
	CLEAN(app) struct app app = { .etc_dir = "/etc/dkms", .lock = { .fd = -1 } };
	CLEAN(fail) struct fail f = { 0 };
	int r, status;

	env_copy(&app.environment, environ);
	r = request_parse(argc, argv, &app.rq, &f);
	if (r == 0 && run_at_once(&app.rq, &status))
		return status;
	report_init(&app.report, &app.rq, &app.environment);
	if (r == 0 && app.rq.verb == VERB_NONE) {
		r = -E_USAGE;
		if (!app.rq.quiet)
			usage(stderr, 0);
	} else if (r == 0) {
		r = run_verb(&app, &f);
	}
	if (r < 0 && f.text)
		report_error(&app.report, &f);
	status = exit_status(&app, r);
	if (app.report.document && document_write(app.report.document, &app.rq, r, status, &f) < 0 &&
	    status == 0)
		status = 1;
	return judge_output(&app, status);
}
