/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/run.h"

enum { STAT_MAX = 4096, CMDLINE_MAX = 4096, DEPTH_MAX = 64 };

/* The parent of a process; 0: not to be found out. The name in /proc/PID/stat may hold anything, so the fields
 * count from its last parenthesis. */
static pid_t parent_of(pid_t pid)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/stat", (int)pid);
	CLEAN(buf) struct buf b = { 0 };
	const char *p;
	int parent = 0;

	if (file_read(AT_FDCWD, path, STAT_MAX, &b) < 0)
		return 0;
	p = strrchr(buf_str(&b), ')');
	if (!p || sscanf(p, ") %*c %d", &parent) != 1)
		return 0;
	return parent;
}

static bool is_ancestor(pid_t pid)
{
	pid_t at = getppid();

	for (int i = 0; i < DEPTH_MAX && at > 1; i++) {
		if (at == pid)
			return true;
		at = parent_of(at);
	}
	return false;
}

/* Where there is no /proc, or the holder is in another PID namespace (0), what it told its scripts says so. */
static bool is_our_holder(pid_t pid)
{
	const char *told = getenv(LOCK_HOLDER);

	if (is_ancestor(pid))
		return true;
	return !str_is_empty(told) && (pid == 0 || strtol(told, NULL, 10) == pid);
}

/* "dkms autoinstall -k 6.1"; caller frees; NULL: not to be found out. */
static char *command_of(pid_t pid)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	struct buf b = { 0 };

	if (file_read(AT_FDCWD, path, CMDLINE_MAX, &b) < 0 || b.len == 0) {
		buf_done(&b);
		return NULL;
	}
	for (size_t i = 0; i + 1 < b.len; i++)
		if (b.data[i] == '\0' || (unsigned char)b.data[i] < ' ')
			b.data[i] = ' ';
	return buf_take(&b);
}

static struct flock first_byte(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
}

static bool has_no_locks(int err)
{
	return err == ENOLCK || err == EOPNOTSUPP || err == ENOSYS || err == EINVAL;
}

/* In short naps, so that a signal is noticed: the ending ones are blocked. */
static int wait_for(struct lock *l)
{
	static const struct timespec nap = { .tv_nsec = 50 * 1000 * 1000 };

	for (;;) {
		struct flock fl = first_byte();

		if (fcntl(l->fd, F_SETLK, &fl) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -errno;
		if (run_pending_signal())
			return -ECANCELED;
		nanosleep(&nap, NULL);
	}
}

static int open_file(const char *path, struct fail *f)
{
	enum { TRIES = 100 };
	CLEAN(free) char *dir = path_dir(path);
	int r = 0;

	/* the directory may go while another one ends */
	for (int i = 0; i < TRIES; i++) {
		int fd;

		r = dir_make(dir);
		fd = r < 0 ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd >= 0)
			return fd;
		if (r == 0)
			r = -errno;
		if (r != -ENOENT)
			break;
	}
	rmdir(dir);
	return fail_errno(f, r, "cannot lock the dkms tree with '%s'", path);
}

/* Whoever ends removes the file: a lock on one that is no longer there is none. */
static bool is_current(const struct lock *l)
{
	struct stat a, b;

	return fstat(l->fd, &a) == 0 && stat(l->path, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* 0: locked, -EAGAIN: by another one, others: cannot be locked. */
static int try_lock(struct lock *l)
{
	struct flock fl = first_byte();

	if (fcntl(l->fd, F_SETLK, &fl) == 0)
		return 0;
	if (has_no_locks(errno)) {
		l->no_locks = errno;
		return 0;
	}
	return errno == EACCES ? -EAGAIN : -errno;
}

/* Who has it: 1 if that is one of our ancestors, whose work we are part of. */
static int ask_who(const struct lock *l, lock_waiting *waiting, void *ctx)
{
	struct flock other = first_byte();
	CLEAN(free) char *command = NULL;

	if (fcntl(l->fd, F_GETLK, &other) < 0 || other.l_type == F_UNLCK)
		return 0;
	if (is_our_holder(other.l_pid))
		return 1;
	command = command_of(other.l_pid);
	waiting(ctx, other.l_pid, command);
	return 0;
}

int lock_take(struct lock *l, const char *dkms_tree, lock_waiting *waiting, void *ctx,
	      struct fail *f)
{
	bool asked = false;
	int r;

	*l = (struct lock){ .fd = -1, .path = path_join(dkms_tree, ".dkms", "lock") };
	for (;;) {
		l->fd = open_file(l->path, f);
		if (l->fd < 0)
			return l->fd;
		r = try_lock(l);
		if (r == -EAGAIN && !asked && ask_who(l, waiting, ctx))
			return 0;
		asked = asked || r == -EAGAIN;
		if (r == -EAGAIN)
			r = wait_for(l);
		if (r == -ECANCELED)
			return fail_set(f, r, "interrupted while waiting for another dkms");
		if (r < 0)
			return fail_errno(f, r, "cannot lock the dkms tree '%s'", dkms_tree);
		if (is_current(l))
			break;
		close(TAKE_FD(l->fd));
	}
	l->held = true;
	return 0;
}

void lock_release(struct lock *l)
{
	if (l->held) {
		CLEAN(free) char *dir = path_dir(l->path), *journal = path_join(dir, "journal");

		if (unlink(l->path) < 0)
			unlink(l->path);
		rmdir(journal);
		if (rmdir(dir) < 0) {
			rmdir(journal);
			rmdir(dir);
		}
	}
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = (struct lock){ .fd = -1 };
}
