/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/archive_write.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "core/manifest.h"
#include "core/tarball.h"
#include "helper/libarchive.h"

static const struct {
	const char *suffix;
	int (*add)(struct archive *a);
} compressions[] = {
	{ ".gz", archive_write_add_filter_gzip },   { ".tgz", archive_write_add_filter_gzip },
	{ ".taz", archive_write_add_filter_gzip },  { ".bz2", archive_write_add_filter_bzip2 },
	{ ".tbz2", archive_write_add_filter_bzip2 }, { ".tbz", archive_write_add_filter_bzip2 },
	{ ".tz2", archive_write_add_filter_bzip2 }, { ".xz", archive_write_add_filter_xz },
	{ ".txz", archive_write_add_filter_xz },    { ".zst", archive_write_add_filter_zstd },
	{ ".tzst", archive_write_add_filter_zstd }, { ".lzma", archive_write_add_filter_lzma },
	{ ".tlz", archive_write_add_filter_lzma },  { ".lz", archive_write_add_filter_lzip },
	{ ".Z", archive_write_add_filter_compress },
};

struct making {
	struct archive *a;
	time_t made, latest;
	struct fail *f;
};

static int went_wrong(struct making *m, const char *what)
{
	const char *why = archive_error_string(m->a);
	int err = archive_errno(m->a);

	if (err > 0)
		return fail_errno(m->f, err, "cannot write %s", what);
	return fail_set(m->f, -EIO, "cannot write %s: %s", what, why ? why : "failed");
}

static int put_header(struct making *m, const char *member, const struct stat *st, const char *target)
{
	CLEAN(archive_item) struct archive_entry *e = archive_entry_new();
	time_t when = st->st_mtim.tv_sec;
	mode_t perm = S_ISDIR(st->st_mode) || st->st_mode & 0111 ? 0755 : 0644;

	if (m->latest >= 0 && when > m->latest)
		when = m->latest;
	archive_entry_set_pathname(e, member);
	archive_entry_set_filetype(e, st->st_mode & S_IFMT);
	archive_entry_set_perm(e, target ? 0777 : perm);
	archive_entry_set_uname(e, "root");
	archive_entry_set_gname(e, "root");
	archive_entry_set_mtime(e, when, 0);
	archive_entry_set_size(e, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (target)
		archive_entry_set_symlink(e, target);
	return archive_write_header(m->a, e) < ARCHIVE_WARN ? went_wrong(m, member) : 0;
}

/* As many bytes as the header promised: a file that grows meanwhile is cut, one that shrinks is an error. */
static int put_data(struct making *m, int fd, const char *member, uint64_t size)
{
	enum { CHUNK = 64 << 10 };
	CLEAN(free) char *b = xmalloc(CHUNK);

	while (size > 0) {
		ssize_t n = read(fd, b, size < CHUNK ? size : CHUNK);

		if (n < 0)
			return fail_errno(m->f, errno, "cannot read '%s'", member);
		if (n == 0)
			return fail_set(m->f, -EIO, "'%s' changed while it was read", member);
		if (archive_write_data(m->a, b, (size_t)n) != n)
			return went_wrong(m, member);
		size -= (uint64_t)n;
	}
	return 0;
}

static int put_file(struct making *m, int at, const char *name, const char *member)
{
	CLEAN(fd) int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(m->f, errno, "cannot read '%s'", member);
	if (!S_ISREG(st.st_mode))
		return fail_set(m->f, -EIO, "'%s' changed while it was read", member);
	r = put_header(m, member, &st, NULL);
	return r < 0 ? r : put_data(m, fd, member, (uint64_t)st.st_size);
}

static int put_link(struct making *m, int at, const char *name, const char *member,
		    const struct stat *st)
{
	CLEAN(free) char *target = NULL;
	int r = link_read(at, name, &target);

	if (r < 0)
		return fail_errno(m->f, r, "cannot read the link '%s'", member);
	return put_header(m, member, st, target);
}

static int put_dir(struct making *m, int fd, const char *member);

/* What dkms remembers of a build is about the machine that built or loaded it: ./dkms_main_tree/<k>/<a>/.manifest. */
static bool is_memory(const char *dir_member, const char *name)
{
	static const char built[] = "./" TARBALL_BUILT "/";
	const char *slash;

	if (!str_eq(name, MANIFEST_NAME) && !str_eq(name, TARBALL_LOADED))
		return false;
	if (!str_has_prefix(dir_member, built))
		return false;
	slash = strchr(dir_member + strlen(built), '/');
	return slash && !strchr(slash + 1, '/');
}

static int put_entry(struct making *m, int at, const char *name, const char *dir_member)
{
	CLEAN(free) char *member = path_join(dir_member, name);
	CLEAN(fd) int fd = -1;
	struct stat st;

	if (is_memory(dir_member, name))
		return 0;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(m->f, errno, "cannot read '%s'", member);
	if (S_ISREG(st.st_mode))
		return put_file(m, at, name, member);
	if (S_ISLNK(st.st_mode))
		return put_link(m, at, name, member, &st);
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return put_dir(m, TAKE_FD(fd), member);
}

static int list_names(int fd, struct strv *ret)
{
	CLEAN(dir) DIR *d = NULL;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct dirent *e;

	if (copy < 0)
		return -errno;
	d = fdopendir(copy);
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			strv_add(ret, e->d_name);
	strv_sort(ret);
	return 0;
}

/* Takes the descriptor; a negative one is what went wrong opening it, in errno. */
static int put_dir(struct making *m, int given, const char *member)
{
	CLEAN(fd) int fd = given;
	CLEAN(strv) struct strv names = { 0 };
	CLEAN(free) char *slashed = xasprintf("%s/", member);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || list_names(fd, &names) < 0)
		return fail_errno(m->f, errno, "cannot read directory '%s'", member);
	r = put_header(m, slashed, &st, NULL);
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = put_entry(m, fd, names.items[i], member);
	return r;
}

static int put_part(struct making *m, const struct archive_part *part)
{
	const struct stat empty = { .st_mode = S_IFDIR | 0755, .st_mtim = { .tv_sec = m->made } };
	CLEAN(free) char *slashed = NULL;

	if (part->dir)
		return put_dir(m, open(part->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), part->member);
	slashed = xasprintf("%s/", part->member);
	return put_header(m, slashed, &empty, NULL);
}

static int choose_compression(struct archive *a, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(compressions); i++)
		if (str_has_suffix(name, compressions[i].suffix))
			return compressions[i].add(a);
	return ARCHIVE_OK;
}

int archive_make(int fd, const char *name, const struct archive_part *parts, size_t n, time_t made,
		 time_t latest, struct fail *f)
{
	CLEAN(archive_writer) struct archive *a = archive_write_new();
	struct making m = { a, made, latest, f };
	int r = 0;

	if (choose_compression(a, name) != ARCHIVE_OK || archive_write_set_format_gnutar(a) != ARCHIVE_OK)
		return went_wrong(&m, "this kind of archive");
	archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open_fd(a, fd) != ARCHIVE_OK)
		return went_wrong(&m, "the archive");
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_part(&m, &parts[i]);
	if (r == 0 && archive_write_close(a) != ARCHIVE_OK)
		r = went_wrong(&m, "the archive");
	if (r == 0 && fsync(fd) < 0 && errno != EINVAL)
		r = fail_errno(f, errno, "cannot write the archive");
	return r;
}
