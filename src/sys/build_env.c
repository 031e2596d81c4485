/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_env.h"

#include <ctype.h>
#include <errno.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/outcome.h"
#include "sys/build_sandbox.h"
#include "sys/jobserver.h"
#include "sys/run.h"

enum { EXPORTS_MAX = 4 << 20, EXPORTS_MS = 60000 };

/* Shell variables that commands may use but that are not exported to what they start. */
#define SHELL_VARIABLES                                                                            \
	"kernelver=$1 arch=$2 module=$3 module_version=$4 kernel_source_dir=$5 "                   \
	"dkms_tree=$6 source_tree=$7 install_tree=$8; shift 8; "

static void add_shell_arguments(const struct build *b, const char *program, struct strv *argv)
{
	strv_add(argv, "bash");
	strv_add(argv, "-c");
	strv_add(argv, program);
	strv_add(argv, "bash");
	strv_add(argv, b->at.kernel);
	strv_add(argv, b->at.arch);
	strv_add(argv, b->at.module);
	strv_add(argv, b->at.version);
	strv_add(argv, b->job->kernel->source_dir);
	strv_add(argv, b->job->dkms_tree);
	strv_add(argv, b->job->source_tree);
	strv_add(argv, b->job->install_tree);
}

static void set_pair(struct strv *env, const char *pair)
{
	const char *eq = strchr(pair, '=');
	CLEAN(free) char *name = eq ? xstrndup(pair, (size_t)(eq - pair)) : NULL;

	if (name && *name)
		env_set(env, name, eq + 1);
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
	for (size_t i = 0; directives && i < directives->n; i++)
		set_pair(ret, directives->items[i]);
}

static bool is_shell_name(const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)entry[i]) && entry[i] != '_')
			return false;
	return n > 0 && !isdigit((unsigned char)entry[0]);
}

/* bash sets these for its own use; they say nothing about the administrator's wish. */
static bool is_bash_own(const char *entry)
{
	static const char *const own[] = { "_=", "SHLVL=", "PWD=", "OLDPWD=" };

	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (str_has_prefix(entry, own[i]))
			return true;
	return false;
}

/* `exports` holds NUL-ended NAME=VALUE: all that the file's shell exports at its end. */
static void replace_environment(struct strv *env, const struct buf *exports)
{
	struct strv next = { 0 };

	/* what is no shell's variable the file cannot have changed */
	for (size_t i = 0; i < env->n; i++)
		if (!is_shell_name(env->items[i]) || is_bash_own(env->items[i]))
			strv_add(&next, env->items[i]);
	for (size_t i = 0; i < exports->len; i += strlen(exports->data + i) + 1)
		if (!is_bash_own(exports->data + i))
			set_pair(&next, exports->data + i);
	strv_done(env);
	*env = next;
}

static void apply_file(struct build *b, const char *file)
{
	static const char program[] = SHELL_VARIABLES
		"f=$1; shift; [ -r \"$f\" ] || exit 1; . \"$f\" >/dev/null; "
		"for n in $(compgen -e); do printf '%s=%s\\0' \"$n\" \"${!n}\"; done; exit 0";
	CLEAN(strv) struct strv argv = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	struct run_result res = { 0 };
	struct run r = { .env = &b->env,
			 .err_fd = RUN_NULL,
			 .out_fd = RUN_NULL,
			 .capture = &out,
			 .capture_max = EXPORTS_MAX,
			 .timeout_ms = EXPORTS_MS };

	add_shell_arguments(b, program, &argv);
	strv_add(&argv, file);
	r.argv = (const char *const *)argv.items;
	if (run_command(&r, &res, &f) < 0 || res.status != 0 || out.len == 0)
		build_warn(b, NULL, "build_environment '%s' cannot be used%s%s", file,
			   f.text ? ": " : "", f.text ? f.text : "");
	else
		replace_environment(&b->env, &out);
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

static int run_logged(struct build *b, const struct build_command *c, struct run *r,
		      int *ret_status, struct fail *f)
{
	static const int keep[] = { JOBSERVER_FD, -1 };
	CLEAN(strv) struct strv env = { 0 };
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
	if (c->shares_jobs) {
		CLEAN(free) char *flags = xasprintf(" -j%d --jobserver-auth=%d,%d", b->job->jobs,
						    JOBSERVER_FD, JOBSERVER_FD);

		env_set(&env, "MAKEFLAGS", flags);
		r->keep_fds = keep;
	}
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
		build_sandbox_inspect(b, r, res.usec);
	*ret_status = res.status;
	e = build_log_end(&b->log, res.status, res.usec);
	return e < 0 ? fail_errno(f, e, "cannot write '%s'", b->log.path) : 0;
}

int build_bash(struct build *b, const struct build_command *c, int *ret_status, struct fail *f)
{
	static const char line[] = SHELL_VARIABLES "eval \"$1\"";
	static const char script[] = SHELL_VARIABLES "eval \"\\\"\\$2\\\"/$1\"";
	CLEAN(strv) struct strv argv = { 0 };
	struct run r = { 0 };

	add_shell_arguments(b, c->is_script ? script : line, &argv);
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
