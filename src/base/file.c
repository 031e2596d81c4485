/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/mem.h"
#include "base/path.h"

enum { CHUNK = 64 * 1024 };

int fd_read_all(int fd, size_t max, struct buf *ret)
{
	size_t start = ret->len;

	for (;;) {
		ssize_t n = read(fd, buf_reserve(ret, CHUNK), CHUNK);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (n == 0)
			return 0;
		ret->len += (size_t)n;
		ret->data[ret->len] = '\0';
		if (ret->len - start > max)
			return -EFBIG;
	}
}

int fd_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

int file_read(int dirfd, const char *path, size_t max, struct buf *ret)
{
	CLEAN(fd) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_read_all(fd, max, ret);
}

int file_read_line(const char *path, char **ret_line)
{
	CLEAN(buf) struct buf b = { 0 };
	int r = file_read(AT_FDCWD, path, CHUNK, &b);

	if (r < 0)
		return r;
	if (b.len == 0)
		return -ENODATA;
	*ret_line = xstrndup(b.data, strcspn(b.data, "\n"));
	return 0;
}

char *file_beside(const char *path)
{
	CLEAN(free) char *dir = path_dir(path);

	return xasprintf("%s/.%s.dkms-new", dir, path_base(path));
}

int file_write(const char *path, const void *data, size_t n, mode_t mode)
{
	CLEAN(free) char *temp = file_beside(path);
	CLEAN(fd) int fd = -1;
	int r = 0;

	if (unlink(temp) < 0 && errno != ENOENT)
		return -errno;
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, n);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temp);
		return r;
	}
	return dir_sync_of(path);
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool path_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool path_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

bool path_is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

bool path_lexists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int path_probe(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

int dir_probe(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode);
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
}

int link_read(int dirfd, const char *path, char **ret_target)
{
	CLEAN(free) char *s = xmalloc(PATH_MAX);
	ssize_t n = readlinkat(dirfd, path, s, PATH_MAX);

	if (n < 0)
		return -errno;
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	*ret_target = xstrndup(s, (size_t)n);
	return 0;
}

int link_set(const char *target, const char *path)
{
	CLEAN(free) char *temp = file_beside(path);

	if (unlink(temp) < 0 && errno != ENOENT)
		return -errno;
	if (symlink(target, temp) < 0)
		return -errno;
	if (rename(temp, path) < 0) {
		int r = -errno;

		unlink(temp);
		return r;
	}
	return 0;
}

/* From below: what is there costs one call, and no write to a file system that is not ours. */
int dir_make(const char *path)
{
	CLEAN(free) char *up = NULL;
	int r;

	if (mkdir(path, 0755) == 0)
		return 0;
	if (errno == EEXIST) {
		r = dir_probe(path);
		return r > 0 ? 0 : r < 0 ? r : -ENOTDIR;
	}
	if (errno != ENOENT)
		return -errno;
	up = path_dir(path);
	if (str_eq(up, path))
		return -ENOENT;
	r = dir_make(up);
	return r < 0 || mkdir(path, 0755) == 0 || errno == EEXIST ? r : -errno;
}

static int remove_at(int dirfd, const char *name, dev_t dev);

/* A directory below dirfd, but not one that something is mounted on: a bind mount of the same file system has the
 * same device number, and what it shows must not be emptied. Kernels before 5.6 are left with the number. */
static int open_below(int dirfd, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_NO_XDEV };
	int fd;

	if (dirfd == AT_FDCWD)
		return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int remove_children(int dirfd, const char *name, dev_t dev)
{
	int fd = open_below(dirfd, name);
	CLEAN(dir) DIR *d = NULL;
	int first = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	for (;;) {
		struct dirent *e = (errno = 0, readdir(d));
		int r;

		if (!e && errno && first == 0)
			first = -errno;
		if (!e)
			break;
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		r = remove_at(fd, e->d_name, dev);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

static int remove_at(int dirfd, const char *name, dev_t dev)
{
	struct stat st;
	int r;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -EPERM;
	if (st.st_dev != dev)
		return -EXDEV;
	r = remove_children(dirfd, name, dev);
	if (r < 0)
		return r;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int tree_remove(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return remove_at(AT_FDCWD, path, st.st_dev);
}

static bool is_empty_dir(const char *path)
{
	CLEAN(strv) struct strv names = { 0 };

	return dir_list(path, &names) == 0 && names.n == 0;
}

int dir_exchange(const char *a, const char *b)
{
	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS || errno == EXDEV || errno == EPERM ? -ENOTSUP : -errno;
}

int dir_prune(const char *dir, const char *stop)
{
	CLEAN(free) char *at = path_squeeze(dir);
	CLEAN(free) char *end = path_squeeze(stop);

	while (path_is_below(at, end) && !str_eq(at, end)) {
		CLEAN(free) char *up = path_dir(at);
		char *swap = at;

		if (rmdir(at) < 0) {
			int err = errno;

			if (err == ENOTEMPTY || err == EEXIST || err == EBUSY)
				return 0;
			/* a read-only file system says so before it looks whether it is empty */
			if (err == EROFS && !is_empty_dir(at))
				return 0;
			if (err != ENOENT && err != ENOTDIR)
				return -err;
		}
		at = up;
		up = swap;
	}
	return 0;
}

enum { PRUNE_DEPTH_MAX = 64 };

static void prune_below(int dirfd, const char *name, unsigned depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEAN(dir) DIR *d = NULL;
	struct dirent *e;

	if (fd < 0)
		return;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	while ((e = readdir(d))) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..") ||
		    (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		if (depth < PRUNE_DEPTH_MAX)
			prune_below(fd, e->d_name, depth + 1);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
}

void dir_prune_below(const char *dir)
{
	prune_below(AT_FDCWD, dir, 0);
}

int dir_list(const char *path, struct strv *ret_names)
{
	CLEAN(dir) DIR *d = opendir(path);
	struct dirent *e;
	int err;

	if (!d)
		return -errno;
	for (errno = 0; (e = readdir(d)); errno = 0)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			strv_add(ret_names, e->d_name);
	err = errno;
	strv_sort(ret_names);
	return -err;
}

static bool is_zero(const char *b, size_t n)
{
	return b[0] == '\0' && memcmp(b, b + 1, n - 1) == 0;
}

/* By looking at the bytes: of files that were just written some file systems do not know, or not rightly, where holes
 * are. */
static int copy_sparse(int from, int to)
{
	CLEAN(free) char *b = xmalloc(CHUNK);

	for (;;) {
		ssize_t n = read(from, b, CHUNK);
		int r = 0;

		if (n < 0)
			return -errno;
		if (n == 0)
			return ftruncate(to, lseek(to, 0, SEEK_CUR)) < 0 ? -errno : 0;
		if (!is_zero(b, (size_t)n))
			r = fd_write_all(to, b, (size_t)n);
		else if (lseek(to, n, SEEK_CUR) < 0)
			r = -errno;
		if (r < 0)
			return r;
	}
}

static bool may_have_holes(int from, int to)
{
	struct stat st, out;

	return fstat(from, &st) == 0 && S_ISREG(st.st_mode) && st.st_blocks < st.st_size / 512 &&
	       fstat(to, &out) == 0 && S_ISREG(out.st_mode);
}

int fd_copy(int from, int to)
{
	CLEAN(free) char *b = NULL;

	if (may_have_holes(from, to))
		return copy_sparse(from, to);
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);

		if (n == 0)
			return 0;
		if (n < 0)
			break;
	}
	b = xmalloc(CHUNK);
	for (;;) {
		ssize_t n = read(from, b, CHUNK);
		int r;

		if (n == 0)
			return 0;
		if (n < 0)
			return -errno;
		r = fd_write_all(to, b, (size_t)n);
		if (r < 0)
			return r;
	}
}

int file_copy(const char *src, const char *dst, mode_t mode)
{
	CLEAN(fd) int from = open(src, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	CLEAN(fd) int to = -1;

	if (from < 0)
		return -errno;
	if (unlink(dst) < 0 && errno != ENOENT)
		return -errno;
	to = open(dst, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (to < 0)
		return -errno;
	if (fchmod(to, mode) < 0)
		return -errno;
	return fd_copy(from, to);
}

int file_same(const char *a, const char *b)
{
	CLEAN(free) char *x = NULL, *y = NULL;
	CLEAN(file) FILE *f = fopen(a, "re"), *g = NULL;
	struct stat s, t;

	if (!f)
		return -errno;
	g = fopen(b, "re");
	if (!g)
		return -errno;
	if (fstat(fileno(f), &s) < 0 || fstat(fileno(g), &t) < 0)
		return -errno;
	if (s.st_dev == t.st_dev && s.st_ino == t.st_ino)
		return 1;
	if (s.st_size != t.st_size)
		return 0;
	x = xmalloc(CHUNK);
	y = xmalloc(CHUNK);
	for (;;) {
		size_t n = fread(x, 1, CHUNK, f), m = fread(y, 1, CHUNK, g);

		if (ferror(f) || ferror(g))
			return -EIO;
		if (n != m || memcmp(x, y, n) != 0)
			return 0;
		if (n == 0)
			return 1;
	}
}

int tree_sync(const char *dir)
{
	CLEAN(fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

int dir_sync_of(const char *path)
{
	CLEAN(free) char *dir = path_dir(path);
	CLEAN(fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}
