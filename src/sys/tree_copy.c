/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/tree_copy.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/run.h"

struct copy {
	struct buf path; /* below `from`, for messages */
	const char *from;
	dev_t dev; /* the destination itself: not to be copied into itself */
	ino_t ino;
	struct fail *f;
};

/* One directory on its way. */
struct level {
	int from, to;
};

static int complain(struct copy *c, int err)
{
	return fail_errno(c->f, err, "cannot copy '%s%s'", c->from, buf_str(&c->path));
}

static int copy_content(int from, int to, const struct stat *st)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, st->st_mtim };
	int r = fd_copy(from, to);

	if (r < 0)
		return r;
	if (fchmod(to, st->st_mode & 0777) < 0 || futimens(to, times) < 0)
		return -errno;
	return 0;
}

static int copy_file(const struct level *l, const char *name)
{
	CLEAN(fd) int from = openat(l->from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
	CLEAN(fd) int to = -1;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (unlinkat(l->to, name, 0) < 0 && errno != ENOENT)
		return -errno;
	to = openat(l->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	return copy_content(from, to, &st);
}

static int copy_link(const struct level *l, const char *name, const struct stat *st)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, st->st_mtim };
	CLEAN(free) char *target = NULL;
	int r = link_read(l->from, name, &target);

	if (r < 0)
		return r;
	if (unlinkat(l->to, name, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(target, l->to, name) < 0 ||
	    utimensat(l->to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_children(struct copy *c, const struct level *l);

static int copy_dir(struct copy *c, const struct level *up, const char *name, const struct stat *st)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, st->st_mtim };
	CLEAN(fd) int from = -1, to = -1;
	int r;

	if (st->st_dev == c->dev && st->st_ino == c->ino)
		return 0;
	from = openat(up->from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return complain(c, errno);
	if (mkdirat(up->to, name, 0700) < 0 && errno != EEXIST)
		return complain(c, errno);
	to = openat(up->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return complain(c, errno);
	r = copy_children(c, &(struct level){ from, to });
	if (r < 0)
		return r;
	if (fchmod(to, (st->st_mode & 0777) | 0700) < 0 || futimens(to, times) < 0)
		return complain(c, errno);
	return 0;
}

static int copy_entry(struct copy *c, const struct level *l, const char *name)
{
	struct stat st;
	int r = 0;

	if (fstatat(l->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return complain(c, errno);
	if (S_ISDIR(st.st_mode))
		return copy_dir(c, l, name, &st);
	if (S_ISREG(st.st_mode))
		r = copy_file(l, name);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(l, name, &st);
	return r < 0 ? complain(c, r) : 0;
}

static int copy_children(struct copy *c, const struct level *l)
{
	CLEAN(dir) DIR *d = NULL;
	size_t here = c->path.len;
	int fd = fcntl(l->from, F_DUPFD_CLOEXEC, 3);
	int r = 0;

	if (fd < 0)
		return complain(c, errno);
	d = fdopendir(fd);
	if (!d) {
		r = complain(c, errno);
		close(fd);
		return r;
	}
	while (r == 0) {
		struct dirent *e = (errno = 0, readdir(d));

		if (!e)
			return errno ? complain(c, errno) : 0;
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		if (run_pending_signal())
			return fail_set(c->f, -ECANCELED, "copying '%s' was interrupted", c->from);
		buf_add_fmt(&c->path, "/%s", e->d_name);
		r = copy_entry(c, l, e->d_name);
		c->path.len = here;
		c->path.data[here] = '\0';
	}
	return r;
}

int tree_copy(const char *from, const char *to, struct fail *f)
{
	CLEAN(fd) int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN(fd) int to_fd = -1;
	struct copy c = { .from = from, .f = f };
	struct stat st, dest;
	int r;

	if (from_fd < 0 || fstat(from_fd, &st) < 0)
		return fail_errno(f, errno, "cannot open directory '%s'", from);
	if (mkdir(to, 0700) < 0 && errno != EEXIST)
		return fail_errno(f, errno, "cannot make directory '%s'", to);
	to_fd = open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0 || fstat(to_fd, &dest) < 0)
		return fail_errno(f, errno, "cannot open directory '%s'", to);
	c.dev = dest.st_dev;
	c.ino = dest.st_ino;
	r = copy_children(&c, &(struct level){ from_fd, to_fd });
	buf_done(&c.path);
	if (r < 0)
		return r;
	if (fchmod(to_fd, (st.st_mode & 0777) | 0700) < 0 ||
	    futimens(to_fd, (struct timespec[]){ { .tv_nsec = UTIME_NOW }, st.st_mtim }) < 0)
		return fail_errno(f, errno, "cannot set the mode of '%s'", to);
	return 0;
}
