/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

int jobserver_open(struct jobserver *js, int n, const char *tmp, struct fail *f)
{
	int r;

	*js = (struct jobserver){ .fd = -1, .n = n };
	r = scratch_make(tmp, "jobs", &js->dir, f);
	if (r < 0)
		return r;
	js->fifo = path_join(js->dir.dir, "jobs");
	/* its directory keeps others out; the build user sees it in the sandbox */
	if (mkfifo(js->fifo, 0600) == 0 && chmod(js->fifo, 0666) == 0)
		js->fd = open(js->fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (js->fd < 0) {
		r = fail_errno(f, errno, "cannot make '%s'", js->fifo);
		jobserver_close(js);
		return r;
	}
	jobserver_give(js, n);
	return 0;
}

void jobserver_close(struct jobserver *js)
{
	if (js->fd >= 0)
		close(js->fd);
	scratch_done(&js->dir);
	free(js->fifo);
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
	int fd = open(js->fifo, O_RDWR | O_CLOEXEC);

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
