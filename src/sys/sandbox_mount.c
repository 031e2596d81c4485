/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

/* glibc before 2.36 has sys/mount.h and linux/mount.h exclude each other, so mount(2) is called by number here too. */
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#define MOVE_MOUNT_F_EMPTY_PATH 4
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif

enum {
	RDONLY = 1,
	NOSUID = 2,
	NODEV = 4,
	NOEXEC = 8,
	REMOUNT = 32,
	NOATIME = 1024,
	NODIRATIME = 2048,
	BIND = 4096,
	RELATIME = 1 << 21,
	RECURSIVE = 0x8000, /* AT_RECURSIVE */
	MOUNTINFO_MAX = 4 << 20,
};

struct attributes {
	uint64_t set, clear, propagation, userns_fd;
};

static int set_attributes(int fd, const char *path, int flags, uint64_t set, uint64_t clear)
{
	struct attributes a = { .set = set, .clear = clear };

	return syscall(SYS_mount_setattr, fd, path, flags, &a, sizeof(a)) < 0 ? -errno : 0;
}

int mount_take(const char *path, bool recursive)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? RECURSIVE : 0));

	return fd < 0 ? -errno : fd;
}

/* "rw,nosuid,relatime" as the flags of mount(2) that a remount has to repeat. */
static unsigned long flags_of(const char *options)
{
	static const struct {
		const char *word;
		unsigned long flag;
	} table[] = { { "nosuid", NOSUID },	{ "nodev", NODEV },	      { "noexec", NOEXEC },
		      { "noatime", NOATIME },	{ "nodiratime", NODIRATIME }, { "relatime", RELATIME },
		      { "ro", RDONLY } };
	CLEAN(strv) struct strv words = { 0 };
	unsigned long flags = 0;

	strv_split(&words, options, ",");
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (strv_has(&words, table[i].word))
			flags |= table[i].flag;
	return flags;
}

/* mountinfo writes blanks, newlines and backslashes as three octal digits. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static int remount(const char *path, unsigned long flags)
{
	return syscall(SYS_mount, NULL, path, NULL, REMOUNT | BIND | flags, NULL) < 0 ? -errno : 0;
}

/* The mounts at and below `top`, one by one, with flags more and less. */
static int remount_below(const char *top, unsigned long more, unsigned long less)
{
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(strv) struct strv lines = { 0 };
	CLEAN(fd) int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read_all(fd, MOUNTINFO_MAX, &text);

	if (r < 0)
		return r;
	strv_split(&lines, buf_str(&text), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEAN(strv) struct strv f = { 0 };
		size_t n = strlen(top);

		strv_split(&f, lines.items[i], " ");
		if (f.n < 6)
			continue;
		unescape(f.items[4]);
		if (strncmp(f.items[4], top, n) != 0 || (n > 1 && f.items[4][n] && f.items[4][n] != '/'))
			continue;
		r = remount(f.items[4], (flags_of(f.items[5]) | more) & ~less);
		/* one that lies below another cannot be reached, by builds neither */
		if (r < 0 && str_eq(f.items[4], top))
			return r;
	}
	return 0;
}

int mount_put(int fd, const char *path, bool writable)
{
	uint64_t set = NOSUID | (writable ? NODEV : RDONLY), clear = writable ? RDONLY : 0;
	int r = set_attributes(fd, "", AT_EMPTY_PATH | (writable ? 0 : RECURSIVE), set, clear);

	if (r < 0 && r != -ENOSYS)
		return r;
	if (syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return r == -ENOSYS ? remount_below(path, set, clear) : 0;
}

int mount_all_read_only(void)
{
	int r = set_attributes(AT_FDCWD, "/", RECURSIVE, RDONLY | NOSUID, 0);

	return r == -ENOSYS ? remount_below("/", RDONLY | NOSUID, 0) : r;
}
