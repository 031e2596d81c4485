/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/archive_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/strv.h"
#include "core/outcome.h"
#include "helper/libarchive.h"

struct archive *archive_reader_new(void)
{
	struct archive *a = archive_read_new();

	if (!a)
		return NULL;
	archive_read_support_format_tar(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_compress(a);
	archive_read_support_filter_lzip(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	return a;
}

/* What libarchive says can hold text of the archive. */
static int damaged(struct archive *a, struct fail *f)
{
	const char *why = archive_error_string(a);
	CLEAN(free) char *shown = archive_shown(why ? why : "it cannot be read");

	return fail_set(f, -E_NOT_AN_ARCHIVE, "%s", shown);
}

static enum member_kind kind_of(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return MEMBER_HARDLINK;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return MEMBER_FILE;
	case AE_IFDIR:
		return MEMBER_DIR;
	case AE_IFLNK:
		return MEMBER_SYMLINK;
	default:
		return MEMBER_OTHER;
	}
}

static struct member member_of(struct archive_entry *e)
{
	struct member m = { .name = archive_entry_pathname(e), .kind = kind_of(e) };

	if (m.kind == MEMBER_HARDLINK)
		m.target = archive_entry_hardlink(e);
	else if (m.kind == MEMBER_SYMLINK)
		m.target = archive_entry_symlink(e);
	else if (m.kind == MEMBER_FILE && archive_entry_size_is_set(e) && archive_entry_size(e) > 0)
		m.size = (uint64_t)archive_entry_size(e);
	return m;
}

/* One member on its way to the disk; all the paths are relative and judged. */
struct unpacking {
	struct archive *a;
	int root; /* -1: nothing is written */
	struct strv dirs;
	struct timespec *dir_times; /* one for each of dirs */
};

static void clean_unpacking(struct unpacking *u)
{
	strv_done(&u->dirs);
	free(u->dir_times);
}

/* A member that can be judged but not written is our trouble, not the archive's. */
static int cannot_write(const char *path, int err, struct fail *f)
{
	CLEAN(free) char *shown = archive_shown(path);

	return fail_errno(f, err, "cannot unpack '%s'", shown);
}

static int open_dir(int at, const char *name)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	int fd = openat(at, name, FLAGS);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	if (mkdirat(at, name, 0755) < 0)
		return -errno;
	fd = openat(at, name, FLAGS);
	return fd < 0 ? -errno : fd;
}

/* Opens the directory that path lies in, making what is missing; *ret_name points into path. */
static int open_parent(int root, char *path, const char **ret_name)
{
	CLEAN(fd) int at = open_dir(root, ".");
	char *p = path, *slash;

	for (; at >= 0 && (slash = strchr(p, '/')); p = slash + 1) {
		int next;

		*slash = '\0';
		next = open_dir(at, p);
		*slash = '/';
		close(at);
		at = next;
	}
	*ret_name = p;
	return TAKE_FD(at);
}

/* Bytes of a file, to fd or (-1) nowhere. `size` is what the rules have counted. */
static int copy_data(struct unpacking *u, int fd, uint64_t size, struct fail *f)
{
	for (;;) {
		const void *block;
		size_t n;
		la_int64_t offset;
		int r = archive_read_data_block(u->a, &block, &n, &offset);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return damaged(u->a, f);
		if (offset < 0 || (uint64_t)offset > size || n > size - (uint64_t)offset)
			return fail_set(f, -E_NOT_AN_ARCHIVE,
					"a file in it is longer than its header says");
		while (fd >= 0 && n > 0) {
			ssize_t k = pwrite(fd, block, n, offset);

			if (k < 0)
				return -errno;
			block = (const char *)block + k;
			offset += k;
			n -= (size_t)k;
		}
	}
}

static int write_file(struct unpacking *u, int parent, const char *name, struct archive_entry *e,
		      const struct timespec times[2], struct fail *f)
{
	mode_t mode = archive_entry_perm(e) & 0111 ? 0755 : 0644;
	uint64_t size = member_of(e).size;
	CLEAN(fd) int fd = openat(parent, name,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	/* holes stay holes: the length comes first, then only what is in the archive */
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return -errno;
	r = copy_data(u, fd, size, f);
	if (r == 0 && (fchmod(fd, mode) < 0 || futimens(fd, times) < 0))
		r = -errno;
	return r;
}

static int write_hardlink(struct unpacking *u, int parent, const char *name, char *target)
{
	const char *from_name;
	CLEAN(fd) int from = open_parent(u->root, target, &from_name);

	if (from < 0)
		return from;
	return linkat(from, from_name, parent, name, 0) < 0 ? -errno : 0;
}

static int write_dir(struct unpacking *u, int parent, const char *name, const char *path,
		     const struct timespec times[2])
{
	CLEAN(fd) int fd = open_dir(parent, name);

	if (fd < 0)
		return fd;
	u->dir_times = xreallocarray(u->dir_times, u->dirs.n + 1, sizeof(*u->dir_times));
	u->dir_times[u->dirs.n] = times[1];
	strv_add(&u->dirs, path);
	return 0;
}

static int write_link(int parent, const char *name, const char *target,
		      const struct timespec times[2])
{
	if (symlinkat(target, parent, name) < 0)
		return -errno;
	return utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int write_member(struct unpacking *u, struct archive_entry *e, char *path, char *target,
			struct fail *f)
{
	const struct member m = member_of(e);
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = archive_entry_mtime(e) > 0 ? archive_entry_mtime(e) : 0 },
	};
	const char *name;
	CLEAN(fd) int parent = open_parent(u->root, path, &name);

	if (parent < 0)
		return parent;
	if (m.kind == MEMBER_DIR)
		return write_dir(u, parent, name, path, times);
	if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
		return -errno;
	if (m.kind == MEMBER_SYMLINK)
		return write_link(parent, name, m.target, times);
	if (m.kind == MEMBER_HARDLINK)
		return write_hardlink(u, parent, name, target);
	return write_file(u, parent, name, e, times, f);
}

/* Writing into a directory changes its time, so these come last. */
static void set_dir_times(const struct unpacking *u)
{
	for (size_t i = 0; i < u->dirs.n; i++) {
		const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, u->dir_times[i] };
		const char *name;
		CLEAN(fd) int parent = open_parent(u->root, u->dirs.items[i], &name);

		if (parent >= 0)
			utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW);
	}
}

static int take_member(struct unpacking *u, struct archive_rules *rules, struct archive_entry *e,
		       struct fail *f)
{
	const struct member m = member_of(e);
	CLEAN(free) char *path = NULL, *target = NULL;
	int r = archive_rules_take(rules, &m, &path, &target, f);

	if (r < 0)
		return r;
	if (u->root < 0)
		return copy_data(u, -1, m.size, f);
	if (*path == '\0')
		return 0;
	r = write_member(u, e, path, target, f);
	return r < 0 && r > -OUTCOME_FIRST ? cannot_write(path, r, f) : r;
}

static int read_all(struct unpacking *u, const struct archive_limits *limits, uint64_t *ret_size,
		    struct fail *f)
{
	CLEAN(archive_rules) struct archive_rules rules = { 0 };
	struct archive_entry *e;
	uint64_t seed = 0;
	int r;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = 1;
	archive_rules_init(&rules, limits, seed);
	for (;;) {
		r = archive_read_next_header(u->a, &e);
		if (r == ARCHIVE_EOF)
			break;
		if (r < ARCHIVE_WARN)
			return damaged(u->a, f);
		r = take_member(u, &rules, e, f);
		if (r < 0)
			return r;
	}
	if (rules.members == 0)
		return fail_set(f, -E_NOT_AN_ARCHIVE, "it is empty");
	*ret_size = rules.size;
	return 0;
}

int archive_scan(struct archive *a, const struct archive_limits *limits, uint64_t *ret_size,
		 struct fail *f)
{
	struct unpacking u = { .a = a, .root = -1 };

	return read_all(&u, limits, ret_size, f);
}

int archive_unpack(struct archive *a, const struct archive_limits *limits, int dirfd,
		   struct fail *f)
{
	CLEAN(unpacking) struct unpacking u = { .a = a, .root = dirfd };
	uint64_t size = 0;
	int r = read_all(&u, limits, &size, f);

	if (r == 0)
		set_dir_times(&u);
	return r;
}
