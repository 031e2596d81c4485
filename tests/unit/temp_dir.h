/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_UNIT_TEMP_DIR_H
#define DKMS_TESTS_UNIT_TEMP_DIR_H

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

/* A directory below /tmp for one test; clean_temp_dir removes it. */
struct temp_dir {
	char *path;
};

static inline void temp_dir_make(struct temp_dir *d)
{
	char name[] = "/tmp/dkms test XXXXXX";

	assert_non_null(mkdtemp(name));
	d->path = xstrdup(name);
}

static inline void clean_temp_dir(struct temp_dir *d)
{
	if (d->path)
		assert_int_equal(tree_remove(d->path), 0);
	free(d->path);
}

/* The path of a name in it; caller frees. */
static inline char *temp_dir_at(const struct temp_dir *d, const char *name)
{
	return path_join(d->path, name);
}

/* Writes a file in it, with the directories that lead there. */
static inline void temp_dir_put(const struct temp_dir *d, const char *name, const char *text,
				mode_t mode)
{
	CLEAN(free) char *path = path_join(d->path, name);
	CLEAN(free) char *dir = path_dir(path);

	assert_int_equal(dir_make(dir), 0);
	assert_int_equal(file_write(path, text, strlen(text), mode), 0);
}

/* Its text, or "" if there is none; caller frees. */
static inline char *temp_dir_get(const struct temp_dir *d, const char *name)
{
	CLEAN(free) char *path = path_join(d->path, name);
	struct buf b = { 0 };

	file_read(AT_FDCWD, path, 1 << 20, &b);
	return buf_take(&b);
}

#endif
