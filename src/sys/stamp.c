/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/stamp.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { DEPTH_MAX = 64 };

static struct file_stamp stamp_of(const struct stat *st)
{
	return (struct file_stamp){
		.is_known = true,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_sec = st->st_mtim.tv_sec,
		.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
		.ctime_sec = st->st_ctim.tv_sec,
		.ctime_nsec = (uint32_t)st->st_ctim.tv_nsec,
	};
}

void stamp_look(int dirfd, const char *path, struct file_stamp *ret)
{
	struct stat st;

	*ret = (struct file_stamp){ 0 };
	if (fstatat(dirfd, path, &st, 0) == 0)
		*ret = stamp_of(&st);
}

uint64_t stamp_hash(uint64_t hash, const struct file_stamp *s)
{
	/* without holes, which could hold anything */
	const uint64_t all[] = { s->is_known,		  s->inode,
				 s->size,		  (uint64_t)s->mtime_sec,
				 (uint64_t)s->ctime_sec, s->mtime_nsec,
				 s->ctime_nsec };

	return manifest_hash(hash, all, sizeof(all));
}

static uint64_t hash_tree(uint64_t hash, const char *dir, unsigned depth)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		struct file_stamp s;
		struct stat st;

		if (lstat(path, &st) < 0)
			continue;
		s = stamp_of(&st);
		hash = manifest_hash(hash, names.items[i], strlen(names.items[i]) + 1);
		hash = stamp_hash(hash, &s);
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			hash = hash_tree(hash, path, depth + 1);
	}
	return hash;
}

uint64_t stamp_tree(const char *dir)
{
	return hash_tree(MANIFEST_HASH, dir, 0);
}

/* Two ticks of the clock that file systems read. */
static int64_t two_ticks_nsec(void)
{
	struct timespec t = { .tv_nsec = 10000000 };

	clock_getres(CLOCK_REALTIME_COARSE, &t);
	return 2 * (t.tv_sec * 1000000000LL + t.tv_nsec);
}

static int64_t age_nsec(const struct file_stamp *s)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (now.tv_sec - s->ctime_sec) * 1000000000LL + (now.tv_nsec - (int64_t)s->ctime_nsec);
}

void stamp_keep(int dirfd, const char *path, bool may_wait, struct file_stamp *ret)
{
	int64_t ticks = two_ticks_nsec(), age;

	stamp_look(dirfd, path, ret);
	if (!ret->is_known)
		return;
	age = age_nsec(ret);
	/* a file system with finer times than that clock can be ahead of it */
	if (may_wait && age >= -ticks && age <= ticks) {
		/* a tick more, as both ends of the age are rounded down to one */
		const struct timespec rest = { .tv_nsec = ticks - age + ticks / 2 + 1000000 };

		nanosleep(&rest, NULL);
		stamp_look(dirfd, path, ret);
		age = age_nsec(ret);
	}
	if (age <= ticks || (ret->mtime_nsec == 0 && ret->ctime_nsec == 0))
		ret->is_known = false;
}
