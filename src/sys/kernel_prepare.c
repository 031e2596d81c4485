/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/kernel_prepare.h"

#include <errno.h>
#include <fcntl.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/kernel_tree.h"
#include "core/outcome.h"
#include "sys/build_limits.h"
#include "sys/build_log.h"
#include "sys/build_sandbox.h"
#include "sys/build_user.h"
#include "sys/env_file.h"
#include "sys/kernel_links.h"
#include "sys/run.h"
#include "sys/sandbox.h"
#include "sys/tree_own.h"

enum { CONFIG_MAX = 16 << 20, LIMITS_MAX = 16 };

/* what is there --------------------------------------------------------------------------------- */

static bool has(const char *dir, const char *name)
{
	CLEAN(free) char *path = path_join(dir, name);

	return path_exists(path);
}

bool kernel_tree_is_bare(const char *dir)
{
	return has(dir, "include") && !has(dir, "include/generated/autoconf.h") &&
	       !has(dir, "include/config/auto.conf") && has(dir, "Makefile") && has(dir, "Kconfig") &&
	       has(dir, "scripts/kconfig");
}

char *kernel_tree_find_config(const char *tree, const char *release, const char *arch, const char *install_dir)
{
	CLEAN(strv) struct strv paths = { 0 }, names = { 0 };

	strv_take(&paths, path_join(tree, ".config"));
	strv_add_fmt(&paths, "/boot/config-%s", release);
	strv_take(&paths, path_join(install_dir, "config"));
	kernel_config_names(release, arch, &names);
	for (size_t i = 0; i < names.n; i++)
		strv_take(&paths, path_join(tree, "configs", names.items[i]));
	for (size_t i = 0; i < paths.n; i++)
		if (path_is_file(paths.items[i]))
			return xstrdup(paths.items[i]);
	return NULL;
}

char *kernel_prepared_dir(const char *dir)
{
	return path_join(dir, "tree");
}

/* the sandbox ----------------------------------------------------------------------------------- */

/* One preparation that runs. */
struct prepare {
	const struct kernel_prepare *p;
	char *links, *tree; /* the source by links, and what is prepared */
	struct build_log log;
	struct strv env;
	enum sandbox_mode mode;
	uid_t uid;
	gid_t gid;
	struct strv reach, reach_too, hide;
	struct sandbox_limit limits[LIMITS_MAX];
	size_t n_limits;
	struct sandbox_rules rules;
	struct sandbox sandbox;
	bool is_open;
	struct sandbox_grants grants;
	struct denials denied; /* in the last try */
};

static void clean_prepare(struct prepare *w)
{
	sandbox_close(&w->sandbox);
	free(w->links);
	free(w->tree);
	build_log_done(&w->log);
	strv_done(&w->env);
	strv_done(&w->reach);
	strv_done(&w->reach_too);
	strv_done(&w->hide);
	sandbox_grants_done(&w->grants);
	denials_done(&w->denied);
}

static void choose_sandbox(struct prepare *w)
{
	const struct framework *fw = w->p->framework;
	const char *path = env_get(&w->env, "PATH");

	w->mode = SANDBOX_AUTO;
	if (geteuid() != 0)
		w->mode = SANDBOX_OFF;
	else if (fw->build_sandbox)
		sandbox_mode_parse(fw->build_sandbox, &w->mode);
	if (w->mode == SANDBOX_OFF)
		return;
	build_user_choose(fw->build_user, &w->uid, &w->gid);
	build_limits_parse(fw->build_limits, w->limits, LIMITS_MAX, &w->n_limits, NULL);
	strv_add(&w->reach, w->p->dkms_tree);
	strv_add(&w->reach, w->p->tree);
	strv_split(&w->reach_too, path ? path : "", ":");
	build_sandbox_secrets(fw, NULL, &w->hide);
}

static int go_without(struct prepare *w, int err, const char *missing, struct fail *f)
{
	CLEAN(free) char *text = NULL;

	if (w->mode == SANDBOX_STRICT) {
		fail_set(f, err < 0 ? err : -EPERM, "the sandbox that build_sandbox asks for cannot be made: %s",
			 missing);
		fail_hint(f, "build_sandbox=\"auto\" in framework.conf prepares the kernel tree with what can be had");
		return f->code;
	}
	text = xasprintf("the kernel tree is prepared %s here: %s",
			 err < 0 ? "without a sandbox" : "in less of a sandbox", missing);
	w->p->warn(w->p->ctx, text, NULL);
	return 0;
}

static int enter_sandbox(struct prepare *w, struct fail *f)
{
	CLEAN(free) char *missing = NULL;
	int r;

	if (w->mode == SANDBOX_OFF)
		return 0;
	strv_add_all(&w->reach_too, &w->grants.read);
	w->rules = (struct sandbox_rules){
		.parts = SANDBOX_ALL,
		.uid = w->uid,
		.gid = w->gid,
		.as_root = w->grants.as_root,
		.build_dir = w->tree,
		.reach = &w->reach,
		.reach_too = &w->reach_too,
		.write = &w->grants.write,
		.hide = &w->hide,
		.limits = w->limits,
		.n_limits = w->n_limits,
	};
	denials_done(&w->denied);
	r = sandbox_open(&w->sandbox, &w->rules, &missing);
	w->is_open = r == 0;
	if (missing || r < 0)
		r = go_without(w, r, missing ? missing : strerror(-r), f);
	if (r == 0 && w->is_open && (w->sandbox.rules.parts & SANDBOX_USER) && !w->rules.as_root)
		r = tree_own(w->tree, w->uid, w->gid);
	return r;
}

/* After it nothing runs there, and all is root's. */
static void leave_sandbox(struct prepare *w)
{
	if (!w->is_open)
		return;
	sandbox_denied(&w->sandbox, &w->denied);
	sandbox_close(&w->sandbox);
	w->is_open = false;
	tree_own(w->tree, 0, 0);
}

/* commands -------------------------------------------------------------------------------------- */

static void apply_file(struct prepare *w, const char *file)
{
	struct shell_scope scope = {
		.kernel = w->p->release,
		.arch = w->p->arch,
		.module = "",
		.version = "",
		.kernel_source_dir = w->p->tree,
		.dkms_tree = w->p->dkms_tree,
		.source_tree = w->p->source_tree,
		.install_tree = w->p->install_tree,
	};
	CLEAN(fail) struct fail f = { 0 };

	if (env_file_apply(file, &scope, &w->env, &f) < 0)
		w->p->warn(w->p->ctx, f.text, NULL);
}

static void fill_environment(struct prepare *w)
{
	static const char *const dropped[] = { "CC",	    "CXX",	 "CFLAGS",	   "CXXFLAGS",
					       "LDFLAGS",   "MAKEFLAGS", "MFLAGS",	   "MAKELEVEL",
					       "MAKEFILES", "LLVM",	 "KBUILD_OUTPUT",  "KBUILD_EXTMOD",
					       "KBUILD_SRC", "KCONFIG_CONFIG", "KCONFIG_ALLCONFIG" };

	strv_add_all(&w->env, w->p->environment);
	for (size_t i = 0; i < COUNT_OF(dropped); i++)
		env_unset(&w->env, dropped[i]);
	toolchain_set_cross(w->p->toolchain, &w->env);
	if (!str_is_empty(w->p->framework->build_environment))
		apply_file(w, w->p->framework->build_environment);
	env_set(&w->env, "PWD", w->tree);
}

/* What build_environment exports wins, but behind make's own arguments it would not. */
static const char *chosen_compiler(const struct prepare *w)
{
	const char *cc = env_get(&w->env, "CC");

	if (!str_is_empty(cc))
		return cc;
	return env_get(&w->env, "LLVM") ? NULL : w->p->cc;
}

static void fill_command(const struct prepare *w, const char *target, struct strv *argv)
{
	const char *cc = chosen_compiler(w);

	strv_add(argv, "make");
	strv_add_fmt(argv, w->p->jobs > 0 ? "-j%d" : "-j", w->p->jobs);
	strv_add(argv, "-C");
	strv_add(argv, w->links);
	strv_add_fmt(argv, "O=%s", w->tree);
	strv_add_fmt(argv, "KERNELRELEASE=%s", w->p->release);
	if (w->p->clang && !env_get(&w->env, "CC") && !env_get(&w->env, "LLVM"))
		strv_add(argv, "LLVM=1");
	else if (cc)
		strv_add_fmt(argv, "CC=%s", cc);
	strv_add(argv, target);
}

/* What kept it from doing its work? Writes are seen in any case. */
static void inspect(struct prepare *w, const struct run *r, int64_t usec)
{
	if (!w->is_open || run_pending_signal())
		return;
	sandbox_denied(&w->sandbox, &w->denied);
	if (w->denied.n || !build_sandbox_may_be_why(&w->log))
		return;
	build_sandbox_watch_again(&w->sandbox, r, usec);
	sandbox_denied(&w->sandbox, &w->denied);
}

static int run_placed(struct prepare *w, struct run *r, struct run_result *res, struct fail *f)
{
	CLEAN(strv) struct strv env = { 0 };
	int e;

	strv_add_all(&env, &w->env);
	r->env = &env;
	if (w->is_open) {
		sandbox_place(&w->sandbox, r);
		build_sandbox_environment(&w->sandbox, &env);
	}
	e = run_command(r, res, f);
	if (e < 0 && res->no_place) {
		CLEAN(fail) struct fail why = { 0 };

		if (f)
			fail_move(&why, f);
		leave_sandbox(w);
		e = go_without(w, e, why.text ? why.text : "it cannot be entered", f);
		r->place = NULL;
		if (e == 0)
			e = run_command(r, res, f);
	}
	if (e == 0 && res->status)
		inspect(w, r, res->usec);
	r->env = NULL;
	return e;
}

static int run_make(struct prepare *w, const char *description, const char *target, struct fail *f)
{
	CLEAN(strv) struct strv argv = { 0 };
	CLEAN(free) char *shown = NULL;
	struct run_result res = { 0 };
	struct run r = { .cwd = w->tree,
			 .out_fd = w->log.fd,
			 .err_fd = RUN_AS_OUT,
			 .tick = w->p->tick,
			 .tick_ctx = w->p->ctx };
	int e;

	fill_command(w, target, &argv);
	shown = strv_join(&argv, " ");
	r.argv = (const char *const *)argv.items;
	e = build_log_begin(&w->log, description, shown);
	if (e < 0)
		return fail_errno(f, e, "cannot write '%s'", w->log.path);
	e = run_placed(w, &r, &res, f);
	if (e < 0)
		return e;
	build_log_end(&w->log, res.status, res.usec);
	return res.status == 0 ? 0 : fail_set(f, -E_MAKE_FAILED, "make %s ended with status %d", target, res.status);
}

/* the work -------------------------------------------------------------------------------------- */

/* Made anew for each try. */
static int lay_out(const struct prepare *w, struct fail *f)
{
	CLEAN(free) char *config = path_join(w->tree, ".config");
	CLEAN(buf) struct buf text = { 0 };
	int r = tree_remove(w->p->dir);

	if (r == 0)
		r = dir_make(w->tree);
	if (r < 0)
		return fail_errno(f, r, "cannot make '%s'", w->tree);
	r = kernel_links_make(w->p->tree, w->links, f);
	if (r < 0)
		return r;
	r = file_read(AT_FDCWD, w->p->config, CONFIG_MAX, &text);
	if (r < 0)
		return fail_errno(f, r, "cannot read the kernel configuration '%s'", w->p->config);
	r = file_write(config, buf_str(&text), text.len, 0644);
	return r < 0 ? fail_errno(f, r, "cannot write '%s'", config) : 0;
}

/* A directory below one of root's, if no link leads there: what was prepared was another user's. */
static int open_dir(const char *top, const char *below)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	CLEAN(fd) int fd = open(top, flags);
	CLEAN(strv) struct strv names = { 0 };

	strv_split(&names, below, "/");
	for (size_t i = 0; fd >= 0 && i < names.n; i++) {
		int next = openat(fd, names.items[i], flags);

		if (next < 0)
			return -errno;
		close(fd);
		fd = next;
	}
	return fd < 0 ? -errno : TAKE_FD(fd);
}

static int write_new(int dirfd, const char *name, const char *text)
{
	CLEAN(fd) int fd = -1;

	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

/* The tree's own name for itself is another one than the kernel's; make got that of the kernel, its scripts read it
 * here. */
static int name_release(const struct prepare *w, struct fail *f)
{
	CLEAN(free) char *line = xasprintf("%s\n", w->p->release);
	CLEAN(fd) int dirfd = open_dir(w->tree, "include/config");
	int r = dirfd < 0 ? dirfd : write_new(dirfd, "kernel.release", line);

	return r < 0 ? fail_errno(f, r, "cannot write '%s/include/config/kernel.release'", w->tree) : 0;
}

static int try_prepare(struct prepare *w, struct fail *f)
{
	int r = lay_out(w, f);

	if (r == 0)
		r = enter_sandbox(w, f);
	if (r == 0)
		r = run_make(w, "Completing the kernel's configuration", "olddefconfig", f);
	if (r == 0)
		r = run_make(w, "Preparing the kernel tree", "modules_prepare", f);
	leave_sandbox(w);
	if (r == 0)
		r = name_release(w, f);
	return r == 0 ? kernel_links_complete(w->p->tree, w->tree, f) : r;
}

/* What would have to be written elsewhere may be the user's tree, by whatever name: that is never allowed. */
static void refuse_writes(struct denials *list)
{
	for (size_t i = list->n; i-- > 0;) {
		struct denial *d = &list->items[i];

		if (d->kind != DENIED_WRITE)
			continue;
		denial_done(d);
		*d = list->items[--list->n];
	}
}

static bool may_retry(struct prepare *w, int code)
{
	CLEAN(free) char *denied = denials_text(&w->denied), *text = NULL;

	refuse_writes(&w->denied);
	if (code != -E_MAKE_FAILED || !denied || w->mode != SANDBOX_AUTO)
		return false;
	if (!sandbox_next_try(&w->denied, &w->grants)) {
		text = xasprintf("the sandbox kept the preparation of the kernel tree from %s, which may be why it "
				 "failed",
				 denied);
		w->p->warn(w->p->ctx, text, NULL);
		return false;
	}
	text = xasprintf("the sandbox kept the preparation of the kernel tree from %s, and it failed: it is tried "
			 "again with that allowed%s",
			 denied, w->grants.as_root ? ", as root" : "");
	w->p->warn(w->p->ctx, text, "to settle it, put build_sandbox=\"off\" into framework.conf");
	return true;
}

static int open_log(struct prepare *w, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(w->p->log);
	int r = dir_make(dir);

	if (r == 0)
		r = build_log_open(&w->log, w->p->log, NULL);
	return r < 0 ? fail_errno(f, r, "cannot write '%s'", w->p->log) : 0;
}

int kernel_prepare(const struct kernel_prepare *p, struct errlog *ret_errors, struct fail *f)
{
	CLEAN(prepare) struct prepare w = { .p = p, .log = { .fd = -1 } };
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(fail) struct fail why = { 0 };
	int r;

	w.links = path_join(p->dir, "source");
	w.tree = kernel_prepared_dir(p->dir);
	r = open_log(&w, f);
	if (r < 0)
		return r;
	fill_environment(&w);
	choose_sandbox(&w);
	for (r = try_prepare(&w, &why); r < 0 && may_retry(&w, r); r = try_prepare(&w, &why))
		fail_done(&why);
	if (r == -E_MAKE_FAILED && build_log_last(&w.log, &text) == 0)
		errlog_find(buf_str(&text), text.len, ret_errors);
	fail_move(f, &why);
	return r;
}
