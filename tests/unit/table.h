/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_TESTS_TABLE_H
#define DKMS_TESTS_TABLE_H

#include <assert.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"

#ifndef TEST_DATA_DIR
#define TEST_DATA_DIR "data"
#endif

/*
 * Tables of tests as data files below tests/unit/data: one row a line, words split at blanks, '#'
 * begins a comment line.
 */

/* Calls check for each row; returns their number (0 if the file cannot be read). */
static inline size_t table_each_row(const char *name,
				    void (*check)(const char *line, const struct strv *))
{
	CLEAN(free) char *path = path_join(TEST_DATA_DIR, name);
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(strv) struct strv lines = { 0 };
	size_t n = 0;

	if (file_read(AT_FDCWD, path, 1 << 20, &text) < 0)
		return 0;
	strv_split(&lines, buf_str(&text), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEAN(strv) struct strv words = { 0 };

		if (lines.items[i][0] == '#')
			continue;
		strv_split(&words, lines.items[i], " \t");
		check(lines.items[i], &words);
		n++;
	}
	return n;
}

#endif
