/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_log.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"

enum { LAST_MAX = 1 << 20, SAVE_MAX = 64 << 20 };

#define LINE "----------------------------------------------------------------"

static int write_buf(int fd, const struct buf *b)
{
	return fd_write_all(fd, buf_str(b), b->len);
}

static int write_header(const struct build_log *log, const struct layout *l)
{
	CLEAN(buf) struct buf b = { 0 };
	char date[80] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Z %Y", &tm);
	buf_add_fmt(&b, "DKMS (dkms-%s) make.log for %s/%s for kernel %s (%s)\n%s\n", DKMS_VERSION,
		    l->module, l->version, l->kernel, l->arch, date);
	return write_buf(log->fd, &b);
}

int build_log_open(struct build_log *log, const char *path, const struct layout *l)
{
	*log = (struct build_log){ .fd = -1, .path = xstrdup(path) };
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	log->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (log->fd < 0)
		return -errno;
	return l ? write_header(log, l) : 0;
}

void build_log_done(struct build_log *log)
{
	if (log->path && log->fd >= 0)
		close(log->fd);
	free(log->path);
	*log = (struct build_log){ .fd = -1 };
}

int build_log_begin(struct build_log *log, const char *description, const char *command)
{
	CLEAN(buf) struct buf b = { 0 };
	int r;

	buf_add_fmt(&b, "\n%s\n# command: %s\n", description, command);
	r = write_buf(log->fd, &b);
	log->block = lseek(log->fd, 0, SEEK_END);
	return r;
}

int build_log_end(struct build_log *log, int status, int64_t usec)
{
	CLEAN(buf) struct buf b = { 0 };
	off_t end = lseek(log->fd, 0, SEEK_END);
	long sec = (long)(usec / 1000000);
	char last;

	if (end > 0 && pread(log->fd, &last, 1, end - 1) == 1 && last != '\n')
		buf_add_char(&b, '\n');
	buf_add_fmt(&b, "\n# exit code: %d\n# elapsed time: %02ld:%02ld:%02ld\n" LINE "\n", status,
		    sec / 3600, sec / 60 % 60, sec % 60);
	return write_buf(log->fd, &b);
}

static int read_range(int fd, off_t from, size_t n, struct buf *ret)
{
	while (n > 0) {
		ssize_t k = pread(fd, buf_reserve(ret, n), n, from);

		if (k <= 0)
			return k < 0 ? -errno : 0;
		ret->len += (size_t)k;
		ret->data[ret->len] = '\0';
		from += k;
		n -= (size_t)k;
	}
	return 0;
}

int build_log_last(const struct build_log *log, struct buf *ret)
{
	off_t end = lseek(log->fd, 0, SEEK_END);
	/* a command may have made it shorter */
	off_t from = end < log->block ? 0 : log->block;
	int r;

	if (end < 0)
		return -errno;
	if (end - from <= 2 * LAST_MAX)
		return read_range(log->fd, from, (size_t)(end - from), ret);
	r = read_range(log->fd, from, LAST_MAX, ret);
	buf_add_char(ret, '\n');
	return r < 0 ? r : read_range(log->fd, end - LAST_MAX, LAST_MAX, ret);
}

int build_log_text(const struct build_log *log, struct buf *ret)
{
	off_t end = lseek(log->fd, 0, SEEK_END);

	return end < 0 ? -errno : read_range(log->fd, 0, end < SAVE_MAX ? (size_t)end : SAVE_MAX, ret);
}

int build_log_restore(struct build_log *log, const struct buf *text)
{
	if (ftruncate(log->fd, 0) < 0)
		return -errno;
	log->block = (int64_t)text->len;
	return write_buf(log->fd, text);
}

int build_log_save(const struct build_log *log, const char *path)
{
	CLEAN(buf) struct buf b = { 0 };
	int r = build_log_text(log, &b);

	return r < 0 ? r : file_write(path, buf_str(&b), b.len, 0644);
}
