/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/install_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/xattrs.h"

static const char *const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };

/* The length of the stem, 0 if it is no module file. */
static size_t stem_length(const char *file_name)
{
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (str_has_suffix(file_name, suffixes[i]))
			return strlen(file_name) - strlen(suffixes[i]);
	return 0;
}

bool module_file_is(const char *file_name, const char *name)
{
	size_t n = stem_length(file_name);

	return n > 0 && strlen(name) == n && strncmp(file_name, name, n) == 0;
}

char *module_file_stem(const char *file_name)
{
	size_t n = stem_length(file_name);

	return n ? xstrndup(file_name, n) : NULL;
}

enum { DEPTH_MAX = 64 };

static int look(int dirfd, const struct dirent *e, bool *ret_dir, bool *ret_file)
{
	struct stat st;

	*ret_dir = e->d_type == DT_DIR;
	*ret_file = e->d_type == DT_REG;
	if (e->d_type != DT_UNKNOWN)
		return 0;
	if (fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	*ret_dir = S_ISDIR(st.st_mode);
	*ret_file = S_ISREG(st.st_mode);
	return 0;
}

static int walk(int dirfd, const char *name, const char *path, const char *module, unsigned depth,
		struct strv *ret)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEAN(dir) DIR *d = NULL;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	for (;;) {
		struct dirent *e = (errno = 0, readdir(d));
		bool dir, file;
		int r;

		if (!e)
			return -errno;
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		r = look(fd, e, &dir, &file);
		if (r < 0)
			return r;
		if (file && module_file_is(e->d_name, module))
			strv_take(ret, path_join(path, e->d_name));
		if (dir && depth < DEPTH_MAX) {
			CLEAN(free) char *below = path_join(path, e->d_name);

			r = walk(fd, e->d_name, below, module, depth + 1, ret);
			if (r < 0)
				return r;
		}
	}
}

int module_files_below(const char *dir, const char *name, struct strv *ret_paths)
{
	int r = walk(AT_FDCWD, dir, dir, name, 0, ret_paths);

	strv_sort(ret_paths);
	return r;
}

int module_files_in(const char *dir, const char *name, struct strv *ret_paths)
{
	int r = 0;

	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		CLEAN(free) char *file = xasprintf("%s%s", name, suffixes[i]);
		CLEAN(free) char *path = path_join(dir, file);
		struct stat st;

		if (lstat(path, &st) < 0) {
			if (errno != ENOENT && errno != ENOTDIR)
				r = -errno;
		} else if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
			strv_take(ret_paths, TAKE_PTR(path));
		}
	}
	return r;
}

/* Must not end in .ko*: depmod would index it. */
char *module_file_staged(const char *dst)
{
	CLEAN(free) char *dir = path_dir(dst);

	return xasprintf("%s/.%s.dkms-new", dir, path_base(dst));
}

static int sync_file(const char *path)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int module_file_stage(const char *src, const char *dst, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(dst), *staged = module_file_staged(dst);
	int r = dir_make(dir);

	if (r < 0)
		return fail_errno(f, r, "cannot make directory '%s'", dir);
	r = file_copy(src, staged, 0644);
	if (r == 0)
		r = sync_file(staged);
	if (r == 0)
		r = dir_sync_of(staged);
	if (r < 0) {
		unlink(staged);
		return fail_errno(f, r, "cannot write '%s'", dst);
	}
	return 0;
}

int module_file_stage_link(const char *src, const char *dst, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(dst), *staged = module_file_staged(dst);
	int r = dir_make(dir);

	if (r == 0 && unlink(staged) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && symlink(src, staged) < 0)
		r = -errno;
	if (r == 0)
		r = dir_sync_of(staged);
	return r < 0 ? fail_errno(f, r, "cannot make the link '%s'", dst) : 0;
}

char *module_file_kept(const char *path)
{
	CLEAN(free) char *dir = path_dir(path);

	return xasprintf("%s/.%s.%d.dkms-old", dir, path_base(path), (int)getpid());
}

int module_file_keep(const char *path)
{
	CLEAN(free) char *kept = module_file_kept(path);
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EOPNOTSUPP;
	if (unlink(kept) < 0 && errno != ENOENT)
		return -errno;
	return linkat(AT_FDCWD, path, AT_FDCWD, kept, 0) < 0 ? -errno : 0;
}

static int copy_exactly(const char *src, const char *dst, struct strv *ret_lost)
{
	struct stat st;
	struct timespec times[2];
	int r;

	if (stat(src, &st) < 0)
		return -errno;
	r = file_copy(src, dst, st.st_mode & 07777);
	if (r < 0)
		return r;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	/* not root: the owner cannot be kept, and need not be */
	if (chown(dst, st.st_uid, st.st_gid) < 0 && errno != EPERM)
		return -errno;
	/* after the owner: to change that drops some of them */
	xattrs_copy(src, dst, ret_lost);
	if (utimensat(AT_FDCWD, dst, times, 0) < 0)
		return -errno;
	r = sync_file(dst);
	return r == 0 ? dir_sync_of(dst) : r;
}

int original_save(const char *path, const char *dir, struct strv *ret_lost, struct fail *f)
{
	CLEAN(free) char *copy = path_join(dir, path_base(path));
	CLEAN(free) char *origin = xasprintf("%s.origin", copy);
	CLEAN(free) char *text = xasprintf("%s\n", path);
	int r = dir_make(dir);

	if (r == 0)
		r = file_write(origin, text, strlen(text), 0644);
	if (r == 0)
		r = copy_exactly(path, copy, ret_lost);
	if (r < 0)
		return fail_errno(f, r, "cannot save the original module '%s' in '%s'", path, dir);
	return 0;
}

int original_stage(const char *copy, const char *home, struct strv *ret_lost, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(home), *staged = module_file_staged(home);
	int r = dir_make(dir);

	if (r == 0)
		r = copy_exactly(copy, staged, ret_lost);
	return r < 0 ? fail_errno(f, r, "cannot put the original module back to '%s'", home) : 0;
}

static bool is_missing(int err)
{
	return err == ENOENT || err == ENOTDIR || err == ELOOP;
}

/* 1, 0, or negative. The origin may have been written while the tree was reached by another name (/lib is a link on
 * merged-/usr systems): what counts is where its directory really is. */
static int leads_below(const char *path, const char *kernel_dir)
{
	CLEAN(free) char *clean = path_squeeze(path), *root = path_squeeze(kernel_dir);
	CLEAN(free) char *real_root = NULL, *at = NULL;

	if (path_has_dotdot(path) || path[0] != '/')
		return false;
	real_root = realpath(root, NULL);
	if (!real_root && !is_missing(errno))
		return -errno;
	/* the nearest ancestor that exists: directories that an install emptied are gone */
	at = path_dir(clean);
	while (real_root && !str_eq(at, "/")) {
		CLEAN(free) char *real = realpath(at, NULL);
		char *up;

		if (real)
			return path_is_below(real, real_root);
		if (!is_missing(errno))
			return -errno;
		up = path_dir(at);
		free(at);
		at = up;
	}
	return path_is_below(clean, root);
}

int original_home(const char *dir, const char *file, const char *kernel_dir, const char *fallback_dir,
		  char **ret_home)
{
	CLEAN(free) char *name = xasprintf("%s.origin", file);
	CLEAN(free) char *origin = path_join(dir, name);
	CLEAN(free) char *home = NULL;
	int r = file_read_line(origin, &home);

	*ret_home = NULL;
	if (r == -ENOENT || r == -ENODATA) {
		*ret_home = path_join(fallback_dir, file);
		return 0;
	}
	if (r == 0)
		r = leads_below(home, kernel_dir);
	if (r > 0)
		*ret_home = TAKE_PTR(home);
	return r < 0 ? r : 0;
}
