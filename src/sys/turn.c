/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "sys/run.h"

void turn_open(struct turn *t)
{
	t->fd = memfd_create("dkms-turn", MFD_CLOEXEC);
}

void turn_close(struct turn *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

/* A record lock belongs to one process: a forked one has none, and neither has its script. */
static int set_lock(const struct turn *t, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };

	return fcntl(t->fd, F_SETLK, &fl) < 0 ? -errno : 0;
}

/* In short naps: the signals that end us are blocked, so no system call is going to tell. */
int turn_take(const struct turn *t)
{
	static const struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };

	while (t->fd >= 0) {
		int r = set_lock(t, F_WRLCK);

		if (r != -EAGAIN && r != -EACCES)
			return 0;
		if (run_pending_signal())
			return -ECANCELED;
		nanosleep(&nap, NULL);
	}
	return 0;
}

void turn_give(const struct turn *t)
{
	if (t->fd >= 0)
		set_lock(t, F_UNLCK);
}
