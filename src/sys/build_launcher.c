/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_launcher.h"

#include <errno.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/build_sandbox.h"
#include "sys/build_user.h"
#include "sys/tree_own.h"

/* the compiler ---------------------------------------------------------------------------------- */

/* The file behind the first word of a value of CC; caller frees; NULL: there is none. */
static char *program_of(const char *cc, const struct strv *env)
{
	CLEAN(free) char *first = xstrndup(cc, strcspn(cc, " \t"));
	CLEAN(free) char *file = run_find(first, env);

	return file ? realpath(file, NULL) : NULL;
}

/*
 * One value is for all makes of the command: for kbuild, which knows its compiler, and for what a module's own
 * makefiles take from the environment. Where those are two, or something else has been set, everything stays as it is.
 */
static bool choose_cc(struct build *b)
{
	const struct conf *c = b->job->conf;
	CLEAN(free) char *cc = toolchain_kbuild_cc(b->job->kernel, &b->env);
	CLEAN(free) char *program = program_of(cc, &b->env);
	const char *other = env_get(&b->env, "CC");
	CLEAN(free) char *other_program = program_of(other ? other : "cc", &b->env);

	if (!program || !launcher_fits(c) || env_get(&b->env, "MAKEFLAGS") ||
	    (env_get(&b->env, "LLVM") && !kernel_is_clang(b->job->kernel)) ||
	    (c->make && !str_eq(program, other_program)))
		return false;
	b->launch.cc = launcher_cc(&b->launch.launcher, cc);
	return b->launch.cc != NULL;
}

/* its directory --------------------------------------------------------------------------------- */

static bool may_write(const struct build_box *box, const struct stat *st)
{
	unsigned bits = st->st_mode & 7;

	if (st->st_uid == box->uid)
		bits = st->st_mode >> 6 & 7;
	else if (st->st_gid == box->gid)
		bits = st->st_mode >> 3 & 7;
	return (bits & 3) == 3;
}

/* 1: made; 0: it is there. */
static int make_dir(const char *dir)
{
	int r;

	if (path_is_dir(dir))
		return 0;
	r = dir_make(dir);
	if (r == 0 && chmod(dir, 0700) < 0)
		r = -errno;
	return r < 0 ? r : 1;
}

/* dkms's own is given to whoever builds; of what somebody has named only what is new. */
static int own_dir(struct build *b)
{
	struct build_launch *l = &b->launch;
	int made = make_dir(l->dir), r = made;
	struct stat st;

	if (r >= 0)
		r = stat(l->dir, &st) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	l->uid = st.st_uid;
	l->gid = st.st_gid;
	if (b->box.mode == SANDBOX_OFF)
		return 0;
	build_user_settle(st.st_uid, &b->box.uid, &b->box.gid);
	if (may_write(&b->box, &st))
		return 0;
	if (!l->is_own_dir && made != 1)
		return -EACCES;
	l->uid = b->box.uid;
	l->gid = b->box.gid;
	return tree_own(l->dir, l->uid, l->gid);
}

static bool prepare_dir(struct build *b)
{
	const struct framework *fw = b->job->framework;
	struct build_launch *l = &b->launch;
	const char *variable = l->launcher.dir_variable;
	const char *given = fw->build_launcher_dir;
	int r;

	if (!given && variable)
		given = env_get(&b->env, variable);
	if (!given && (!variable || geteuid() != 0))
		return true;
	l->is_own_dir = !given;
	l->dir = given ? xstrdup(given) : path_join(CACHE_DIR, l->launcher.name);
	r = *l->dir == '/' ? own_dir(b) : -EINVAL;
	if (r < 0) {
		build_warn_once(b,
				"give it to the user that build_user names, or leave it to dkms which directory is "
				"used",
				"modules are built without %s: '%s' cannot be used by the build user: %s",
				l->launcher.name, l->dir, strerror(-r));
		return false;
	}
	build_sandbox_let_write(b, l->dir);
	return true;
}

/* a build --------------------------------------------------------------------------------------- */

static void complain_of_missing(const struct build *b)
{
	const char *program = b->launch.launcher.words.items[0];
	CLEAN(free) char *command = str_eq(program, "ccache") || str_eq(program, "distcc") ||
						    str_eq(program, "sccache") || str_eq(program, "icecc")
					    ? distro_install_command(b->job->distro, program)
					    : NULL;
	CLEAN(free) char *hint = xasprintf("%s%s%stake build_launcher out of framework.conf",
					   command ? "install it with: " : "", command ? command : "",
					   command ? ", or " : "");

	build_warn_once(b, hint, "modules are built without the build_launcher '%s', which is not installed",
			program);
}

void build_launcher_prepare(struct build *b)
{
	const struct framework *fw = b->job->framework;
	struct build_launch *l = &b->launch;
	CLEAN(free) char *file = NULL;

	if (!fw || b->job->conf->no_launcher || !launcher_parse(fw->build_launcher, &l->launcher))
		return;
	file = run_find(l->launcher.words.items[0], &b->env);
	if (!file) {
		complain_of_missing(b);
		return;
	}
	strv_add(&b->box.reach_too, file);
	l->is_on = choose_cc(b) && prepare_dir(b);
	if (l->is_on && fw->build_launcher_network)
		build_sandbox_let_connect(b, fw->build_launcher_network);
}

void build_launcher_done(struct build *b)
{
	struct build_launch *l = &b->launch;

	/* root's files would be in the build user's way next time */
	if (l->ran_as_root && l->is_own_dir && l->uid != 0)
		tree_own(l->dir, l->uid, l->gid);
	launcher_done(&l->launcher);
	free(l->cc);
	free(l->dir);
}

const char *build_launcher_cc(const struct build *b)
{
	return b->launch.is_on ? b->launch.cc : NULL;
}

bool build_launcher_has_server(const struct build *b)
{
	return b->launch.is_on && b->launch.launcher.has_server;
}

bool build_launcher_was_used(const struct build *b)
{
	return b->launch.is_on && b->launch.was_used;
}

void build_launcher_environment(struct build *b, const char *flags, struct strv *env)
{
	struct build_launch *l = &b->launch;
	CLEAN(free) char *all = l->is_on ? launcher_makeflags(flags, l->cc) : xstrdup(flags);

	if (*all)
		env_set(env, "MAKEFLAGS", all);
	if (!l->is_on)
		return;
	if (l->dir && l->launcher.dir_variable)
		env_set(env, l->launcher.dir_variable, l->dir);
	l->was_used = true;
	l->ran_as_root |= geteuid() == 0 && !build_sandbox_has_user(b);
}

/* What came of a command; whatever else ends a build has nothing to do with the compiler. */
static bool is_of_make(int code)
{
	return code == -E_MAKE_FAILED || code == -E_NO_RESULT || code == -E_WRONG_RESULT;
}

static char *first_error(const struct build *b)
{
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(errlog) struct errlog errors = { 0 };

	if (build_log_last(&b->log, &text) == 0)
		errlog_find(buf_str(&text), text.len, &errors);
	return errors.lines.n ? xstrdup(errors.lines.items[0]) : NULL;
}

bool build_launcher_give_up(struct build *b, const struct fail *why)
{
	struct build_launch *l = &b->launch;
	CLEAN(free) char *error = NULL, *hint = NULL;

	if (!build_launcher_was_used(b) || !is_of_make(why->code) || b->box.is_disk_full)
		return false;
	error = first_error(b);
	hint = xasprintf("if it is %s, BUILD_LAUNCHER=\"no\" in %s.conf settles it", l->launcher.name,
			 b->override_dir);
	build_warn(b, hint, "the build of %s/%s with %s failed%s%s; it is tried again without", b->at.module,
		   b->at.version, l->launcher.name, error ? ": " : "", error ? error : "");
	/* whatever made it unusable, perhaps somebody who looked into it as root */
	if (l->is_own_dir && l->uid != 0)
		tree_own(l->dir, l->uid, l->gid);
	l->is_on = false;
	return true;
}
