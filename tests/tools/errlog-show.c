/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints what core/errlog finds in each log named. */
#include <fcntl.h>

#include "base/file.h"
#include "core/errlog.h"

enum { LOG_MAX = 256 << 20 };

static int show(const char *path)
{
	CLEAN(buf) struct buf log = { 0 };
	CLEAN(errlog) struct errlog e = { 0 };
	int r = file_read(AT_FDCWD, path, LOG_MAX, &log);

	if (r < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
		return 1;
	}
	errlog_find(buf_str(&log), log.len, &e);
	for (size_t i = 0; i < e.lines.n; i++)
		puts(e.lines.items[i]);
	printf("advice: %s\n", e.advice ? e.advice : "-");
	return 0;
}

int main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= show(argv[i]);
	return bad;
}
