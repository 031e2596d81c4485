/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_finish.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/build_check.h"
#include "sys/build_manifest.h"
#include "sys/build_store.h"
#include "sys/compress.h"
#include "sys/module_file.h"
#include "sys/strip.h"

static char *fd_path(int fd)
{
	CLEAN(free) char *link = xasprintf("/proc/self/fd/%d", fd);
	char *path = NULL;

	return link_read(AT_FDCWD, link, &path) == 0 ? path : NULL;
}

/* For links that are absolute, or that leave and come back: what was opened tells where it is. */
static int open_and_look(int dirfd, const char *name)
{
	CLEAN(fd) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEAN(free) char *dir = NULL, *path = NULL;

	if (fd < 0)
		return -errno;
	dir = fd_path(dirfd);
	path = fd_path(fd);
	if (!dir || !path || !path_is_below(path, dir))
		return -EXDEV;
	return TAKE_FD(fd);
}

/* Opens a regular file for reading that lies below dirfd, whatever links lead there; -errno. */
static int open_beneath(int dirfd, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	CLEAN(fd) int fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == ELOOP))
		return -errno;
	if (fd < 0)
		fd = open_and_look(dirfd, name);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* sparse, it may be larger than the disk */
	return st.st_size > MODULE_FILE_MAX ? -EFBIG : TAKE_FD(fd);
}

static int store(int from, const char *path)
{
	CLEAN(fd) int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (to < 0)
		return -errno;
	r = fd_copy(from, to);
	return r == 0 && fchmod(to, 0644) < 0 ? -errno : r;
}

static int complain_of_result(const struct build *b, const char *name, int err, struct fail *f)
{
	const char *what = err == -EXDEV    ? "is not in the build directory"
			   : err == -EINVAL ? "is no regular file"
			   : err == -ENOENT ? "was not made"
			   : err == -EFBIG  ? "is larger than 512 MiB, which no module is"
					    : strerror(-err);

	fail_set(f, -E_NO_RESULT, "make ended well, but '%s', which dkms.conf promises, %s", name,
		 what);
	fail_hint(f,
		  "look at BUILT_MODULE_NAME and BUILT_MODULE_LOCATION in dkms.conf, and at the "
		  "log '%s'",
		  b->log.path);
	return -E_NO_RESULT;
}

static int take_module(struct build *b, int dirfd, const struct conf_module *m, const char *path,
		       struct fail *f)
{
	CLEAN(free)
	char *name =
		xasprintf("%s%s.ko", m->built_location ? m->built_location : "", m->built_name);
	const char *p = name + strspn(name, "/");
	CLEAN(fd) int fd = open_beneath(dirfd, *p ? p : name);
	int r;

	if (fd < 0)
		return complain_of_result(b, name, fd, f);
	r = store(fd, path);
	return r < 0 ? fail_errno(f, r, "cannot store '%s'", path) : 0;
}

static int strip_one(struct build *b, const char *path, struct fail *f)
{
	const struct toolchain *t = b->job->toolchain;
	CLEAN(free) char *dir = path_join(b->stage, ".strip");
	const struct strip s = { .tool = t && t->strip ? t->strip : "strip",
				 .env = b->job->environment,
				 .dir = dir,
				 .has_user = b->box.mode != SANDBOX_OFF,
				 .uid = b->box.uid,
				 .gid = b->box.gid };
	CLEAN(fail) struct fail why = { 0 };
	int r = strip_module(&s, path, &why, f);

	if (r == -ECANCELED)
		return fail_set(f, r, "interrupted");
	if (r == 0 && why.code) {
		build_warn(b, NULL, "'%s' is not stripped: %s", path_base(path), why.text);
		b->keep.is_spoiled = true;
	}
	return r;
}

static int sign_module(const struct build *b, const char *path)
{
	CLEAN(fail) struct fail f = { 0 };
	int r;

	if (!b->job->signer || b->job->signer->method == SIGN_OFF)
		return 0;
	r = signer_sign(b->job->signer, path, &f);
	if (r < 0 && r != -ECANCELED)
		build_warn(b, f.hint, "'%s' is not signed: %s", path_base(path), f.text);
	return r == -ECANCELED ? r : 0;
}

/* On the disk before the name that others see is. */
static int settle(const char *path)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0644) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int finish_module(struct build *b, const char *path, struct fail *f)
{
	CLEAN(free) char *stored = NULL;
	int r = sign_module(b, path);

	if (r < 0)
		return fail_set(f, r, "interrupted");
	r = module_compress(path, kernel_suffix(b->job->kernel), b->job->framework, b->job->environment, &stored, f);
	if (r < 0)
		return r;
	r = settle(stored);
	return r < 0 ? fail_errno(f, r, "cannot store '%s'", stored) : 0;
}

/* Others that are built against this one need it. */
static int keep_symvers(struct build *b, int dirfd, const char *dir, struct fail *f)
{
	CLEAN(free) char *path = path_join(dir, "Module.symvers");
	CLEAN(fd) int fd = open_beneath(dirfd, "Module.symvers");
	int r;

	if (fd < 0)
		return 0;
	r = store(fd, path);
	if (r == 0)
		r = settle(path);
	return r < 0 ? fail_errno(f, r, "cannot store '%s'", path) : 0;
}

static bool is_excluded(const struct build *b, size_t i)
{
	const struct conf_exclusion *x = b->job->exclusion;

	return x && x->modules && x->modules[i];
}

static int take_all(struct build *b, const char *dir, const struct strv *paths, struct fail *f)
{
	const struct conf *conf = b->job->conf;
	CLEAN(fd) int dirfd = open(b->build_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (dirfd < 0)
		return fail_errno(f, errno, "cannot open '%s'", b->build_dir);
	for (size_t i = 0; i < conf->n_modules && r == 0; i++) {
		if (!is_excluded(b, i))
			r = take_module(b, dirfd, &conf->modules[i], paths->items[i], f);
	}
	return r == 0 ? keep_symvers(b, dirfd, dir, f) : r;
}

static int check_all(struct build *b, const struct strv *paths, struct fail *f)
{
	CLEAN(free) struct build_checkee *list = xcalloc(paths->n + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < paths->n; i++)
		if (!is_excluded(b, i))
			list[n++] = (struct build_checkee){ paths->items[i],
							    path_base(paths->items[i]) };
	return build_check(b, list, n, f);
}

/* An empty directory for the modules; NULL with f: it cannot be made. */
static char *make_stage(const struct build *b, struct fail *f)
{
	CLEAN(free) char *dir = path_join(b->stage, "module");
	int r = tree_remove(b->stage);

	if (r == 0)
		r = dir_make(dir);
	if (r == 0)
		return TAKE_PTR(dir);
	fail_errno(f, r, "cannot make '%s'", dir);
	return NULL;
}

static void list_paths(const struct build *b, const char *dir, struct strv *ret)
{
	for (size_t i = 0; i < b->job->conf->n_modules; i++)
		strv_add_fmt(ret, "%s/%s.ko", dir, b->job->conf->modules[i].dest_name);
}

static int strip_all(struct build *b, const struct strv *paths, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < paths->n && r == 0; i++)
		if (!is_excluded(b, i) && b->job->conf->modules[i].strip)
			r = strip_one(b, paths->items[i], f);
	return r;
}

/* Stripped modules become what is stored. */
static int finish_all(struct build *b, const struct strv *paths, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < paths->n; i++)
		if (!is_excluded(b, i))
			build_manifest_compiler(b, paths->items[i]);
	for (size_t i = 0; i < paths->n && r == 0; i++)
		if (!is_excluded(b, i))
			r = finish_module(b, paths->items[i], f);
	return r;
}

int build_finish(struct build *b, struct fail *f)
{
	CLEAN(free) char *dir = make_stage(b, f);
	CLEAN(strv) struct strv paths = { 0 };
	int r = dir ? 0 : f->code;

	if (r < 0)
		return r;
	list_paths(b, dir, &paths);
	r = take_all(b, dir, &paths, f);
	if (r == 0)
		r = check_all(b, &paths, f);
	if (r == 0)
		r = strip_all(b, &paths, f);
	if (r < 0)
		return r;
	build_store_keep(b, dir);
	return finish_all(b, &paths, f);
}

bool build_finish_fetch(struct build *b)
{
	CLEAN(fail) struct fail why = { 0 };
	CLEAN(free) char *dir = NULL;
	CLEAN(strv) struct strv paths = { 0 };

	if (!b->keep.is_on)
		return false;
	dir = make_stage(b, &why);
	if (!dir || !build_store_fetch(b, dir))
		return false;
	list_paths(b, dir, &paths);
	for (size_t i = 0; i < paths.n; i++)
		if (!is_excluded(b, i) && !path_is_file(paths.items[i]))
			return false;
	return true;
}

int build_finish_stored(struct build *b, struct fail *f)
{
	CLEAN(free) char *dir = path_join(b->stage, "module");
	CLEAN(free) char *symvers = path_join(dir, "Module.symvers");
	CLEAN(strv) struct strv paths = { 0 };
	int r;

	list_paths(b, dir, &paths);
	r = check_all(b, &paths, f);
	if (r == 0 && path_is_file(symvers) && settle(symvers) < 0)
		r = fail_errno(f, errno, "cannot store '%s'", symvers);
	return r == 0 ? finish_all(b, &paths, f) : r;
}
