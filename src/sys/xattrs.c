/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/xattrs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"

static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Negative: it has none of that name, or will not tell. */
static int get(int fd, const char *name, struct buf *ret)
{
	ssize_t n = fgetxattr(fd, name, buf_reserve(ret, XATTR_SIZE_MAX), XATTR_SIZE_MAX);

	if (n < 0)
		return -errno;
	ret->len = (size_t)n;
	return 0;
}

/* A security module may have given it the same already, and lets nobody else do that. */
static int copy(int from, int to, const char *name)
{
	CLEAN(buf) struct buf wanted = { 0 }, there = { 0 };
	int r = get(from, name, &wanted);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	if (get(to, name, &there) == 0 && there.len == wanted.len &&
	    memcmp(there.data, wanted.data, wanted.len) == 0)
		return 0;
	return fsetxattr(to, name, wanted.data, wanted.len, 0) < 0 ? -errno : 0;
}

/* EVM's is the kernel's own, of one inode, but where it is a signature. */
static bool is_missed(const char *name)
{
	return str_has_prefix(name, "security.") && !str_eq(name, "security.evm");
}

void xattrs_copy(const char *src, const char *dst, struct strv *ret_lost)
{
	CLEAN(fd) int from = open_file(src), to = open_file(dst);
	CLEAN(free) char *names = NULL;
	ssize_t n;

	if (from < 0 || to < 0)
		return;
	names = xmalloc(XATTR_LIST_MAX);
	n = flistxattr(from, names, XATTR_LIST_MAX);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		int r = copy(from, to, names + i);

		if (r < 0 && is_missed(names + i))
			strv_add_fmt(ret_lost, "%s: %s", names + i, strerror(-r));
	}
}
