/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { CHUNK = 256 * 1024, DEPTH_MAX = 64 };

static int add_fd(int fd, struct sha256 *s)
{
	CLEAN(free) char *chunk = xmalloc(CHUNK);

	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		sha256_add(s, chunk, (size_t)n);
	}
}

int digest_file(const char *path, char ret[SHA256_HEX])
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct sha256 s;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	sha256_init(&s);
	r = add_fd(fd, &s);
	if (r == 0)
		sha256_hex(&s, ret);
	return r;
}

/* Kind, name and length of what follows: no two trees have the same bytes. */
static void add_header(struct sha256 *s, char kind, const char *name, uint64_t length)
{
	CLEAN(free) char *text = xasprintf("%c %s", kind, name);
	CLEAN(free) char *tail = xasprintf("%llu", (unsigned long long)length);

	sha256_add(s, text, strlen(text) + 1);
	sha256_add(s, tail, strlen(tail) + 1);
}

static int add_tree(const char *path, const char *name, const char *but, unsigned depth,
		    struct sha256 *s);

static int add_regular(const char *path, const char *name, const struct stat *st, struct sha256 *s)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	add_header(s, st->st_mode & 0111 ? 'x' : 'f', name, (uint64_t)st->st_size);
	return add_fd(fd, s);
}

static int add_entry(const char *path, const char *name, unsigned depth, struct sha256 *s)
{
	CLEAN(free) char *target = NULL;
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? add_tree(path, name, NULL, depth + 1, s) : -ELOOP;
	if (S_ISREG(st.st_mode))
		return add_regular(path, name, &st, s);
	if (!S_ISLNK(st.st_mode))
		return 0;
	if (link_read(AT_FDCWD, path, &target) < 0)
		return -errno;
	add_header(s, 'l', name, strlen(target));
	sha256_add(s, target, strlen(target));
	return 0;
}

static int add_tree(const char *path, const char *name, const char *but, unsigned depth,
		    struct sha256 *s)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(path, &names);

	add_header(s, 'd', name, names.n);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		CLEAN(free) char *entry = path_join(path, names.items[i]);

		if (!str_eq(names.items[i], but))
			r = add_entry(entry, names.items[i], depth, s);
	}
	return r;
}

int digest_tree(const char *path, const char *but, char ret[SHA256_HEX])
{
	struct sha256 s;
	int r;

	sha256_init(&s);
	r = add_tree(path, "", but, 0, &s);
	if (r == 0)
		sha256_hex(&s, ret);
	return r;
}
