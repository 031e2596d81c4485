/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

static char *fifo_path(const struct jobserver *js)
{
	return path_join(js->dir.dir, "jobs");
}

int jobserver_open(struct jobserver *js, int n, const char *tmp, struct fail *f)
{
	CLEAN(free) char *fifo = NULL;
	int r;

	*js = (struct jobserver){ .fd = -1, .n = n };
	r = scratch_make(tmp, "jobs", &js->dir, f);
	if (r < 0)
		return r;
	fifo = fifo_path(js);
	if (mkfifo(fifo, 0600) == 0)
		js->fd = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (js->fd < 0) {
		int err = errno;

		jobserver_close(js);
		return fail_errno(f, err, "cannot make '%s'", fifo);
	}
	jobserver_give(js, n);
	return 0;
}

void jobserver_close(struct jobserver *js)
{
	if (js->fd >= 0)
		close(js->fd);
	scratch_done(&js->dir);
	*js = (struct jobserver){ .fd = -1 };
}

int jobserver_take(struct jobserver *js, int max)
{
	int got = 0;
	char c;

	while (got < max && read(js->fd, &c, 1) == 1)
		got++;
	return got;
}

void jobserver_give(struct jobserver *js, int n)
{
	for (int i = 0; i < n; i++)
		if (write(js->fd, "+", 1) != 1)
			return;
}

void jobserver_refill(struct jobserver *js)
{
	jobserver_take(js, js->n * 2);
	jobserver_give(js, js->n);
}

int jobserver_share(const struct jobserver *js)
{
	CLEAN(free) char *fifo = fifo_path(js);
	int fd = open(fifo, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fd == JOBSERVER_FD)
		return 0;
	if (dup3(fd, JOBSERVER_FD, O_CLOEXEC) < 0) {
		close(fd);
		return -errno;
	}
	close(fd);
	return 0;
}
