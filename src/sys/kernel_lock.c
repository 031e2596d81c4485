/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/kernel_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "sys/run.h"

enum { NAP_MS = 10, MOMENT = 100 /* naps */ };

/* In short naps, so that a signal is noticed: the ending ones are blocked. 0 also where there are no locks: not all
 * file systems that have none say so in the same way. */
static int lock(struct kernel_lock *l, bool is_patient, kernel_lock_waiting *waiting, void *ctx)
{
	static const struct timespec nap = { .tv_nsec = NAP_MS * 1000 * 1000 };

	for (unsigned naps = 1;; naps++) {
		if (flock(l->fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR) {
			l->no_locks = errno;
			return 0;
		}
		if (!is_patient && run_pending_signal())
			return -ECANCELED;
		if (naps == MOMENT && waiting)
			waiting(ctx);
		nanosleep(&nap, NULL);
	}
}

/* The directory may have been removed meanwhile, and made anew. */
static bool is_current(const struct kernel_lock *l, const char *dir)
{
	struct stat a, b;

	return fstat(l->fd, &a) == 0 && stat(dir, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

int kernel_lock_take(struct kernel_lock *l, const char *dir, bool is_patient, kernel_lock_waiting *waiting,
		     void *ctx, struct fail *f)
{
	enum { TRIES = 100 };
	int r = 0;

	for (int i = 0; i < TRIES && r == 0; i++) {
		*l = (struct kernel_lock){ .fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
		if (l->fd < 0)
			return errno == ENOENT || errno == ENOTDIR ? 0
								   : fail_errno(f, errno, "cannot lock '%s'", dir);
		r = lock(l, is_patient, waiting, ctx);
		if (r < 0 || l->no_locks || is_current(l, dir))
			break;
		close(TAKE_FD(l->fd));
	}
	return r < 0 ? fail_set(f, r, "interrupted while waiting for another dkms") : 0;
}

void kernel_lock_release(struct kernel_lock *l)
{
	if (l->fd < 0)
		return;
	/* a child that is just being started may have the descriptor too */
	flock(l->fd, LOCK_UN);
	close(TAKE_FD(l->fd));
}
