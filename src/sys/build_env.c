/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_env.h"

#include <errno.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/outcome.h"
#include "sys/build_launcher.h"
#include "sys/build_sandbox.h"
#include "sys/env_file.h"
#include "sys/jobserver.h"
#include "sys/run.h"

static struct shell_scope shell_scope(const struct build *b)
{
	return (struct shell_scope){
		.kernel = b->at.kernel,
		.arch = b->at.arch,
		.module = b->at.module,
		.version = b->at.version,
		.kernel_source_dir = b->job->kernel->source_dir,
		.dkms_tree = b->job->dkms_tree,
		.source_tree = b->job->source_tree,
		.install_tree = b->job->install_tree,
	};
}

void build_environment(const struct strv *started_with, const struct conf *conf, const char *kernel,
		       const char *arch, const struct toolchain *toolchain,
		       const struct strv *directives, struct strv *ret)
{
	/* OLDPWD: every bash looks for that directory, which says nothing about the build */
	static const char *const dropped[] = { "CC",	  "CXX",       "CFLAGS", "CXXFLAGS",  "LDFLAGS",
					       "OLDPWD",  "MAKEFLAGS", "MFLAGS", "MAKELEVEL" };

	strv_add_all(ret, started_with);
	for (size_t i = 0; i < COUNT_OF(dropped); i++)
		env_unset(ret, dropped[i]);
	env_set(ret, "module", conf->module);
	env_set(ret, "module_version", conf->version);
	env_set(ret, "kernelver", kernel);
	env_set(ret, "arch", arch);
	if (toolchain && toolchain->cc) {
		env_set(ret, "CC", toolchain->cc);
		env_set(ret, "KERNEL_CC", toolchain->cc);
	}
	if (toolchain && toolchain->ld) {
		env_set(ret, "LD", toolchain->ld);
		env_set(ret, "KERNEL_LD", toolchain->ld);
	}
	if (toolchain)
		toolchain_set_cross(toolchain, ret);
	for (size_t i = 0; directives && i < directives->n; i++)
		env_set_pair(ret, directives->items[i]);
}

static void apply_file(struct build *b, const char *file)
{
	struct shell_scope scope = shell_scope(b);
	CLEAN(fail) struct fail f = { 0 };

	if (env_file_apply(file, &scope, &b->env, &f) < 0)
		build_warn(b, NULL, "%s", f.text);
}

void build_env_prepare(struct build *b)
{
	const struct build_job *job = b->job;

	build_environment(job->environment, job->conf, b->at.kernel, b->at.arch, job->toolchain,
			  job->directives, &b->env);
	if (job->framework && !str_is_empty(job->framework->build_environment))
		apply_file(b, job->framework->build_environment);
}

static int check_disk(void *ctx)
{
	build_sandbox_look(ctx);
	return build_full_disk(ctx) ? -ENOSPC : 0;
}

/* Nobody else has room then either, so what it made is not kept. */
static int complain_of_disk(struct build *b, struct fail *f)
{
	const char *where = build_full_disk(b);

	b->box.is_disk_full = true;
	return fail_set(f, -E_MAKE_FAILED,
			"the build of %s/%s was stopped: it has filled the disk that '%s' is on", b->at.module,
			b->at.version, where ? where : b->build_dir);
}

/* For MAKEFLAGS; "" for none; caller frees. */
static char *flags_of_jobs(const struct build *b, const struct build_command *c)
{
	if (!c->shares_jobs)
		return xstrdup("");
	if (c->jobs_fifo)
		return xasprintf(" -j%d --jobserver-auth=fifo:%s", b->job->jobs, c->jobs_fifo);
	return xasprintf(" -j%d --jobserver-auth=%d,%d", b->job->jobs, JOBSERVER_FD, JOBSERVER_FD);
}

static int run_logged(struct build *b, const struct build_command *c, struct run *r,
		      int *ret_status, struct fail *f)
{
	static const int keep[] = { JOBSERVER_FD, -1 };
	CLEAN(strv) struct strv env = { 0 };
	CLEAN(free) char *flags = flags_of_jobs(b, c);
	struct run_result res = { 0 };
	int e;

	/* a script before may have taken it away */
	if (!path_is_dir(c->dir) || access(c->dir, X_OK) < 0)
		return fail_set(f, -E_SCRIPT_DIR, "cannot enter '%s' for '%s'", c->dir, c->shown);
	e = build_log_begin(&b->log, c->description, c->shown);
	if (e < 0)
		return fail_errno(f, e, "cannot write '%s'", b->log.path);
	/* with it bash takes the path as it was given, through whatever links, for its PWD */
	strv_add_all(&env, &b->env);
	env_set(&env, "PWD", c->dir);
	if (c->shares_jobs)
		r->keep_fds = keep;
	if (c->is_make)
		build_launcher_environment(b, flags, &env);
	r->env = &env;
	r->cwd = c->dir;
	r->out_fd = b->log.fd;
	r->err_fd = RUN_AS_OUT;
	if (b->job->observer) {
		r->tick = b->job->observer->tick;
		r->tick_ctx = b->job->observer->ctx;
	}
	build_sandbox_place(b, r, &env);
	if (r->place) {
		r->check = check_disk;
		r->check_ctx = b;
	}
	e = run_command(r, &res, f);
	if (e < 0 && res.no_place) {
		e = build_sandbox_give_up(b, f);
		r->place = NULL;
		if (e == 0)
			e = run_command(r, &res, f);
	}
	if (e == -ENOSPC || (e == 0 && res.status && build_full_disk(b)))
		return complain_of_disk(b, f);
	if (e < 0)
		return e;
	if (res.status && !run_pending_signal())
		build_sandbox_inspect(b, r, &res);
	*ret_status = res.status;
	e = build_log_end(&b->log, res.status, res.usec);
	return e < 0 ? fail_errno(f, e, "cannot write '%s'", b->log.path) : 0;
}

int build_bash(struct build *b, const struct build_command *c, int *ret_status, struct fail *f)
{
	static const char line[] = SHELL_VARIABLES "eval \"$1\"";
	static const char script[] = SHELL_VARIABLES "eval \"\\\"\\$2\\\"/$1\"";
	CLEAN(strv) struct strv argv = { 0 };
	struct shell_scope scope = shell_scope(b);
	struct run r = { 0 };

	shell_scope_arguments(&scope, c->is_script ? script : line, &argv);
	strv_add(&argv, c->line + (c->is_script ? strspn(c->line, " \t\n") : 0));
	if (c->is_script)
		strv_add(&argv, c->dir);
	r.argv = (const char *const *)argv.items;
	return run_logged(b, c, &r, ret_status, f);
}

int build_program(struct build *b, const struct build_command *c, const char *const *argv,
		  int *ret_status, struct fail *f)
{
	struct run r = { .argv = argv };

	return run_logged(b, c, &r, ret_status, f);
}
