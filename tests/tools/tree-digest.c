/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   tree-digest DIR...
 *
 * prints a line for all that is below each DIR, sorted: kind, mode, and a digest of the contents or the target of a link.
 * Of files whose contents are never the same twice (logs, records of failures), only that they are there. What may be
 * lost at any time (.manifest) is left out.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"

static struct strv lines;
static size_t skip; /* DIR/ itself is not in the lines */

static bool is_never_the_same(const char *path)
{
	return str_has_suffix(path, "make.log") || str_has_suffix(path, "/record") || str_has_suffix(path, "/log");
}

/* FNV-1a */
static uint64_t digest(const char *path)
{
	CLEAN(buf) struct buf b = { 0 };
	uint64_t h = 0xcbf29ce484222325;

	if (file_read(AT_FDCWD, path, 64 << 20, &b) < 0)
		return 0;
	for (size_t i = 0; i < b.len; i++)
		h = (h ^ (unsigned char)b.data[i]) * 0x100000001b3;
	return h;
}

static int see(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	CLEAN(free) char *target = NULL;
	unsigned mode = st->st_mode & 07777;

	(void)kind;
	if (at->level == 0 || str_eq(path_base(path), ".manifest") || str_eq(path_base(path), ".loaded"))
		return 0;
	if (S_ISLNK(st->st_mode) && link_read(AT_FDCWD, path, &target) == 0)
		strv_add_fmt(&lines, "%s link %s", path + skip, target);
	else if (S_ISDIR(st->st_mode))
		strv_add_fmt(&lines, "%s dir %o", path + skip, mode);
	else if (!S_ISREG(st->st_mode))
		strv_add_fmt(&lines, "%s special %o", path + skip, st->st_mode);
	else if (is_never_the_same(path))
		strv_add_fmt(&lines, "%s file %o", path + skip, mode);
	else
		strv_add_fmt(&lines, "%s file %o %016llx", path + skip, mode, (unsigned long long)digest(path));
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		skip = strlen(argv[i]) + 1;
		nftw(argv[i], see, 64, FTW_PHYS);
	}
	strv_sort(&lines);
	for (size_t i = 0; i < lines.n; i++)
		puts(lines.items[i]);
	strv_done(&lines);
	return 0;
}
