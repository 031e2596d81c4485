/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dkms-archive: what dkms needs libarchive for, as a program of its own, so that dkms itself need not
 * load it, and so that an archive from outside is read by a process that can do no harm.
 *
 *   dkms-archive create OUT NAME TIME [DIR MEMBER]...   writes OUT; NAME's suffix picks the compression; DIR
 *                                                       "-" is an empty directory of time TIME
 *   dkms-archive extract ARCHIVE DIR BYTES MEMBERS      unpacks into the empty directory DIR; the limits are
 *                                                       for all of it
 *   dkms-archive initramfs IMAGE KERNEL NAME...         tells of kernel modules in an initramfs (helper/initramfs.h)
 *
 * Statuses: 0 done, 1 failed, 2 wrong usage, 3 ARCHIVE is none, is damaged, or was refused: then nothing has
 * been written.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "core/outcome.h"
#include "helper/archive_read.h"
#include "helper/archive_write.h"
#include "helper/confine.h"
#include "helper/initramfs.h"
#include "helper/libarchive.h"

static bool number(const char *s, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(s, &end, 10);
	return errno == 0 && end != s && *end == '\0';
}

/* extract --------------------------------------------------------------------------------------- */

static int open_archive(const char *path, struct fail *f)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(f, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return fail_set(f, -E_NOT_AN_ARCHIVE, "it is not a regular file");
	return TAKE_FD(fd);
}

static int begin(int fd, struct archive **ret, struct fail *f)
{
	enum { BLOCK = 64 << 10 };

	*ret = archive_reader_new();
	if (!*ret || lseek(fd, 0, SEEK_SET) < 0)
		return fail_errno(f, errno, "cannot begin to read");
	if (archive_read_open_fd(*ret, fd, BLOCK) == ARCHIVE_OK)
		return 0;
	return fail_set(f, -E_NOT_AN_ARCHIVE, "%s", archive_error_string(*ret));
}

/* Better said before than found out in the middle. */
static int check_room(int dirfd, uint64_t size, struct fail *f)
{
	struct statvfs v;
	uint64_t room;

	if (fstatvfs(dirfd, &v) < 0)
		return 0;
	room = (uint64_t)v.f_bavail * v.f_frsize;
	if (size <= room)
		return 0;
	fail_set(f, -ENOSPC, "unpacking needs %llu MiB, and only %llu are free",
		 (unsigned long long)(size >> 20) + 1, (unsigned long long)(room >> 20));
	fail_hint(f, "tmp_location in framework.conf, or TMPDIR, names another place");
	return f->code;
}

/* Each pass has a reader of its own, and frees it: two windows of a compressor may be too much. */
static int scan(int fd, int dirfd, const struct archive_limits *limits, struct fail *f)
{
	CLEAN(archive_reader) struct archive *a = NULL;
	uint64_t size = 0;
	int r = begin(fd, &a, f);

	if (r == 0)
		r = archive_scan(a, limits, &size, f);
	return r == 0 ? check_room(dirfd, size, f) : r;
}

static int unpack(int fd, int dirfd, const struct archive_limits *limits, struct fail *f)
{
	CLEAN(archive_reader) struct archive *a = NULL;
	int r = begin(fd, &a, f);

	return r == 0 ? archive_unpack(a, limits, dirfd, f) : r;
}

static int extract(const char *path, const char *dir, const struct archive_limits *limits,
		   struct fail *f)
{
	CLEAN(fd) int fd = open_archive(path, f);
	CLEAN(fd) int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return fd;
	if (dirfd < 0)
		return fail_errno(f, errno, "cannot open '%s'", dir);
	r = confine(dirfd, limits->size, f);
	if (r == 0)
		r = scan(fd, dirfd, limits, f);
	if (r == 0)
		r = unpack(fd, dirfd, limits, f);
	return r;
}

/* initramfs ------------------------------------------------------------------------------------- */

static int initramfs(const char *image, const char *kernel, char **names, size_t n, struct fail *f)
{
	CLEAN(fd) int fd = open_archive(image, f);
	int r = fd < 0 ? fd : confine(-1, 0, f);

	if (r == 0)
		r = initramfs_list(fd, kernel, names, n, f);
	return fflush(stdout) < 0 && r == 0 ? fail_errno(f, errno, "cannot write") : r;
}

/* create ---------------------------------------------------------------------------------------- */

static time_t source_date_epoch(void)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");
	uint64_t n;

	return s && number(s, &n) && n <= INT64_MAX ? (time_t)n : -1;
}

static int create(const char *out, const char *name, uint64_t made, char **words, size_t n,
		  struct fail *f)
{
	CLEAN(fd) int fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	CLEAN(free) struct archive_part *parts = xcalloc(n, sizeof(*parts));

	if (fd < 0)
		return fail_errno(f, errno, "cannot write '%s'", out);
	for (size_t i = 0; i < n; i++)
		parts[i] = (struct archive_part){
			.dir = str_eq(words[2 * i], "-") ? NULL : words[2 * i],
			.member = words[2 * i + 1],
		};
	return archive_make(fd, name, parts, n, (time_t)made, source_date_epoch(), f);
}

/* the command line ------------------------------------------------------------------------------ */

static int report(int r, const struct fail *f)
{
	if (r >= 0)
		return 0;
	fprintf(stderr, "dkms-archive: %s\n", f->text ? f->text : "failed");
	if (f->hint)
		fprintf(stderr, "dkms-archive: %s\n", f->hint);
	return r == -E_NOT_AN_ARCHIVE || r == -EBADMSG ? 3 : 1;
}

static int usage(void)
{
	fputs("usage: dkms-archive create OUT NAME TIME [DIR MEMBER]...\n"
	      "       dkms-archive extract ARCHIVE DIR BYTES MEMBERS\n"
	      "       dkms-archive initramfs IMAGE KERNEL NAME...\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	CLEAN(fail) struct fail f = { 0 };
	struct archive_limits limits;
	uint64_t made;

	/* names in archives are bytes, or UTF-8 */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* a file that is too large is an error like others */
	signal(SIGXFSZ, SIG_IGN);
	if (argc >= 5 && argc % 2 == 1 && str_eq(argv[1], "create") && number(argv[4], &made))
		return report(create(argv[2], argv[3], made, argv + 5, (size_t)(argc - 5) / 2, &f), &f);
	if (argc == 6 && str_eq(argv[1], "extract") && number(argv[4], &limits.size) &&
	    number(argv[5], &limits.members))
		return report(extract(argv[2], argv[3], &limits, &f), &f);
	if (argc >= 5 && str_eq(argv[1], "initramfs"))
		return report(initramfs(argv[2], argv[3], argv + 4, (size_t)argc - 4, &f), &f);
	return usage();
}
