/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#define PREFIX "dkms-tmp."

static bool is_still(const char *path, int fd)
{
	struct stat a, b;

	return lstat(path, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int scratch_make(const char *tmp, const char *purpose, struct scratch *ret, struct fail *f)
{
	enum { TRIES = 10 };

	for (int i = 0; i < TRIES; i++) {
		CLEAN(free) char *dir = xasprintf("%s/" PREFIX "%s.XXXXXX", tmp, purpose);
		CLEAN(fd) int fd = -1;

		if (!mkdtemp(dir))
			return fail_errno(f, errno, "cannot make a directory in '%s'", tmp);
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* no locks here: then it is not swept either */
		if (fd >= 0)
			flock(fd, LOCK_EX);
		/* somebody's sweep may have come between */
		if (fd < 0 || !is_still(dir, fd)) {
			rmdir(dir);
			continue;
		}
		ret->dir = TAKE_PTR(dir);
		ret->fd = TAKE_FD(fd);
		return 0;
	}
	return fail_set(f, -EAGAIN, "cannot keep a directory in '%s'", tmp);
}

void scratch_done(struct scratch *s)
{
	if (!s->dir)
		return;
	if (tree_remove(s->dir) < 0)
		tree_remove(s->dir);
	close(s->fd);
	free(s->dir);
	*s = (struct scratch){ .fd = -1 };
}

static void sweep(const char *tmp)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(tmp, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = NULL;
		CLEAN(fd) int fd = -1;
		struct stat st;

		if (!str_has_prefix(names.items[i], PREFIX))
			continue;
		path = path_join(tmp, names.items[i]);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		    flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still(path, fd))
			tree_remove(path);
	}
}

void scratch_sweep(const char *tmp)
{
	static const char *const others[] = { "/run", "/dev/shm", "/tmp" };

	sweep(tmp);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (!str_eq(tmp, others[i]))
			sweep(others[i]);
}
