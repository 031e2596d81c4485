/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_full.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/sandbox_view.h"

enum { FILES_MAX = 4, DEPTH_MAX = 64, ENTRIES_MAX = 1 << 20 };

static void add(struct denials *io, enum denial_kind kind, const char *what, uint64_t limit)
{
	struct denial d = { .kind = kind, .what = xstrdup(what), .limit = limit };

	denials_take(io, &d);
}

/* The names are the same inside. A place has its own file system there: see hide_places. NULL: there is none; caller
 * frees. */
static char *place_inside(const struct sandbox *s, size_t i)
{
	return s->init > 0 && s->root >= 0 ? realpath(sandbox_hidden[i], NULL) : NULL;
}

static int open_dir(int up, const char *name)
{
	return openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void sandbox_full_places(const struct sandbox *s, struct denials *io)
{
	enum { BYTES_MAX = 16 << 20, FILES_FREE_MAX = 16, ROUND = 1 << 20 };

	for (size_t i = 0; sandbox_hidden[i]; i++) {
		CLEAN(free) char *real = place_inside(s, i);
		CLEAN(fd) int fd = real ? open_dir(s->root, real + 1) : -1;
		struct statvfs fs;
		uint64_t all;

		if (fd < 0 || fstatvfs(fd, &fs) < 0)
			continue;
		all = (uint64_t)fs.f_blocks * fs.f_frsize;
		if (sandbox_is_full(all, (uint64_t)fs.f_bavail * fs.f_frsize, BYTES_MAX))
			add(io, DENIED_SPACE, real, all > ROUND ? all - all % ROUND : all);
		if (sandbox_is_full(fs.f_files, fs.f_ffree, FILES_FREE_MAX))
			add(io, DENIED_FILES, real, fs.f_files);
	}
}

/* files ----------------------------------------------------------------------------------------- */

struct search {
	uint64_t size;
	struct timespec since;
	dev_t dev;
	size_t found, entries;
	unsigned depth;
	struct denials *io;
};

static bool is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec >= b.tv_nsec;
}

static void search_below(struct search *q, int fd, const char *path);

static void search_entry(struct search *q, int up, const char *name, const char *path)
{
	CLEAN(free) char *here = path_join(path, name);
	struct stat st;

	if (fstatat(up, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		/* a file's device may be another one in an overlay */
		int fd = st.st_dev == q->dev && q->depth < DEPTH_MAX ? open_dir(up, name) : -1;

		if (fd < 0)
			return;
		q->depth++;
		search_below(q, fd, here);
		q->depth--;
	} else if (S_ISREG(st.st_mode) && (uint64_t)st.st_size == q->size && is_later(st.st_mtim, q->since)) {
		add(q->io, DENIED_SIZE, here, q->size);
		q->found++;
	}
}

/* Closes fd. */
static void search_below(struct search *q, int fd, const char *path)
{
	CLEAN(dir) DIR *d = fdopendir(fd);

	if (!d) {
		close(fd);
		return;
	}
	for (struct dirent *e; q->found < FILES_MAX && q->entries++ < ENTRIES_MAX && (e = readdir(d));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			search_entry(q, fd, e->d_name, path);
}

static void search_tree(struct search *q, int up, const char *name, const char *path)
{
	int fd = open_dir(up, name);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return;
	}
	q->dev = st.st_dev;
	search_below(q, fd, path);
}

/* 0: none is set. Of ours and that of the settings the lower one counts: see set_limits. */
static uint64_t limit_of_files(const struct sandbox_rules *r)
{
	struct rlimit own;

	for (size_t i = 0; i < r->n_limits; i++) {
		rlim_t l = r->limits[i].value;

		if (r->limits[i].resource != RLIMIT_FSIZE)
			continue;
		if (getrlimit(RLIMIT_FSIZE, &own) == 0 && own.rlim_max < l)
			l = own.rlim_max;
		return l == RLIM_INFINITY ? 0 : l;
	}
	return 0;
}

void sandbox_full_files(const struct sandbox *s, int status, struct denials *io)
{
	struct search q = { .size = limit_of_files(&s->rules), .since = s->since, .io = io };

	if (!q.size)
		return;
	search_tree(&q, AT_FDCWD, s->rules.build_dir, s->rules.build_dir);
	for (size_t i = 0; sandbox_hidden[i]; i++) {
		CLEAN(free) char *real = place_inside(s, i);

		if (real)
			search_tree(&q, s->root, real + 1, real);
	}
	if (!q.found && status == 128 + SIGXFSZ)
		add(io, DENIED_SIZE, "", q.size);
}
