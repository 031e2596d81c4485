/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/strip.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/module_file.h"
#include "sys/run.h"

enum { SAID_MAX = 1 << 20 };

static const char stripped[] = ".stripped";

/* in the child ---------------------------------------------------------------------------------- */

struct cell {
	int dirfd;
	uid_t uid;
	gid_t gid;
};

static void limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit now, l = { value, value };

	if (getrlimit(what, &now) == 0 && now.rlim_max < value)
		l = (struct rlimit){ now.rlim_max, now.rlim_max };
	setrlimit(what, &l);
}

/* Also where securebits keep capabilities for another user. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

/* The directory by descriptor: its user may not be able to go there. */
static int enter(void *ctx)
{
	const struct cell *c = ctx;

	if (fchdir(c->dirfd) < 0)
		return -errno;
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, MODULE_FILE_MAX);
	if (setgroups(0, NULL) < 0 || setresgid(c->gid, c->gid, c->gid) < 0 ||
	    setresuid(c->uid, c->uid, c->uid) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return drop_capabilities();
}

/* outside --------------------------------------------------------------------------------------- */

static int run_here(const struct strip *s, const char *path, struct fail *why)
{
	const char *const argv[] = { s->tool, "-g", path, NULL };

	return run_tool(argv, s->env, why);
}

/* 1: it cannot be run as that user here. */
static int run_there(const struct strip *s, int dirfd, const char *name, struct fail *why)
{
	struct cell cell = { dirfd, s->uid, s->gid };
	const struct run_place place = { .pids = -1, .own_pids = -1, .enter = enter, .ctx = &cell };
	CLEAN(free) char *in = xasprintf("./%s", name), *first = NULL, *how = NULL;
	const char *const argv[] = { s->tool, "-g", "-o", stripped, in, NULL };
	CLEAN(strv) struct strv env = { 0 };
	CLEAN(buf) struct buf said = { 0 };
	struct run r = { .argv = argv,
			 .env = &env,
			 .out_fd = RUN_NULL,
			 .err_fd = RUN_AS_OUT,
			 .capture = &said,
			 .capture_max = SAID_MAX,
			 .place = &place };
	struct run_result res = { 0 };
	int e;

	strv_add_all(&env, s->env);
	env_unset(&env, "KBUILD_SIGN_PIN");
	e = run_command(&r, &res, why);
	if (e < 0)
		return res.no_place && (e == -EPERM || e == -EACCES) ? 1 : e;
	if (res.status == 0)
		return 0;
	first = xstrndup(buf_str(&said), strcspn(buf_str(&said), "\n"));
	how = run_end(&res, "ended with", first);
	return fail_set(why, -EIO, "'%s' %s", s->tool, how);
}

/* A directory that only its user and root get into, with the module in it. */
static int open_cell(const struct strip *s, const char *path, int *ret_dirfd)
{
	CLEAN(free) char *in = path_join(s->dir, path_base(path));
	CLEAN(fd) int fd = -1;
	int r = tree_remove(s->dir);

	if (r < 0)
		return r;
	if (mkdir(s->dir, 0700) < 0)
		return -errno;
	fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* root's, which it may read; before it can be in the way there */
	if (link(path, in) < 0)
		r = errno == ENOSPC || errno == EROFS || errno == EIO ? -errno : file_copy(path, in, 0644);
	if (r == 0 && fchown(fd, s->uid, s->gid) < 0)
		r = -errno;
	if (r == 0)
		*ret_dirfd = TAKE_FD(fd);
	return r;
}

/* As bytes: the file itself somebody could still have open. */
static int take(int dirfd, const char *path, struct fail *why, struct fail *f)
{
	CLEAN(fd) int from = openat(dirfd, stripped, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	CLEAN(free) char *beside = file_beside(path);
	CLEAN(fd) int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
	    st.st_size > MODULE_FILE_MAX) {
		fail_set(why, -EIO, "strip left no file");
		return 0;
	}
	to = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	r = to < 0 ? -errno : fd_copy(from, to);
	if (r == 0 && (fchmod(to, 0644) < 0 || rename(beside, path) < 0))
		r = -errno;
	return r < 0 ? fail_errno(f, r, "cannot store '%s'", path) : 0;
}

static int strip_apart(const struct strip *s, const char *path, struct fail *why, struct fail *f)
{
	CLEAN(fd) int dirfd = -1;
	int r = open_cell(s, path, &dirfd), e;

	if (r < 0)
		return fail_errno(f, r, "cannot make '%s'", s->dir);
	e = run_there(s, dirfd, path_base(path), why);
	if (e == 0)
		r = take(dirfd, path, why, f);
	if (e > 0) {
		fail_done(why);
		e = run_here(s, path, why);
	}
	if (e == -ECANCELED)
		return e;
	e = tree_remove(s->dir);
	return r == 0 && e < 0 ? fail_errno(f, e, "cannot remove '%s'", s->dir) : r;
}

int strip_module(const struct strip *s, const char *path, struct fail *why, struct fail *f)
{
	if (s->has_user)
		return strip_apart(s, path, why, f);
	return run_here(s, path, why) == -ECANCELED ? -ECANCELED : 0;
}
